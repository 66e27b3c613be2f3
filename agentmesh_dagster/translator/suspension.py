"""Suspension: a launch succeeds in Dagster when its run does. Until then it is suspended, which takes no process.

Nothing in Dagster suspends a run by itself. Whoever reports an end holds the lock of the run in the store meanwhile, so
that each is reported once.
"""

from contextlib import suppress
from functools import partial

import dagster as dg

from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.models import Run, RunStatus
from agentmesh_dagster.runtime.launch_ends import LaunchEnd, end_with_run, finish_work, wait_for_place
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.launches import Launch, LaunchKind, find_launch, list_launches
from agentmesh_dagster.store.materializations import find_materialization
from agentmesh_dagster.store.runs import get_run, lock_run
from agentmesh_dagster.translator.dagster_internals import MAX_RETRIES_TAG, WILL_RETRY_TAG, DagsterRunNotFoundError
from agentmesh_dagster.translator.dagster_runs import read_instance_id
from agentmesh_dagster.translator.failed_gates import read_failed_gates, report_failed_gates
from agentmesh_dagster.translator.late_reports import report_made

_WAITS = "Its work is done, and no process is kept: the run waits. This launch ends when the run does."
_NO_PLACE = (
    "As many runs of the workflow are open as its `concurrency` allows, so this one waits for a place, and no process "
    "is kept. It begins in a launch of its own, and this one ends when the run does."
)
_JOINED = (
    "A person is asked for the same already, so nobody is asked once more, and no process is kept: this launch ends as "
    "that run does. With the tag `agentmesh/ask_again: true` it would ask."
)
_ENDS = {
    RunStatus.SUCCEEDED: dg.DagsterRunStatus.SUCCESS,
    RunStatus.FAILED: dg.DagsterRunStatus.FAILURE,
    RunStatus.CANCELED: dg.DagsterRunStatus.CANCELED,
}


def finish_launch(
    services: Services,
    instance: dg.DagsterInstance,
    dagster_run: dg.DagsterRun,
    *,
    has_failed: bool,
    unfinished: str | None = None,
) -> bool:
    """A worker has done all steps of its launch: whether Dagster was told what became of it.

    False: it ends as Dagster itself would say now, as a failure if a step failed, else as a success. `unfinished`: why
    a run of some steps only cannot succeed.
    """
    with services.store.read() as connection:
        launch = find_launch(connection, dagster_run.run_id)
    if launch is None:
        return False
    end = settle_launch(services, instance, launch, dagster_run, has_failed=has_failed, unfinished=unfinished)
    if end is not LaunchEnd.WITH_ITS_RUN:
        return True
    close_suspended(services, instance, launch.run_id)
    with services.store.read() as connection:
        ended, run = find_launch(connection, launch.id), get_run(connection, launch.run_id)
        makes = find_materialization(connection, run.id)
    if ended is None or ended.ended_at is not None:  # given up, and its worker lived: an end is not left again
        now = instance.get_run_by_id(launch.id)
        return now is None or now.is_finished
    if run.status is RunStatus.SUCCEEDED and makes is not None:
        with services.store.begin() as tx:
            lock_run(tx, run.id)
            report_made(services, instance, run.id, dagster_run)  # it may have ended only now, behind all its steps
    if run.status is RunStatus.SUCCEEDED or (has_failed and not read_failed_gates(services, run)):
        return False
    report_end(services, instance, launch.id, run)  # such as by a gate that was rejected meanwhile
    return True


def suspend_queued(services: Services, instance: dg.DagsterInstance, launch_id: str) -> None:
    """Suspends a launch whose run waits for a place; nothing of it has been executed."""
    _suspend_unbegun(services, instance, launch_id, _NO_PLACE)


def suspend_joined(services: Services, instance: dg.DagsterInstance, launch_id: str) -> None:
    """Suspends a launch that has joined a run, until that ends, which it may have done by now."""
    close_suspended(services, instance, _suspend_unbegun(services, instance, launch_id, _JOINED))


def _suspend_unbegun(services: Services, instance: dg.DagsterInstance, launch_id: str, why: str) -> str:
    with services.store.read() as connection:
        launch = find_launch(connection, launch_id)
    assert launch is not None
    wait_for_place(services, launch.run_id, launch_id, partial(report_suspended, instance, launch_id, why))
    return launch.run_id


