"""Several assets in one Dagster run, in somebody's own project: a workflow's run is executed by a step of it."""

import gc
import os
import signal
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.code_location.dagster_internals import DefinitionsLoadContext, DefinitionsLoadType
from agentmesh_dagster.control.dagster_internals import ReconstructableJob
from agentmesh_dagster.entities.models import Run, RunStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.runs import list_runs
from agentmesh_dagster.tools import tool
from agentmesh_dagster.translator.asset_facts import ASSET_JOB
from tests.control.dagster_actions import HOST, OURS, execute_assets
from tests.control.host_project import defs
from tests.control.office import APPROVED, Office
from tests.shapes import function_tool, node, save, workflow

DAY = "2026-01-05"
ALL = ("raw/tickets", "ai/brief", "mart/report")


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Iterator[Office]:
    with DefinitionsLoadContext.scoped(DefinitionsLoadContext(DefinitionsLoadType.INITIALIZATION)):
        yield Office(services, instance)
    ReconstructableJob.get_definition.cache_clear()
    ReconstructableJob.get_repository_definition.cache_clear()


def brief(name: str = "brief", *middle: dict[str, Any], **asset: Any) -> Workflow:
    nodes = [node("start", "start"), *middle, node("end", "end", output={"day": "{{ context.input.partition.key }}"})]
    ids = [one["id"] for one in nodes]
    edges = [f"{source} -> {target}" for source, target in pairwise(ids)]
    asset = {"key": f"ai/{name}", "partitions": {"daily": {"start": "2026-01-01"}}, "deps": ["raw/tickets"]} | asset
    return workflow(name, nodes, edges, name=name, asset=asset)


def make(office: Office, *keys: str, location: str = HOST, **tags: str) -> dg.DagsterRun:
    tags = {"dagster/partition": DAY, **tags}
    return execute_assets(office.services, office.instance, keys, tags, location)


def list_made(office: Office, run_id: str) -> list[str]:
    """The keys of the assets that a Dagster run has made, in that order."""
    records = office.instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
    return [made.asset_key.to_user_string() for record in records if (made := record.asset_materialization)]


def runs_of(office: Office) -> list[Run]:
    with office.services.store.read() as connection:
        return list_runs(connection)


