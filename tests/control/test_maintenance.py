"""The sensor's tick: one thing that goes wrong does not hold up the others."""

from datetime import timedelta

import dagster as dg
import pytest

from agentmesh_dagster.control.adopt import adopt_launches
from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.entities.models import Project, RunStatus, Workflow
from agentmesh_dagster.runtime.launches import RunHasEnded, start_launch
from agentmesh_dagster.runtime.plans import forget_plans, load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.step import StepTask, run_step
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.store.launches import LaunchKind, end_launch, insert_launch, list_launches
from agentmesh_dagster.store.runs import list_unsettled_run_ids, lock_run
from agentmesh_dagster.store.tables import launches, revisions
from agentmesh_dagster.store.waits import list_runs_to_resume
from agentmesh_dagster.translator.build_job import build_job
from agentmesh_dagster.translator.dagster_runs import build_run_config, read_instance_id, read_launch_facts
from tests.control.dagster_actions import reexecute_all
from tests.control.office import APPROVED, CALLS, Office, draft_gate_publish
from tests.faults.multiply import multiply
from tests.shapes import node, save, workflow

# A tick without time looks at one thing of each kind: that among ten it never looked at one has a chance of 1e-14.
MOST_TICKS = 300


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    CALLS.clear()
    return Office(services, instance)


def start_and_end() -> Workflow:
    return workflow("plain", [node("start", "start"), node("end", "end")], ["start -> end"])


def test_a_run_with_an_input_that_nobody_can_store_does_not_stop_the_tick(office: Office):
    save(office.services, start_and_end())
    plan = load_plan(office.services.store, "plain", current_revision(office.services.store))
    job = build_job(plan, "plain", office.services)
    poisoned = build_run_config(plan, {"n": float("nan")})
    office.instance.create_run_for_job(job, run_config=poisoned, tags=dict(job.tags))
    run_id = office.start(draft_gate_publish())
    office.answer(run_id, "gate", APPROVED)

    assert adopt_launches(office.services, office.instance) == 0
    assert run_maintenance(office.services, office.instance).resumed == [run_id]


def test_a_location_that_was_given_some_projects_looks_after_their_runs_only(office: Office):
    save(office.services, Project(id="a", name="A"))
    mine = office.start(draft_gate_publish().model_copy(update={"project_id": "a"}))
    other = office.start(draft_gate_publish().model_copy(update={"id": "other", "name": "other"}))
    office.answer(mine, "gate", APPROVED)
    office.answer(other, "gate", APPROVED)

    assert run_maintenance(office.services, office.instance, projects=["a"]).resumed == [mine]
    assert run_maintenance(office.services, office.instance, projects=["b"]).resumed == []
    assert run_maintenance(office.services, office.instance).resumed == [other]


def test_a_run_whose_document_was_destroyed_is_told_and_does_not_stop_the_others(office: Office):
    broken = office.start(draft_gate_publish())
    fine = office.start(draft_gate_publish().model_copy(update={"id": "fine", "name": "fine"}))
    office.answer(broken, "gate", APPROVED)
    office.answer(fine, "gate", APPROVED)
    with office.services.store.begin() as tx:
        tx.execute(revisions.update().where(revisions.c.entity_id == "w").values(document="{"))
    forget_plans()  # as in a process that has not read it yet

    done = run_maintenance(office.services, office.instance)

    assert done.faults
    assert fine in [*done.resumed, *done.settled]


def test_a_resume_that_never_reached_dagster_ends_with_its_canceled_run(office: Office):
    run_id = office.start(draft_gate_publish())
    instance_id = read_instance_id(office.instance)
    with office.services.store.begin() as tx:  # whoever resumed it dies between the store and Dagster
        revision = lock_run(tx, run_id).revision
        launch = insert_launch(
            tx, "never-made", run_id, LaunchKind.RESUME, revision, instance_id=instance_id, is_submitted=False
        )
        long_ago = launch.created_at - timedelta(hours=1)
        tx.execute(launches.update().where(launches.c.launch_id == launch.id).values(created_at=long_ago))
    cancel_run(office.services, office.instance, run_id, by="test")

    run_maintenance(office.services, office.instance)

    with office.services.store.read() as connection:
        assert list_unsettled_run_ids(connection, instance_id) == []
        assert [launch.id for launch in list_launches(connection, run_id) if launch.ended_at is None] == []


