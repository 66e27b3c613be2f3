"""Reconciling: a run's status follows from Dagster's, also when a worker died and could write nothing."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from agentmesh_dagster.control.dagster_internals import GRPC_INFO_TAG
from agentmesh_dagster.control.parking import report_gone_on, report_over, report_suspended
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.progress import Progress, RunState
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.settlement import cancel_run, complete_run, end_run_if_over, fail_run
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.events import Event, record_events
from agentmesh_dagster.store.gates import cancel_gates, has_untaken_answers
from agentmesh_dagster.store.launches import (
    Launch,
    LaunchKind,
    end_launch,
    find_launch,
    has_live_lease,
    list_launches,
    mark_launch_submitted,
    park_launch,
)
from agentmesh_dagster.store.runs import RunHead, get_run, get_run_head, lock_run
from agentmesh_dagster.store.steps import close_running_steps, read_states, step_id
from agentmesh_dagster.translator.dagster_runs import read_instance_id

_NEVER_STARTED_AFTER = timedelta(seconds=60)  # a launch that Dagster was not given by then is lost

_ON_THEIR_WAY = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING)
_DIED = "The worker died: its lease ended, and it was not heard of since."
_AT_WORK = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
_EXIT_IS_SEEN_AFTER = timedelta(seconds=10)  # the code server looks every 0.5 s
_NEVER_TAKEN_UP_AFTER = timedelta(seconds=120)  # a worker needs seconds to load its code


def reconcile_run(services: Services, instance: dg.DagsterInstance, run_id: str) -> bool:
    """Brings a run, and what Dagster shows of its launch, up to date; says whether a launch was found ended.

    Safe to call at any time, by anybody, also by several at once.
    """
    instance_id = read_instance_id(instance)  # of the launches of another instance this one knows nothing
    with services.store.read() as connection:
        launched = [launch for launch in list_launches(connection, run_id) if launch.instance_id == instance_id]
    live = [launch for launch in launched if launch.is_live]
    ended = [launch for launch in live if _reconcile_launch(services, instance, launch)]
    parked = [launch for launch in launched if launch.parked_at is not None and launch.ended_at is None]
    closed = [launch for launch in parked if _reconcile_parked(services, instance, launch, launched[-1])]
    return bool(ended or closed)


def _is_dead(services: Services, instance: dg.DagsterInstance, launch: Launch) -> bool:
    """Whether no worker can be at work on the launch any more, given that Dagster says one is."""
    if launch.lease_expires_at is not None:
        with services.store.read() as connection:
            return not has_live_lease(connection, launch)
    # Not by the launch's own age: it may have stood in the queue for an hour, and be taken up at this very moment.
    record = instance.get_run_record_by_id(launch.id)
    return record is not None and datetime.now(UTC) - record.update_timestamp > _NEVER_TAKEN_UP_AFTER


def _reconcile_launch(services: Services, instance: dg.DagsterInstance, launch: Launch) -> bool:
    dagster_run = instance.get_run_by_id(launch.id)
    if dagster_run is None:
        return _reconcile_missing(services, launch)
    status = dagster_run.status
    if status is dg.DagsterRunStatus.NOT_STARTED:
        return _reconcile_unstarted(services, instance, launch, dagster_run)
    if status in _ON_THEIR_WAY or (status in _AT_WORK and not _is_dead(services, instance, launch)):
        return False
    if status in _AT_WORK:
        # Dagster first: should this process die now, the next look finds what Dagster says, and settles the rest.
        _report_dead(services, instance, dagster_run)
        crash_point(CrashPoint.LAUNCH_GIVEN_UP)
        _settle(services, launch, StepStatus.FAILED, _DIED)
    elif status is dg.DagsterRunStatus.FAILURE:
        _settle(services, launch, StepStatus.FAILED, _read_failure(instance, launch.id))
    elif status is dg.DagsterRunStatus.CANCELED:
        _settle(services, launch, StepStatus.CANCELED, "Canceled in Dagster.")
    else:
        is_parked = _settle(services, launch, None, _tell_unrun(instance, launch, dagster_run))
        crash_point(CrashPoint.LAUNCH_PARKED)
        _show_end(services, instance, launch, dagster_run, is_parked=is_parked)
    return True


def _tell_unrun(instance: dg.DagsterInstance, launch: Launch, dagster_run: dg.DagsterRun) -> str | None:
    """Why steps were left that nobody ran; None when the launch was asked for some steps only."""
    is_reexecution = launch.kind is not LaunchKind.RESUME and dagster_run.parent_run_id is not None
    asked_for_some = dagster_run.resolved_op_selection is not None or (
        is_reexecution and _names_some_steps(instance, dagster_run)
    )
    return None if asked_for_some else "Steps were left that its launch never ran."


def _names_some_steps(instance: dg.DagsterInstance, dagster_run: dg.DagsterRun) -> bool:
    """Whether the step keys of a Dagster run are some of its job's; it may also name all, or none, and mean all."""
    keys, snapshot_id = dagster_run.step_keys_to_execute, dagster_run.execution_plan_snapshot_id
    if keys is None or snapshot_id is None:
        return False
    return not {step.key for step in instance.get_execution_plan_snapshot(snapshot_id).steps} <= set(keys)


