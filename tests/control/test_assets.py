"""A run that makes a version of an asset: the workflow's own run, in the job's asset form."""

from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import GIVEN_NONE, NewVersion, NoAsset, prepare_launch
from agentmesh_dagster.entities.models import RunStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.materializations import find_newest_maker
from agentmesh_dagster.tools import tool
from agentmesh_dagster.translator.asset_facts import ASSET_JOB, InvalidPartition
from tests.control.dagster_actions import (
    execute_launch,
    materialize,
    reexecute_all,
    reexecute_from_failure,
    reexecute_steps,
)
from tests.control.office import APPROVED, CALLS, Office
from tests.shapes import function_tool, node, save, workflow

DAILY = {"daily": {"start": "2026-01-01"}}
DAY = "2026-01-05"


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


def brief(**asset: Any) -> Workflow:
    nodes = [node("start", "start"), node("ask", "human_approval"), node("end", "end", output="{{ context.input }}")]
    asset = {"key": "ai/brief", "partitions": DAILY, "deps": ["raw/tickets"]} | asset
    return workflow("brief", nodes, ["start -> ask", "ask -> end"], name="Brief", asset=asset)


def quick(**asset: Any) -> Workflow:
    nodes = [node("start", "start"), node("end", "end", output="{{ context.input }}")]
    asset = {"key": "ai/quick", "partitions": DAILY, "deps": ["raw/tickets"]} | asset
    return workflow("quick", nodes, ["start -> end"], name="Quick", asset=asset)


def make(office: Office, flow: Workflow, partition: str | None = DAY, run_input: Any = GIVEN_NONE) -> str:
    save(office.services, flow)
    launch = prepare_launch(
        office.services, office.instance, flow, run_input, launched_by="test", makes=NewVersion(partition)
    )
    run_in_place(office.services, office.instance, launch)
    return launch.run_id


def make_again(office: Office, flow: Workflow, *, asks_again: bool = False) -> str:
    """The run that whoever asks for the partition is told of."""
    makes = NewVersion(DAY, asks_again)
    launch = prepare_launch(office.services, office.instance, flow, GIVEN_NONE, launched_by="test", makes=makes)
    return launch.run_id


def list_made(office: Office, key: str = "ai/brief") -> list[dg.AssetMaterialization]:
    asset_key = dg.AssetKey(key.split("/"))
    records = office.instance.fetch_materializations(asset_key, limit=10).records
    return [made for record in records if (made := record.asset_materialization)]


@pytest.mark.parametrize("executor", ["in_process", "threads"])
def test_each_step_is_executed_once_whatever_executes_it(office: Office, monkeypatch: Any, executor: str):
    monkeypatch.setenv("AGENTMESH_EXECUTOR", executor)
    get_settings.cache_clear()

    run_id = make(office, quick())

    started = office.instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_START)
    assert sorted(str(entry.step_key) for entry in started) == ["end", "materialize", "start"]
    assert len(list_made(office, "ai/quick")) == 1


def test_a_run_of_the_asset_form_is_the_workflows_run_and_makes_a_version_of_its_partition(office: Office):
    office.instance.report_runless_asset_event(
        dg.AssetMaterialization(["raw", "tickets"], partition=DAY, metadata={"rows": 120})
    )

    run_id = make(office, quick())

    run = office.run(run_id)
    assert (run.status, run.asset, run.partition) == (RunStatus.SUCCEEDED, "ai/quick", DAY)
    assert run.input["partition"]["key"] == DAY
    assert run.input["upstream"]["raw/tickets"]["metadata"] == {"rows": 120}
    [made] = list_made(office, "ai/quick")
    assert made.partition == DAY
    assert [run.job_name for run in office.instance.get_runs()] == [ASSET_JOB]
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUCCESS


def test_a_run_that_waits_has_made_nothing_and_the_launch_that_ends_it_makes_it(office: Office):
    run_id = make(office, brief())

    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED
    assert list_made(office) == []

    office.answer(run_id, "ask", APPROVED)
    office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    [made] = list_made(office)
    assert made.partition == DAY
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUCCESS


