"""The executor `celery`: steps run on workers elsewhere, and a worker that dies costs at most what it was doing."""

import subprocess
import sys
from typing import Any

import dagster as dg

from agentmesh_dagster.entities.models import RunStatus, Workflow
from tests.control.dagster_actions import reexecute_from_failure
from tests.deploy.celery_site import APPROVED, CelerySite
from tests.deploy.recorder import calling
from tests.faults.processes import wait_until
from tests.shapes import node, workflow

RETRIED_ONCE: dict[str, Any] = {"retry": {"maxAttempts": 2}}


def three_arms(*, slow: dict[str, object] | None = None) -> Workflow:
    """start → (quick, slow, other) → gate → last → end."""
    nodes = [node("start", "start"), calling("quick"), calling("slow", **slow or {}), calling("other")]
    nodes += [node("gate", "human_approval"), calling("last"), node("end", "end")]
    edges = [edge for arm in ("quick", "slow", "other") for edge in (f"start -> {arm}", f"{arm} -> gate")]
    return workflow("w", nodes, [*edges, "gate -> last", "last -> end"])


def run_until_its_worker_is_killed(site: CelerySite, flow: Workflow, *, edited: Workflow | None = None) -> None:
    """Runs the workflow over two workers; kills that of `slow` when the other arms have ended.

    It may have executed one of them as well, and then it would die in the middle of two steps. `edited` is saved just
    before that.
    """
    site.recorder.held.add("slow")
    site.save(flow)
    site.start_workers("one", "two")
    runner = site.start("run", "w")
    wait_until(lambda: "slow" in site.recorder.count() and site.list_ended() >= {"quick", "other"})
    if edited is not None:
        site.save(edited)
    killed = site.kill_worker_of("slow")
    assert {worker.name for worker in site.workers} == {"one", "two"} - {killed}
    runner.end_well()


def test_a_killed_worker_fails_its_step_and_the_run_goes_on_from_there(celery_site: CelerySite):
    site = celery_site
    run_until_its_worker_is_killed(site, three_arms())

    run = site.run()
    assert run.status is RunStatus.FAILED
    assert "The worker died while it executed the step: `slow`" in str(run.error)
    assert site.instance.get_run_by_id(run.id).status is dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]

    again = reexecute_from_failure(site.instance, run.id)
    site.start("execute", again).end_well()
    run = site.run()
    assert (run.waiting_on, run.launches) == ([site.gate()], [run.id, again])
    assert site.recorder.count() == {"quick": 1, "slow": 2, "other": 1}, "what had ended is not repeated"
    assert len(set(site.recorder.calls)) == 3, "the same step sends the same key"

    site.start("answer", site.gate(), APPROVED, "ann").end_well()
    site.start("execute", site.last_launch()).end_well()
    run = site.run()
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, {"from": "last"})
    assert site.list_attempts() == ["end", "gate", "last", "other", "quick", "slow", "slow", "start"]
    assert not [path for path in (site.services.settings.home / "storage").rglob("*") if path.is_file()]


def test_a_step_that_may_be_retried_is_given_to_another_worker_at_the_runs_revision(celery_site: CelerySite):
    site = celery_site
    edited = workflow("w", [node("start", "start"), node("end", "end")], ["start -> end"])
    run_until_its_worker_is_killed(site, three_arms(slow=RETRIED_ONCE), edited=edited)

    [launched] = site.instance.get_runs()
    assert launched.status is dg.DagsterRunStatus.SUSPENDED, "at once, and before anybody looks"
    assert not site.instance.all_logs(launched.run_id, of_type=dg.DagsterEventType.RUN_SUCCESS)
    run = site.run()
    assert (run.waiting_on, run.launches) == ([site.gate()], [run.id])
    assert site.recorder.count() == {"quick": 1, "slow": 2, "other": 1}
    assert site.list_celery_workers() == {"one", "two"}


def test_a_process_that_dies_when_its_step_had_ended_costs_nothing(celery_site: CelerySite):
    site = celery_site
    site.save(workflow("w", [node("start", "start"), calling("a"), node("end", "end")], ["start -> a", "a -> end"]))
    site.start_workers("one", AGENTMESH_CRASH_AT="step-ended")  # each process, after the first step that it executed
    site.start("run", "w").end_well()

    run = site.run()
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, {"from": "a"})
    assert site.list_attempts() == ["a", "end", "start"]
    assert site.recorder.count() == {"a": 1}


def test_a_loop_that_calls_a_workflow_in_each_round_loses_a_worker_in_the_second(celery_site: CelerySite):
    site = celery_site
    work = node("work", "tool", toolId="recorder", **RETRIED_ONCE)
    site.save(workflow("called", [node("start", "start"), work, node("end", "end")], ["start -> work", "work -> end"]))
    call = node("call", "workflow", workflowId="called", input={"name": "round {{ context.round }}"})
    nodes = [node("start", "start"), call, node("more", "branch"), calling("last"), node("end", "end")]
    edges = ["start -> call", "call -> more", "more -> call if context.round < 3, 5 rounds", "more -> last"]
    site.save(workflow("w", nodes, [*edges, "last -> end"]))
    site.recorder.held.add("round 2")
    site.start_workers("one", "two")
    runner = site.start("run", "w")
    wait_until(lambda: "round 2" in site.recorder.count())
    site.kill_worker_of("work", path="#2/call")
    runner.end_well()

    run = site.run()
    assert (run.status, run.output, run.launches) == (RunStatus.SUCCEEDED, {"from": "last"}, [run.id]), run.error
    assert site.recorder.count() == {"round 1": 1, "round 2": 2, "round 3": 1, "last": 1}
    assert len(set(site.recorder.calls)) == 4, "the same step sends the same key"


def test_an_asset_is_made_by_workers_elsewhere_once_a_person_has_agreed(celery_site: CelerySite):
    site = celery_site
    nodes = [node("start", "start"), calling("draft"), node("gate", "human_approval"), node("end", "end")]
    asset = {"key": "ai/brief", "partitions": {"static": ["north", "south"]}}
    site.save(workflow("w", nodes, ["start -> draft", "draft -> gate", "gate -> end"], asset=asset))
    site.start_workers("one")
    made = dg.AssetRecordsFilter(asset_key=dg.AssetKey(["ai", "brief"]), asset_partitions=["north"])

    site.start("make", "w", "north").end_well()
    assert site.run().waiting_on == [site.gate()]
    assert not site.instance.fetch_materializations(made, limit=9).records

    site.start("answer", site.gate(), APPROVED, "ann").end_well()
    site.start("execute", site.last_launch()).end_well()
    run = site.run()
    assert (run.status, run.asset, run.partition) == (RunStatus.SUCCEEDED, "ai/brief", "north")
    [version] = site.instance.fetch_materializations(made, limit=9).records
    assert version.run_id == site.last_launch()
    assert site.list_celery_workers() == {"one"}


def test_the_executor_is_an_extra_and_says_how_to_get_it():
    code = (
        "import sys; sys.modules['dagster_celery'] = None\n"
        "from agentmesh_dagster.settings import get_settings\n"
        "from agentmesh_dagster.translator.executor import CeleryIsMissing, get_executor\n"
        "try: get_executor('celery', get_settings())\n"
        "except CeleryIsMissing as missing: print(missing)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'agentmesh-dagster[celery]'" in told.stdout
