"""What a workflow made is read by somebody's own asset: by a call, and through the IO manager."""

from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster import AgentMeshIOManager, load_output
from agentmesh_dagster.code_location.outputs import ReadsOnly
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import NewVersion, prepare_launch
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.runtime.outputs import NotMade
from agentmesh_dagster.runtime.services import Services
from tests.shapes import node, save, workflow

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-02-01")
DAILY = {"daily": {"start": "2026-01-01"}}
BRIEF = dg.AssetSpec(["ai", "brief"], partitions_def=DAYS)


def brief(partitions: Any = DAILY) -> Workflow:
    """Writes a brief of a day, whose draft is a part."""
    nodes = [
        node("start", "start"),
        node("draft", "workflow", workflowId="say"),
        node("end", "end", output={"text": "{{ context.outputs.draft }}", "of": "{{ context.input.of }}"}),
    ]
    edges = ["start -> draft", "draft -> end"]
    asset = {"key": "ai/brief", "partitions": partitions, "parts": {"draft": {"key": "ai/brief/draft"}}}
    return workflow("brief", nodes, edges, name="Brief", asset=asset)


def say() -> Workflow:
    nodes = [node("start", "start"), node("end", "end", output="draft")]
    return workflow("say", nodes, ["start -> end"])


def make(services: Services, instance: dg.DagsterInstance, partition: str | None, of: Any, **changed: Any) -> None:
    flow = brief(**changed)
    save(services, say(), flow)
    launch = prepare_launch(services, instance, flow, {"of": of}, launched_by="test", makes=NewVersion(partition))
    run_in_place(services, instance, launch)


@pytest.fixture
def made(services: Services, instance: dg.DagsterInstance) -> None:
    for day, of in (("2026-01-05", "old"), ("2026-01-06", 6), ("2026-01-05", 5)):
        make(services, instance, day, of)


def run_asset(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, partition: str | None = "2026-01-05") -> Any:
    definitions = dg.Definitions(assets=[BRIEF, asset], resources={"agentmesh": AgentMeshIOManager()})
    job = definitions.resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(instance=instance, partition_key=partition, asset_selection=[asset.key])
    return done.output_for_node("report")


def test_a_call_gives_the_newest_version_of_a_partition_or_of_several_or_a_part(made: None):
    assert load_output("ai/brief", "2026-01-05") == {"text": "draft", "of": 5}
    assert load_output(dg.AssetKey(["ai", "brief"]), ["2026-01-06", "2026-01-05"]) == {
        "2026-01-06": {"text": "draft", "of": 6},
        "2026-01-05": {"text": "draft", "of": 5},
    }
    assert load_output(["ai", "brief", "draft"], "2026-01-06") == "draft"


def test_what_is_not_there_is_said(services: Services, instance: dg.DagsterInstance, made: None):
    with pytest.raises(NotMade, match="no workflow makes it"):
        load_output("ai/other")
    with pytest.raises(NotMade, match="such as `2026-01-05`; say which"):
        load_output("ai/brief")
    with pytest.raises(NotMade, match="partition `2026-01-07`"):
        load_output("ai/brief/draft", "2026-01-07")
    save(services, workflow("never", brief().to_wire()["graph"]["nodes"], [], asset={"key": "ai/never"}))
    with pytest.raises(NotMade, match="no run has made it yet"):
        load_output("ai/never")


def test_an_asset_without_partitions_is_read_without(services: Services, instance: dg.DagsterInstance):
    make(services, instance, None, "all", partitions=None)

    assert load_output("ai/brief") == {"text": "draft", "of": "all"}
    with pytest.raises(NotMade, match="has no partitions"):
        load_output("ai/brief", "2026-01-05")


def test_the_context_says_which_partition_also_where_it_is_mapped(instance: dg.DagsterInstance, made: None):
    @dg.asset(deps=[["ai", "brief"]], partitions_def=DAYS)
    def report(context: dg.AssetExecutionContext) -> Any:
        return load_output("ai/brief", context)

    @dg.asset(
        name="report",
        partitions_def=DAYS,
        deps=[dg.AssetDep(BRIEF, partition_mapping=dg.TimeWindowPartitionMapping(-1, -1))],
    )
    def day_before(context: dg.AssetExecutionContext) -> Any:
        return load_output("ai/brief", context)

    assert run_asset(instance, report)["of"] == 5
    assert run_asset(instance, day_before, "2026-01-07")["of"] == 6


def test_the_io_manager_gives_a_partition_and_of_a_mapping_to_several_a_dict(instance: dg.DagsterInstance, made: None):
    reads = dg.AssetIn(["ai", "brief"], input_manager_key="agentmesh")
    week = dg.AssetIn(
        ["ai", "brief"],
        input_manager_key="agentmesh",
        partition_mapping=dg.TimeWindowPartitionMapping(-1, 0),
        metadata={"allow_missing_partitions": True},
    )

    @dg.asset(ins={"brief": reads}, partitions_def=DAYS)
    def report(brief: Any) -> Any:
        return brief

    @dg.asset(name="report", ins={"brief": week}, partitions_def=DAYS)
    def of_two_days(brief: Any) -> Any:
        return brief

    assert run_asset(instance, report) == {"text": "draft", "of": 5}
    assert {day: value["of"] for day, value in run_asset(instance, of_two_days, "2026-01-06").items()} == {
        "2026-01-05": 5,
        "2026-01-06": 6,
    }
    assert list(run_asset(instance, of_two_days, "2026-01-07")) == ["2026-01-06"]
    with pytest.raises(NotMade, match="2026-01-09"):
        run_asset(instance, report, "2026-01-09")


def test_the_io_manager_keeps_nothing(instance: dg.DagsterInstance):
    @dg.asset(io_manager_key="agentmesh", partitions_def=DAYS)
    def report() -> int:
        return 1

    with pytest.raises(ReadsOnly, match="`report`"):
        run_asset(instance, report)
