"""Sums over all runs, by day: what models were asked for and cost, and which steps failed. They outlive the runs.

They are counted in the transaction that records the event, as the last thing in it: the rows are shared by all runs,
and so nobody holds one while they wait for a run.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import EventType
from agentmesh_dagster.store.insert_new import insert_on
from agentmesh_dagster.store.tables import model_use, runs, step_failures
from agentmesh_dagster.store.told import Event, Told

_Sums = dict[tuple[str, ...], dict[str, float]]


def count_told(tx: Connection, told: Sequence[Told]) -> None:
    """Adds what these events tell to the sums."""
    found: dict[Table, _Sums] = {model_use: {}, step_failures: {}}
    for one in told:
        for event in one.events:
            if (counted := _read(event)) is not None:
                table, place, numbers = counted
                key = (f"{one.moment:%Y-%m-%d}", one.project_id, one.run_id, *place)
                sums = found[table].setdefault(key, defaultdict(float))
                for name, number in numbers.items():
                    sums[name] += number
    for table, sums in found.items():
        for key in sorted(sums):  # in the order in which everybody locks them
            _add(tx, table, key, sums[key])


def _read(event: Event) -> tuple[Table, tuple[str, ...], dict[str, float]] | None:
    payload = event.payload
    match event.type:
        case EventType.AGENT_RESPONSE:
            usage = as_object(payload.get("usage"))
            numbers = {
                "calls": 1,
                "failures": 1 if payload.get("error") else 0,
                "input_tokens": _number(usage.get("inputTokens")),
                "output_tokens": _number(usage.get("outputTokens")),
                "usd": _number(usage.get("costUsd")),
            }
            return model_use, (str(payload.get("provider")), str(payload.get("model"))), numbers
        case EventType.STEP_FAILED:
            return step_failures, (str(payload.get("code") or "error"),), {"steps": 1}
        case _:
            return None


def _add(tx: Connection, table: Table, key: tuple[str, ...], sums: dict[str, float]) -> None:
    day, project_id, run_id, *place = key
    columns = [column.key for column in table.primary_key.columns]
    workflow_id = select(runs.c.workflow_id).where(runs.c.id == run_id).scalar_subquery()
    named: dict[str, Any] = dict(zip(columns, (day, project_id, workflow_id, *place), strict=True))
    added = {name: table.c[name] + number for name, number in sums.items()}
    tx.execute(insert_on(tx, table).values(**named, **sums).on_conflict_do_update(index_elements=columns, set_=added))


def _number(value: JsonValue) -> float:
    return value if isinstance(value, int | float) else 0