def test_a_run_that_waits_makes_what_it_was_launched_for_though_the_workflow_is_another_by_now(office: Office):
    run_id = make(office, brief())
    nodes = [node("start", "start"), node("finish", "end", output="another")]
    save(office.services, workflow("brief", nodes, ["start -> finish"], name="Brief", asset={"key": "ai/other"}))

    office.answer(run_id, "ask", APPROVED)
    office.continue_run(run_id)

    assert office.run(run_id).output["partition"]["key"] == DAY
    [made] = list_made(office)
    assert made.partition == DAY
    assert list_made(office, "ai/other") == []


def test_of_a_job_under_its_own_name_no_run_makes_a_version(office: Office):
    run_id = office.start(quick())

    assert office.run(run_id).asset is None
    assert list_made(office, "ai/quick") == []


def test_given_input_goes_before_what_follows_from_the_partition(office: Office):
    run_id = make(office, quick(), run_input={"mine": 1})

    assert office.run(run_id).input == {"mine": 1}


@pytest.mark.parametrize(
    ("asset", "partition", "says"),
    [({}, None, "has partitions"), ({}, "2025-12-31", "no partition"), ({"partitions": None}, DAY, "no partitions")],
)
def test_a_partition_that_there_is_not_starts_nothing(office: Office, asset: Any, partition: str | None, says: str):
    with pytest.raises(InvalidPartition, match=says):
        make(office, quick(**asset), partition)

    assert office.instance.get_runs_count() == 0


def test_a_workflow_without_an_asset_makes_no_version(office: Office):
    flow = workflow("plain", [node("start", "start"), node("end", "end")], ["start -> end"])

    with pytest.raises(NoAsset):
        make(office, flow)


def test_all_steps_again_is_a_new_run_that_makes_a_version_too(office: Office):
    first = make(office, quick())

    again = reexecute_all(office.instance, first)
    execute_launch(office.services, office.instance, again)

    assert office.run(again).partition == DAY
    assert len(list_made(office, "ai/quick")) == 2


def test_from_failure_goes_on_with_the_run_though_what_it_is_made_from_is_newer_by_now(office: Office):
    raw = dg.AssetMaterialization(["raw", "tickets"], partition=DAY)
    office.instance.report_runless_asset_event(raw)
    run_id = make(office, brief())
    before = office.run(run_id).input
    office.answer(run_id, "ask", {"approved": False})
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.FAILED
    assert list_made(office) == []
    office.instance.report_runless_asset_event(raw)

    again = reexecute_from_failure(office.instance, office.run(run_id).launches[-1])
    execute_launch(office.services, office.instance, again)
    office.answer(run_id, "ask", APPROVED)
    office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert office.run(run_id).input == before
    assert len(list_made(office)) == 1


@tool
def open_late() -> str:
    """Fails at the first call."""
    CALLS.append("open_late")
    if CALLS.count("open_late") == 1:
        raise ValueError("closed")
    return "open"


def late() -> Workflow:
    nodes = [node("start", "start"), node("call", "tool", toolId="open_late", input={}), node("end", "end")]
    return workflow("quick", nodes, ["start -> call", "call -> end"], asset={"key": "ai/quick"})


def test_a_run_that_ends_where_nobody_asked_for_the_step_that_tells_it_tells_it_all_the_same(office: Office):
    CALLS.clear()
    save(office.services, function_tool("open_late"))
    run_id = make(office, late(), None)
    assert office.run(run_id).status is RunStatus.FAILED

    again = reexecute_steps(office.instance, run_id, ["call", "end"])
    execute_launch(office.services, office.instance, again)

    assert office.run(run_id).launches == [run_id, again]
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    [made] = list_made(office, "ai/quick")
    assert made.metadata["output"].value == {"text": "open"}


def test_some_steps_of_a_run_are_no_version_of_its_asset(office: Office):
    run_id = make(office, quick())

    day = {"dagster/partition": DAY}
    again = reexecute_steps(office.instance, run_id, ["start", "materialize"], **day)
    execute_launch(office.services, office.instance, again)

    assert "no version of its asset" in str(office.run(again).error)
    assert len(list_made(office, "ai/quick")) == 1
    with office.services.store.read() as connection:
        newest = find_newest_maker(connection, "ai/quick", DAY)
    assert newest is not None
    assert newest.run_id == run_id


