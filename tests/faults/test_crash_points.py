"""A process is killed at each crash point; then everything heals by itself, and nothing is lost or done twice."""

import time

import dagster as dg
import pytest

from agentmesh_dagster.crash_points import CrashPoint
from agentmesh_dagster.entities.models import Agent, EventType, RunStatus, Workflow
from agentmesh_dagster.store.events import list_events
from tests.control.dagster_actions import execute_launch, reexecute_from_failure
from tests.faults.site import APPROVED, Site, draft_gate_publish
from tests.shapes import function_tool, node, save, workflow

KILLED = -9


def crash(site: Site, action: str, *arguments: object, at: str) -> None:
    assert site.start(action, *arguments, AGENTMESH_CRASH_AT=at).wait() == KILLED


def finish(site: Site) -> str:
    """Answers the gate that the only run waits at, and lets everything go on; the run's id."""
    [gate] = site.gates()
    site.answer(gate)
    site.heal()
    run = site.run()
    assert run.status is RunStatus.SUCCEEDED
    site.check()
    return run.id


@pytest.mark.parametrize(
    ("at", "calls"),
    [
        (f"{CrashPoint.STEP_CLAIMED}@2", 1),  # the second step is the draft
        (CrashPoint.TOOL_BEFORE_CALL, 1),
        (CrashPoint.TOOL_ANSWERED, 2),
        (f"{CrashPoint.STEP_EXECUTED}@2", 2),
        (f"{CrashPoint.STEP_ENDED}@2", 1),
    ],
)
def test_a_worker_killed_in_a_step(site: Site, at: str, calls: int):
    site.save(draft_gate_publish())
    crash(site, "run", "w", at=at)

    site.heal()

    failed = site.run()
    assert failed.status is RunStatus.FAILED
    assert "died" in str(failed.error)
    site.check()

    site.hit(failed.id, "draft")
    again = reexecute_from_failure(site.instance, failed.id)
    execute_launch(site.services, site.instance, again)
    finish(site)

    assert site.calls_of(failed.id, "draft") == calls, "what had committed is not called again"
    assert site.run().launches[:2] == [failed.id, again]


@pytest.mark.parametrize(
    ("at", "asked", "called"),
    [(CrashPoint.MODEL_ANSWERED, 3, 1), (CrashPoint.RESULT_KEPT, 2, 1), (f"{CrashPoint.REPLY_KEPT}@2", 2, 1)],
)
def test_a_worker_killed_in_the_loop_of_an_agent(site: Site, at: str, asked: int, called: int):
    clerk = {"id": "clerk", "name": "Clerk", "modelProvider": "local", "modelName": "m", "tools": ["recorded"]}
    nodes = [node("start", "start"), node("ask", "agent", agentId="clerk"), node("end", "end")]
    save(site.services, Agent.model_validate(clerk), function_tool("recorded"))
    site.save(workflow("w", nodes, ["start -> ask", "ask -> end"]))
    crash(site, "run", "w", at=at)
    site.heal()

    again = reexecute_from_failure(site.instance, site.run().id)
    execute_launch(site.services, site.instance, again)

    assert site.run().status is RunStatus.SUCCEEDED
    with site.services.store.read() as connection:
        types = [event.type for event in list_events(connection, site.run().id)]
    assert types.count(EventType.AGENT_REQUEST) == asked
    assert len(site.calls) == called


def test_a_worker_killed_after_the_commit_of_the_last_step_leaves_a_success(site: Site):
    site.save(draft_gate_publish())
    site.start("run", "w").end_well()
    [gate] = site.gates()
    # Counted in the process that resumes: the gate was answered before, then come `publish` and `end`.
    site.start("answer", gate, APPROVED, "ann", AGENTMESH_CRASH_AT=CrashPoint.GATE_ANSWERED).wait()
    site.accepted[gate] = APPROVED
    crash(site, "resume", site.run().id, at=f"{CrashPoint.STEP_ENDED}@2")

    site.heal()

    assert site.run().status is RunStatus.SUCCEEDED
    site.check()


def test_the_sensor_killed_when_it_had_found_a_dead_worker(site: Site):
    site.save(draft_gate_publish())
    crash(site, "run", "w", at=f"{CrashPoint.STEP_CLAIMED}@2")
    time.sleep(site.services.settings.lease_seconds)
    crash(site, "tick", "/", at=CrashPoint.LAUNCH_GIVEN_UP)

    site.heal()

    assert site.run().status is RunStatus.FAILED
    site.check()


@pytest.mark.parametrize("at", [CrashPoint.LAUNCH_STORED, CrashPoint.LAUNCH_IN_DAGSTER])
def test_a_launcher_killed_before_its_launch_was_started(site: Site, at: str):
    site.save(draft_gate_publish())
    crash(site, "run", "w", at=at)

    site.heal()

    site.check()
    run_id = finish(site)
    assert site.run().launches[0] == run_id, "it was created, or queued, once more under the same id"
    assert [site.calls_of(run_id, node) for node in ("draft", "publish")] == [1, 1]


def test_a_worker_killed_when_it_was_about_to_suspend_its_launch(site: Site):
    site.save(draft_gate_publish())
    crash(site, "run", "w", at=CrashPoint.LAUNCH_PARKED)

    site.heal()

    site.check()
    finish(site)