def test_a_worker_whose_launch_was_given_up_starts_no_more_steps(services: Services, instance: dg.DagsterInstance):
    flow = start_and_end()
    save(services, flow)
    launch = prepare_launch(services, instance, flow, {}, launched_by="test")
    plan = load_plan(services.store, "plain", launch.revision)
    dagster_run = instance.get_run_by_id(launch.launch_id)
    assert dagster_run
    start_launch(services, plan, read_launch_facts(plan, dagster_run, instance))
    with services.store.begin() as tx:
        end_launch(tx, launch.launch_id)

    with pytest.raises(RunHasEnded, match="given up"):
        run_step(
            services,
            plan,
            StepTask(
                launch.run_id,
                launch.launch_id,
                plan.start,
                plan.scopes.locate(plan.start.node.id),
                is_last_attempt=True,
            ),
        )


def two_gates_and_a_join() -> Workflow:
    nodes = [node("start", "start"), node("a", "human_approval"), node("b", "human_approval"), node("end", "end")]
    return workflow("half", nodes, ["start -> a", "start -> b", "a -> end", "b -> end"])


def test_runs_that_cannot_go_on_yet_do_not_hide_a_newer_one_that_can(office: Office):
    half_answered = office.start(two_gates_and_a_join())
    office.answer(half_answered, "a", APPROVED)
    multiply(office.services, office.instance, half_answered, 9)
    newest = office.start(draft_gate_publish())
    office.answer(newest, "gate", APPROVED)
    ticks = (run_maintenance(office.services, office.instance, seconds=0) for _ in range(MOST_TICKS))

    resumed = next(done.resumed for done in ticks if done.resumed)

    assert resumed == [newest]


def test_launches_that_need_nothing_do_not_hide_a_newer_one_that_does(office: Office):
    flow = start_and_end()
    save(office.services, flow)
    for _ in range(9):
        prepare_launch(office.services, office.instance, flow, {}, launched_by="test")
    newest = prepare_launch(office.services, office.instance, flow, {}, launched_by="test").run_id
    dagster_run = office.instance.get_run_by_id(newest)
    assert dagster_run
    office.instance.report_run_canceled(dagster_run)
    ticks = (run_maintenance(office.services, office.instance, seconds=0) for _ in range(MOST_TICKS))

    settled = next(done.settled for done in ticks if done.settled)

    assert settled == [newest]
    assert office.run(newest).status is RunStatus.CANCELED


def test_what_is_to_be_resumed_is_listed_for_the_instance_that_keeps_it_alone(office: Office):
    run_id = office.start(draft_gate_publish())
    office.answer(run_id, "gate", APPROVED)

    with office.services.store.read() as connection:
        assert list_runs_to_resume(connection, "another") == []
        assert list_runs_to_resume(connection, read_instance_id(office.instance)) == [run_id]


def test_a_run_is_not_listed_again_while_its_resume_is_at_work(office: Office):
    run_id = office.start(two_gates_and_a_join())
    office.answer(run_id, "a", APPROVED)
    office.answer(run_id, "b", APPROVED)
    assert run_maintenance(office.services, office.instance).resumed == [run_id]

    with office.services.store.read() as connection:
        assert list_runs_to_resume(connection, read_instance_id(office.instance)) == []


def test_a_re_execution_of_all_steps_that_ran_only_some_fails_its_run(office: Office):
    first = office.start(start_and_end())
    again = reexecute_all(office.instance, first)
    dagster_run = office.instance.get_run_by_id(again)
    assert dagster_run
    plan = load_plan(office.services.store, "plain", current_revision(office.services.store))
    start_launch(office.services, plan, read_launch_facts(plan, dagster_run, office.instance))
    succeeded = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, dagster_run.job_name)
    office.instance.report_dagster_event(succeeded, again)

    run_maintenance(office.services, office.instance)

    run = office.run(again)
    assert (run.status, run.error) == (RunStatus.FAILED, "Steps were left that its launch never ran.")


def test_a_rejected_gate_is_not_asked_again_when_another_is_answered(office: Office):
    nodes = [node("start", "start"), node("a", "human_approval"), node("b", "human_approval")]
    nodes += [node("end a", "end"), node("end b", "end")]
    edges = ["start -> a", "start -> b", "a -> end a", "b -> end b"]
    run_id = office.start(workflow("w", nodes, edges))
    office.answer(run_id, "a", {"approved": False, "comment": "no"})
    office.answer(run_id, "b", APPROVED)

    office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.error) == (RunStatus.FAILED, "`a`: no")
    assert run.waiting_on == []
    assert office.dagster_status(run.launches[-1]) is dg.DagsterRunStatus.FAILURE