def test_a_run_says_from_which_versions_it_was_made_though_there_are_newer_ones_when_it_ends(office: Office):
    raw = dg.AssetMaterialization(["raw", "tickets"], partition=DAY, tags={"dagster/data_version": "one"})
    newer = dg.AssetMaterialization(["raw", "tickets"], partition=DAY, tags={"dagster/data_version": "two"})
    office.instance.report_runless_asset_event(raw)
    run_id = make(office, brief())
    office.instance.report_runless_asset_event(newer)

    office.answer(run_id, "ask", APPROVED)
    office.continue_run(run_id)

    [made] = list_made(office)
    assert made.tags is not None
    assert made.tags["dagster/input_data_version/raw/tickets"] == "one"


def test_a_part_is_made_by_the_same_run(office: Office):
    nodes = [node("start", "start"), node("each", "branch", mode="each", items="[1, 2]")]
    nodes += [node("work", "branch", onNoMatch="end"), node("end", "end", output="all")]
    flow = workflow(
        "parts",
        nodes,
        ["start -> each", "each -> work", "work -> end"],
        asset={"key": "ai/all", "parts": {"each": {"key": "ai/all/first"}, "work": {"key": "ai/all/work"}}},
    )

    make(office, flow, None)

    assert [len(list_made(office, key)) for key in ("ai/all", "ai/all/first", "ai/all/work")] == [1, 1, 1]


def test_whoever_is_asked_stands_beside_the_asset(office: Office):
    make(office, brief())

    [observed] = office.instance.fetch_observations(dg.AssetKey(["ai", "brief"]), limit=5).records

    assert observed.partition_key == DAY
    assert "asks anybody" in ((observed.asset_observation and observed.asset_observation.description) or "")


class _Dagster:
    """Launches of Dagster's own of the same partition."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def materialize(self, **tags: str) -> str:
        launch_id = materialize(self.office.instance, "ai/brief", {"dagster/partition": DAY, **tags})
        execute_launch(self.office.services, self.office.instance, launch_id)
        return launch_id


def test_while_a_person_is_asked_for_a_partition_another_launch_of_it_asks_nobody_and_ends_as_the_run_does(
    office: Office,
):
    run_id = make(office, brief())

    joined = _Dagster(office).materialize()

    assert office.dagster_status(joined) is dg.DagsterRunStatus.SUSPENDED
    assert office.run(run_id).launches == [run_id, joined]
    assert len(office.run(run_id).waiting_on) == 1

    office.answer(run_id, "ask", APPROVED)
    office.continue_run(run_id)

    assert office.dagster_status(joined) is dg.DagsterRunStatus.SUCCESS
    assert len(list_made(office)) == 1


def test_a_joined_launch_that_is_canceled_leaves_the_run_as_it_is(office: Office):
    run_id = make(office, brief())
    joined = _Dagster(office).materialize()
    dagster_run = office.instance.get_run_by_id(joined)
    assert dagster_run
    office.instance.report_run_canceled(dagster_run)

    office.continue_run(run_id)
    office.answer(run_id, "ask", APPROVED)
    office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert office.dagster_status(joined) is dg.DagsterRunStatus.CANCELED


def test_whoever_asks_for_that_is_asked_once_more(office: Office):
    run_id = make(office, brief())

    again = _Dagster(office).materialize(**{"agentmesh/ask_again": "true"})

    assert office.run(again).waiting_on
    assert office.run(run_id).waiting_on


def test_a_backfill_that_has_joined_a_run_has_a_version_of_its_own(office: Office):
    run_id = make(office, brief())
    joined = _Dagster(office).materialize(**{"dagster/backfill": "second"})

    office.answer(run_id, "ask", APPROVED)
    office.continue_run(run_id)

    records = office.instance.fetch_materializations(dg.AssetKey(["ai", "brief"]), limit=5).records
    assert {record.run_id for record in records} == {joined, office.run(run_id).launches[-1]}


def test_over_our_api_the_run_that_asks_is_the_answer(office: Office):
    first = make(office, brief())

    assert make_again(office, brief()) == first
    assert make_again(office, brief(), asks_again=True) != first