def test_the_process_that_takes_the_answer_killed_right_after_its_commit(site: Site):
    site.save(draft_gate_publish())
    site.start("run", "w").end_well()
    [gate] = site.gates()

    crash(site, "answer", gate, APPROVED, "ann", at=CrashPoint.GATE_ANSWERED)
    site.accepted[gate] = APPROVED
    site.heal()

    assert site.run().status is RunStatus.SUCCEEDED
    assert len(site.run().launches) == 2
    site.check()


@pytest.mark.parametrize("at", [CrashPoint.RESUME_STORED, CrashPoint.RESUME_IN_DAGSTER, CrashPoint.RESUME_SUBMITTED])
def test_the_process_that_takes_the_answer_killed_while_it_resumes(site: Site, at: str):
    site.save(draft_gate_publish())
    site.start("run", "w").end_well()
    [gate] = site.gates()

    crash(site, "answer", gate, APPROVED, "ann", at=at)
    site.accepted[gate] = APPROVED
    site.heal()

    run = site.run()
    assert run.status is RunStatus.SUCCEEDED
    assert len(run.launches) == 2
    assert [site.calls_of(run.id, node) for node in ("draft", "publish")] == [1, 1]
    site.check()


@pytest.mark.parametrize("at", [CrashPoint.LAUNCH_STORED, CrashPoint.LAUNCH_IN_DAGSTER])
def test_whoever_forks_killed_before_the_launch_was_started(site: Site, at: str):
    run_id = run_to_its_end(site)
    site.instance.add_run_tags(run_id, {"team": "red"})
    crash(site, "fork", run_id, "publish", at=at)

    site.heal()

    [forked] = site.get_run(run_id).forks
    assert site.get_run(forked).status is RunStatus.SUCCEEDED
    launched = site.instance.get_run_by_id(forked)
    assert launched
    assert launched.tags["team"] == "red"
    assert "draft" not in (launched.step_keys_to_execute or ("draft",))
    said = [event.message for event in site.instance.all_logs(run_id) if "Forked" in (event.message or "")]
    assert said == ["Forked: another run goes on from publish."]
    assert [site.calls_of(forked, node) for node in ("draft", "publish")] == [0, 1]
    site.check()


@pytest.mark.parametrize(
    ("at", "calls"), [(CrashPoint.STEP_CLAIMED, 1), (CrashPoint.TOOL_ANSWERED, 2), (CrashPoint.STEP_ENDED, 1)]
)
def test_a_worker_of_a_fork_killed_in_its_first_step(site: Site, at: str, calls: int):
    run_id = run_to_its_end(site)
    crash(site, "fork", run_id, "publish", at=at)

    site.heal()

    [forked] = site.get_run(run_id).forks
    assert site.get_run(forked).status is RunStatus.FAILED
    site.check()
    site.hit(forked, "publish")
    again = reexecute_from_failure(site.instance, forked)
    execute_launch(site.services, site.instance, again)
    assert site.get_run(forked).status is RunStatus.SUCCEEDED
    assert site.get_run(forked).launches == [forked, again]
    assert [site.calls_of(forked, node) for node in ("draft", "publish")] == [0, calls]
    site.check()


def run_to_its_end(site: Site) -> str:
    site.save(draft_gate_publish())
    site.start("run", "w").end_well()
    [gate] = site.gates()
    site.answer(gate)
    site.heal()
    return site.run().id


def half_and_whole() -> Workflow:
    asset = {"key": "ai/w", "parts": {"half": {"key": "ai/half"}}, "partitions": {"static": ["a", "b"]}}
    nodes = [node("start", "start"), node("half", "branch", onNoMatch="end"), node("end", "end")]
    return workflow("w", nodes, ["start -> half", "half -> end"], asset=asset)


@pytest.mark.parametrize("at", [f"{CrashPoint.STEP_ENDED}@3", CrashPoint.VERSION_TOLD])
def test_a_worker_killed_before_it_had_told_what_its_run_has_made(site: Site, at: str):
    site.save(half_and_whole())
    crash(site, "make", "w", "a", at=at)

    site.heal()

    assert site.run().status is RunStatus.SUCCEEDED
    check_made_once(site)


def check_made_once(site: Site) -> None:
    for key in ("ai/w", "ai/half"):
        records = site.instance.fetch_materializations(dg.AssetKey(key.split("/")), limit=5).records
        assert [record.partition_key for record in records] == ["a"], key
        made = records[0].asset_materialization
        assert made is not None
        assert made.tags is not None
        assert made.tags["dagster/data_version"]
    site.check()


@pytest.mark.parametrize("at", [f"{CrashPoint.STEP_ENDED}@3", CrashPoint.MADE_WITHIN, CrashPoint.VERSION_TOLD])
def test_a_run_within_anothers_step_whose_process_was_killed_before_it_told_what_was_made(site: Site, at: str):
    later = {"key": "ai/later", "deps": ["ai/w"]}
    nodes = [node("start", "start"), node("end", "end")]
    site.save(half_and_whole(), workflow("later", nodes, ["start -> end"], asset=later))
    crash(site, "make_within", ["ai/w", "ai/half", "ai/later"], "a", at=at)

    site.heal()

    made = [run for run in site.instance.get_runs() if run.tags.get("agentmesh/within_run")]
    assert [run.job_name for run in made] == ["w"]
    assert made[0].status is dg.DagsterRunStatus.SUCCESS
    check_made_once(site)