def _show_end(
    services: Services, instance: dg.DagsterInstance, launch: Launch, dagster_run: dg.DagsterRun, *, is_parked: bool
) -> None:
    """Makes Dagster show what became of a launch that it saw succeed."""
    if is_parked:
        if _may_be_taken_for_dead(instance, dagster_run):
            return  # shown at a later look
        report_suspended(instance, dagster_run)
    with services.store.read() as connection:
        seen, run = find_launch(connection, launch.id), get_run(connection, launch.run_id)
    if is_parked and seen is not None and seen.ended_at is not None:
        report_gone_on(instance, dagster_run)  # the answer, and what followed, came in between
    elif not is_parked and run.status is RunStatus.FAILED and run.launches[-1] == launch.id:
        report_over(instance, dagster_run, run.error)  # such as by a gate that was rejected meanwhile


def _may_be_taken_for_dead(instance: dg.DagsterInstance, dagster_run: dg.DagsterRun) -> bool:
    """Whether a code server that started the run's process may not have seen yet that it exited.

    When it sees that, it fails the run unless Dagster holds it finished, as it does a success, but no suspended run.
    """
    if GRPC_INFO_TAG not in dagster_run.tags:
        return False  # no code server's process
    record = instance.get_run_record_by_id(dagster_run.run_id)
    ended = record.end_time if record else None
    return ended is not None and datetime.now(UTC) - datetime.fromtimestamp(ended, UTC) < _EXIT_IS_SEEN_AFTER


def _reconcile_parked(services: Services, instance: dg.DagsterInstance, parked: Launch, last: Launch) -> bool:
    """Closes the Dagster run of a parked launch once its run has gone on, or ended; a cancel of it cancels the run."""
    dagster_run = instance.get_run_by_id(parked.id)
    if dagster_run is None or dagster_run.status is dg.DagsterRunStatus.CANCELED:
        _settle(services, parked, StepStatus.CANCELED, "Canceled in Dagster while it waited.")
        return True
    with services.store.read() as connection:
        run = get_run(connection, parked.run_id)
    if run.status is RunStatus.CANCELED:
        instance.report_run_canceled(dagster_run, run.error)
    elif run.status.is_end and last.id == parked.id:
        if (run.status, dagster_run.status) != (RunStatus.FAILED, dg.DagsterRunStatus.FAILURE):
            report_over(instance, dagster_run, run.error)
    elif last.id != parked.id:
        report_gone_on(instance, dagster_run)
    else:
        # Whoever parked it has not said so yet, or died before; or a code server took its process for dead: nobody
        # else fails a run without a process, and it still waits.
        is_shown = dagster_run.status is dg.DagsterRunStatus.SUSPENDED
        if not is_shown and not _may_be_taken_for_dead(instance, dagster_run):
            report_suspended(instance, dagster_run)
        return False
    with services.store.begin() as tx:
        end_launch(tx, parked.id)
    return True


def _reconcile_unstarted(
    services: Services, instance: dg.DagsterInstance, launch: Launch, dagster_run: dg.DagsterRun
) -> bool:
    """A Dagster run that was created and handed to nobody: whoever wanted to launch it has died."""
    with services.store.read() as connection:
        if now(connection) - (launch.submitted_at or launch.created_at) < _NEVER_STARTED_AFTER:
            return False
    if launch.kind is LaunchKind.RESUME:
        with services.store.begin() as tx:
            is_ours = mark_launch_submitted(tx, launch.id, before=launch.submitted_at)
        if is_ours:
            instance.submit_run(launch.id, workspace=None)  # pyright: ignore[reportArgumentType]
        return False
    instance.report_run_failed(dagster_run, "It was never started: its launcher died.")
    _settle(services, launch, StepStatus.FAILED, "The launch failed: it was never started.")
    return True


