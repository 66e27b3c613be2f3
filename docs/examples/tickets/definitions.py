"""A support desk's project: tickets in DuckDB, what an agent makes of a day of them, and a report made from that."""

from pathlib import Path

import dagster as dg
import duckdb

from agentmesh_dagster import AgentMeshIOManager, build_definitions

DATABASE = Path(__file__).with_name("desk.duckdb")
DAYS = dg.DailyPartitionsDefinition("2026-11-01")
BODIES = ["The export is empty.", "How do I change my plan?", "Thank you, quick help!", "I was billed twice."]


@dg.asset(key=["raw", "tickets"], partitions_def=DAYS, group_name="tickets", kinds={"duckdb"})
def tickets(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The tickets of a day: in a project of yours a dbt model or a sync."""
    day = context.partition_key
    rows = [[day, number, body] for number, body in enumerate(BODIES, 1)]
    with duckdb.connect(DATABASE) as desk:
        desk.execute("CREATE TABLE IF NOT EXISTS tickets (day DATE, number INTEGER, body TEXT)")
        desk.execute("DELETE FROM tickets WHERE day = ?", [day])
        desk.executemany("INSERT INTO tickets VALUES (?, ?, ?)", rows)
    # What the workflow sees in context.upstream: the tickets themselves, since they are few.
    return dg.MaterializeResult(metadata={"row_count": len(BODIES), "tickets": BODIES})


@dg.asset(
    key=["mart", "report"],
    partitions_def=DAYS,
    group_name="tickets",
    kinds={"duckdb"},
    ins={"triage": dg.AssetIn(["ai", "triage"], input_manager_key="agentmesh")},
)
def report(context: dg.AssetExecutionContext, triage: dict[str, int]) -> dg.MaterializeResult:
    """A row for each day."""
    row = [context.partition_key, triage["complaints"], triage["questions"], triage["praise"]]
    with duckdb.connect(DATABASE) as desk:
        desk.execute(
            "CREATE TABLE IF NOT EXISTS report (day DATE, complaints INTEGER, questions INTEGER, praise INTEGER)"
        )
        desk.execute("DELETE FROM report WHERE day = ?", row[:1])
        desk.execute("INSERT INTO report VALUES (?, ?, ?, ?)", row)
    return dg.MaterializeResult(metadata={"complaints": triage["complaints"]})


@dg.definitions
def defs() -> dg.Definitions:
    """The desk's own assets, and ai/triage, which the workflow in triage.yaml makes between them."""
    desk = dg.Definitions(assets=[tickets, report], resources={"agentmesh": AgentMeshIOManager()})
    return dg.Definitions.merge(desk, build_definitions())