def settle_launch(
    services: Services,
    instance: dg.DagsterInstance,
    launch: Launch,
    dagster_run: dg.DagsterRun,
    *,
    has_failed: bool = False,
    unfinished: str | None = None,
) -> LaunchEnd:
    """Decides what becomes of a launch that has done its work, and suspends it if its run goes on without it."""

    def show() -> None:
        report_suspended(instance, launch.id)
        crash_point(CrashPoint.LAUNCH_PARKED)

    left = unfinished if asks_for_some(instance, launch, dagster_run) else "Steps were left that its launch never ran."
    return finish_work(services, launch.run_id, launch.id, left, show, has_failed=has_failed)


def close_suspended(services: Services, instance: dg.DagsterInstance, run_id: str) -> bool:
    """Ends the suspended launches of a run that has ended, as it did; whether there were any."""
    instance_id = read_instance_id(instance)
    with services.store.read() as connection:
        unended = [launch for launch in list_launches(connection, run_id) if launch.parked_at and not launch.ended_at]
    ours = [launch for launch in unended if launch.instance_id == instance_id]
    closed = [
        end_with_run(services, run_id, launch.id, partial(_report_end_of_suspended, services, instance, launch.id))
        for launch in ours
    ]
    return any(closed)


def _report_end_of_suspended(services: Services, instance: dg.DagsterInstance, launch_id: str, run: Run) -> None:
    """As `report_end`; Dagster's automatic retries are for the launch that failed, not for those that waited."""
    waited = instance.get_run_by_id(launch_id) if run.status is RunStatus.FAILED else None
    if waited is not None and (instance.run_retries_enabled or MAX_RETRIES_TAG in waited.tags):
        instance.add_run_tags(launch_id, {MAX_RETRIES_TAG: "0"})
    report_end(services, instance, launch_id, run)


def report_end(services: Services, instance: dg.DagsterInstance, launch_id: str, run: Run) -> None:
    """Makes Dagster show a launch as ended the way its run did, unless it does already."""
    dagster_run = instance.get_run_by_id(launch_id)
    if dagster_run is None:
        return
    report_made(services, instance, run.id, dagster_run)  # also of one that Dagster shows as ended by now
    if dagster_run.status is _ENDS[run.status]:
        return
    if run.status is RunStatus.FAILED:
        failed_gates = read_failed_gates(services, run)
        report_failed_gates(instance, dagster_run, failed_gates)
        instance.report_run_failed(dagster_run, run.error)
        if failed_gates:  # Dagster's own retries must not ask again what a person refused
            with suppress(DagsterRunNotFoundError):  # somebody deletes it at the same moment
                instance.add_run_tags(launch_id, {WILL_RETRY_TAG: "false"})
    elif run.status is RunStatus.CANCELED:
        instance.report_run_canceled(dagster_run, run.error)
    else:
        _report(instance, dagster_run, dg.DagsterEventType.RUN_SUCCESS, "Its run has succeeded.")


def report_suspended(instance: dg.DagsterInstance, launch_id: str, message: str = _WAITS) -> None:
    """Makes Dagster show a launch as suspended, unless it does already, or somebody has canceled it."""
    dagster_run = instance.get_run_by_id(launch_id)
    shown = (dg.DagsterRunStatus.SUSPENDED, dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)
    if dagster_run is not None and dagster_run.status not in shown:
        _report(instance, dagster_run, dg.DagsterEventType.RUN_SUSPENDED, message)


def _report(
    instance: dg.DagsterInstance, dagster_run: dg.DagsterRun, event_type: dg.DagsterEventType, message: str
) -> None:
    event = dg.DagsterEvent(event_type.value, dagster_run.job_name, message=message)
    instance.report_dagster_event(event, dagster_run.run_id)


def asks_for_some(instance: dg.DagsterInstance, launch: Launch, dagster_run: dg.DagsterRun) -> bool:
    """Whether somebody asked for some steps of the run only; those of a resume are all that are left."""
    is_ours = launch.kind in (LaunchKind.RESUME, LaunchKind.AGAIN)
    is_reexecution = not is_ours and dagster_run.parent_run_id is not None
    return dagster_run.resolved_op_selection is not None or (
        is_reexecution and _names_some_steps(instance, dagster_run)
    )


def _names_some_steps(instance: dg.DagsterInstance, dagster_run: dg.DagsterRun) -> bool:
    """Whether the step keys of a Dagster run are some of its job's; it may also name all, or none, and mean all."""
    keys, snapshot_id = dagster_run.step_keys_to_execute, dagster_run.execution_plan_snapshot_id
    if keys is None or snapshot_id is None:
        return False
    return not {step.key for step in instance.get_execution_plan_snapshot(snapshot_id).steps} <= set(keys)