def _reconcile_missing(services: Services, launch: Launch) -> bool:
    if launch.submitted_at is not None:
        _settle(services, launch, StepStatus.CANCELED, "Its Dagster run was deleted.")
        return True
    with services.store.read() as connection:
        is_young = now(connection) - launch.created_at < _NEVER_STARTED_AFTER
        is_over = get_run_head(connection, launch.run_id).status.is_end
    if is_young or (launch.kind is LaunchKind.RESUME and not is_over):
        return False  # somebody may be about to make it; of a run that goes on, `resume_run` makes it anew
    _settle(services, launch, StepStatus.FAILED, "The launch failed: it never reached Dagster.")
    return True


def _settle(services: Services, launch: Launch, left_over: StepStatus | None, reason: str | None) -> bool:
    """Ends a launch, the steps that it left over, and the run if that has nothing more to do.

    `reason` is why a run fails that has steps which nobody will run; None: that is how it was asked for.

    A launch that did its work, and whose run waits for a person, is parked instead; then it says True.
    """
    with services.store.begin() as tx:
        run = lock_run(tx, launch.run_id)
        found = find_launch(tx, launch.id)
        if found is None or found.ended_at or (found.parked_at and left_over is None):
            return False  # somebody else was faster, and the run may have gone on since
        if left_over is None and not run.status.is_end and _is_waiting(tx, run.id):
            park_launch(tx, launch.id)
            return True
        end_launch(tx, launch.id)
        if run.status.is_end:
            return False
        if left_over is StepStatus.CANCELED:
            close_running_steps(tx, run.id, None, StepStatus.CANCELED, reason or "")
            cancel_gates(tx, run.id)
            cancel_run(tx, run, reason or "")
            return False
        _fail_steps(tx, run, launch.id, reason or "Its launch ended without it.")
        _end_if_over(tx, services, run, reason)
    return False


def _is_waiting(tx: Connection, run_id: str) -> bool:
    return any(state.status is StepStatus.WAITING_HUMAN for state in read_states(tx, run_id).values())


def _fail_steps(tx: Connection, run: RunHead, launch_id: str, reason: str) -> None:
    keys = {step_id(run.id, key): key for key in read_states(tx, run.id)}
    recorded = [
        Event(EventType.STEP_FAILED, {"nodeId": keys[step].node_id, "item": keys[step].item, "error": reason}, step)
        for step in close_running_steps(tx, run.id, launch_id, StepStatus.FAILED, reason)
    ]
    record_events(tx, project_id=run.project_id, run_id=run.id, recorded=recorded)


def _end_if_over(tx: Connection, services: Services, run: RunHead, reason: str | None) -> None:
    states = read_states(tx, run.id)
    try:
        plan = load_pinned_plan(services.store, run.workflow_id, run.revision)
    except AgentMeshError as fault:
        cancel_gates(tx, run.id)
        fail_run(tx, run, f"The workflow cannot be read any more: {fault}")
        return
    if end_run_if_over(tx, plan, run, Progress(plan, states)) is not RunState.GOES_ON:
        return
    others = any(launch.is_live for launch in list_launches(tx, run.id))
    if others or _is_waiting(tx, run.id) or has_untaken_answers(tx, run.id):
        return  # it waits, or another launch goes on with it
    if reason is None:
        complete_run(tx, plan, run)
    else:
        fail_run(tx, run, reason)


def _report_dead(services: Services, instance: dg.DagsterInstance, dagster_run: dg.DagsterRun) -> None:
    """Tells Dagster how a launch ended whose worker could not say it any more."""
    with services.store.read() as connection:
        launch = find_launch(connection, dagster_run.run_id)
        ended_well = launch is not None and get_run(connection, launch.run_id).status is RunStatus.SUCCEEDED
    if ended_well:
        event = dg.DagsterEvent(
            dg.DagsterEventType.RUN_SUCCESS.value,
            dagster_run.job_name,
            message="All steps had ended; the worker died after that.",
        )
        instance.report_dagster_event(event, dagster_run.run_id)
    else:
        instance.report_run_failed(dagster_run, _DIED)


def _read_failure(instance: dg.DagsterInstance, launch_id: str) -> str:
    logs = instance.get_records_for_run(launch_id, of_type=dg.DagsterEventType.RUN_FAILURE, ascending=False, limit=1)
    messages = [record.event_log_entry.get_dagster_event().message for record in logs.records]
    return next((message for message in messages if message), "Its Dagster run failed.")