@pytest.mark.parametrize(
    ("store_url", "executor"),
    [("sqlite", "in_process"), ("sqlite", "threads"), ("postgresql", "multiprocess")],
    indirect=["store_url"],
)
def test_what_is_made_from_a_workflows_asset_goes_on_in_the_same_run(
    office: Office, executor: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOST_EXECUTOR", executor)
    save(office.services, brief(checks=[{"name": "has day", "condition": "context.output.day == '2026-01-05'"}]))

    done = make(office, *ALL)

    assert done.status is dg.DagsterRunStatus.SUCCESS
    assert list_made(office, done.run_id) == list(ALL)
    [run] = runs_of(office)
    assert (run.status, run.asset, run.partition) == (RunStatus.SUCCEEDED, "ai/brief", DAY)
    assert run.output == {"day": DAY}
    assert run.input["upstream"]["raw/tickets"]["metadata"] == {"rows": 120}
    assert list_made(office, run.id) == [], "it is told once"
    within = office.instance.get_run_by_id(run.id)
    assert within
    assert (within.job_name, within.tags["agentmesh/within_run"]) == ("brief", done.run_id)
    [checked] = office.instance.get_records_for_run(
        done.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    evaluation = checked.event_log_entry.dagster_event
    assert evaluation
    assert evaluation.asset_check_evaluation_data.passed


def test_in_our_own_location_one_workflows_asset_is_made_from_anothers_in_one_run(office: Office):
    save(office.services, brief(), brief("headline", deps=["ai/brief"]))

    done = make(office, "ai/brief", "ai/headline", location=OURS)

    assert list_made(office, done.run_id) == ["ai/brief", "ai/headline"]
    [headline] = [run for run in runs_of(office) if run.asset == "ai/headline"]
    assert headline.input["upstream"]["ai/brief"]["runId"] == done.run_id


def test_two_that_wait_are_left_to_themselves_and_tell_later_what_they_make(office: Office):
    save(office.services, brief("brief", node("ask", "human_approval")), brief("other", node("ask", "human_approval")))

    done = make(office, *ALL, "ai/other", **{"dagster/backfill": "filled"})

    assert done.status is dg.DagsterRunStatus.SUCCESS
    assert list_made(office, done.run_id) == ["raw/tickets"]
    waiting = runs_of(office)
    assert [run.status.is_end for run in waiting] == [False, False]
    for run in waiting:
        launch = office.instance.get_run_by_id(run.id)
        assert launch
        assert launch.status is dg.DagsterRunStatus.SUSPENDED
        assert (launch.tags["dagster/partition"], launch.tags["dagster/backfill"]) == (DAY, "filled")
        record = office.instance.get_asset_records([dg.AssetKey(str(run.asset).split("/"))])[0]
        assert record.asset_entry.last_run_id == run.id, "Dagster shows it as in progress"

    for run in waiting:
        office.answer(run.id, "ask", APPROVED)
        office.continue_run(run.id)

    assert [run.status for run in runs_of(office)] == [RunStatus.SUCCEEDED] * 2
    for run in waiting:
        [version] = office.instance.fetch_materializations(dg.AssetKey(str(run.asset).split("/")), limit=5).records
        assert version.asset_materialization
        assert version.asset_materialization.partition == DAY
        assert office.dagster_status(run.id) is dg.DagsterRunStatus.SUCCESS


def test_nobody_is_asked_twice_for_one_partition(office: Office):
    save(office.services, brief("brief", node("ask", "human_approval")))
    make(office, "raw/tickets", "ai/brief")

    make(office, "raw/tickets", "ai/brief", **{"dagster/backfill": "filled"})

    [run] = runs_of(office)
    office.answer(run.id, "ask", APPROVED)
    office.continue_run(run.id)
    made = [
        record.event_log_entry.run_id
        for record in office.instance.fetch_materializations(dg.AssetKey(["ai", "brief"]), limit=5).records
    ]
    filled = {one.run_id for one in office.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": "filled"}))}
    assert len(made) == 2
    assert len(filled & set(made)) == 1, "the backfill counts what its own runs have made"


def test_one_that_is_refused_fails_for_the_backfill_that_asked_for_it(office: Office):
    save(office.services, brief("brief", node("ask", "human_approval")))
    make(office, "raw/tickets", "ai/brief", **{"dagster/backfill": "filled"})
    [run] = runs_of(office)

    office.answer(run.id, "ask", {"approved": False})
    office.continue_run(run.id)

    failed = office.instance.get_runs(
        dg.RunsFilter(tags={"dagster/backfill": "filled"}, statuses=[dg.DagsterRunStatus.FAILURE])
    )
    assert run.id in {one.run_id for one in failed}
    assert all(one.asset_selection == {dg.AssetKey(["ai", "brief"])} for one in failed)


def test_one_that_fails_fails_its_step(office: Office):
    save(office.services, function_tool("break_it"), brief("brief", node("x", "tool", toolId="break_it", input={})))

    done = make(office, *ALL)

    assert done.status is dg.DagsterRunStatus.FAILURE
    assert list_made(office, done.run_id) == ["raw/tickets"]
    assert [run.status for run in runs_of(office)] == [RunStatus.FAILED]


def test_a_blocking_check_that_fails_is_told_and_fails_the_step(office: Office):
    check = {"name": "never", "condition": "false", "severity": "error", "blocking": True}
    save(office.services, brief(checks=[check]))

    done = make(office, *ALL)

    assert done.status is dg.DagsterRunStatus.FAILURE
    assert list_made(office, done.run_id) == ["raw/tickets"]
    told = office.instance.get_records_for_run(done.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    assert len(told) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of threads that were interrupted
def test_whoever_cancels_the_run_cancels_what_its_step_executes(office: Office):
    open_instances[:] = [office.instance]
    save(office.services, function_tool("cancel_me"), brief("brief", node("x", "tool", toolId="cancel_me", input={})))

    done = make(office, *ALL)

    assert done.status is dg.DagsterRunStatus.CANCELED
    assert list_made(office, done.run_id) == ["raw/tickets"]
    [run] = runs_of(office)
    assert run.status is RunStatus.CANCELED
    assert office.dagster_status(run.id) is dg.DagsterRunStatus.CANCELED
    gc.collect()  # here, and not in the test that comes next


def test_of_one_workflow_alone_the_run_is_the_workflows_own(office: Office):
    save(office.services, brief("brief", node("ask", "human_approval")))

    launched = make(office, "ai/brief")

    assert launched.status is dg.DagsterRunStatus.SUSPENDED
    [run] = runs_of(office)
    assert run.id == launched.run_id
    office.answer(run.id, "ask", APPROVED)
    office.continue_run(run.id)
    assert len(office.instance.fetch_materializations(dg.AssetKey(["ai", "brief"]), limit=5).records) == 1


def test_in_the_process_that_made_the_definitions_all_is_executed_too(office: Office):
    save(office.services, brief())

    job = defs().resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(instance=office.instance, partition_key=DAY)

    assert done.success
    assert sorted(list_made(office, done.run_id)) == sorted(ALL)


@tool
def break_it() -> str:
    raise ValueError("no")


open_instances: list[dg.DagsterInstance] = []


@tool
def cancel_me() -> str:
    [outer] = open_instances[0].get_runs(dg.RunsFilter(job_name=ASSET_JOB))
    open_instances[0].report_run_canceling(outer)
    os.kill(os.getpid(), signal.SIGINT)
    return "canceled"
