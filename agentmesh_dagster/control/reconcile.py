"""Reconciling: a run's status follows from Dagster's, also when a worker died and could write nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import dagster as dg

from agentmesh_dagster.control.cancel import stop_launches
from agentmesh_dagster.control.first_launch import create_lost_launch, report_origin
from agentmesh_dagster.control.launch_failures import read_failure
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.runtime.launch_ends import (
    LaunchEnd,
    end_canceled,
    end_failed,
    end_with_run,
    leave_joined,
    show_suspended,
)
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.launches import (
    Launch,
    LaunchKind,
    find_launch,
    has_live_lease,
    list_launches,
    mark_launch_submitted,
)
from agentmesh_dagster.store.materializations import find_materialization
from agentmesh_dagster.store.run_limits import is_queued
from agentmesh_dagster.store.runs import get_run, get_run_head, lock_run
from agentmesh_dagster.translator.dagster_runs import read_instance_id
from agentmesh_dagster.translator.late_reports import report_made
from agentmesh_dagster.translator.suspension import (
    asks_for_some,
    close_suspended,
    report_end,
    report_suspended,
    settle_launch,
)

_NEVER_STARTED_AFTER = timedelta(seconds=60)  # a launch that Dagster was not given by then is lost

_ON_THEIR_WAY = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING)
_DIED = "The worker died: its lease ended, and it was not heard of since."
_AT_WORK = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
_CANCELED = (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)
_NEVER_TAKEN_UP_AFTER = timedelta(seconds=120)  # a worker needs seconds to load its code


def reconcile_run(
    services: Services, instance: dg.DagsterInstance, run_id: str, *, may_begin_again: bool = True
) -> bool:
    """Brings a run, and what Dagster shows of its launches, up to date; says whether one was found ended.

    `may_begin_again`: the run of a launch that never began goes on; `resume_run` makes the next one.
    Safe to call at any time, by anybody, also by several at once.
    """
    instance_id = read_instance_id(instance)  # of the launches of another instance this one knows nothing
    with services.store.read() as connection:
        launched = [launch for launch in list_launches(connection, run_id) if launch.instance_id == instance_id]
    live = [launch for launch in launched if launch.is_live]
    ended = [launch for launch in live if _reconcile_launch(services, instance, launch, may_begin_again)]
    waiting = [launch for launch in launched if launch.parked_at is not None and launch.ended_at is None]
    suspended = [launch.id for launch in waiting if launch.kind is not LaunchKind.JOINED]
    for launch in waiting:
        if launch.kind is LaunchKind.JOINED:
            _reconcile_joined(services, instance, launch)
    is_given_up = _reconcile_suspended(services, instance, run_id, suspended)
    return close_suspended(services, instance, run_id) or is_given_up or bool(ended)


def _is_dead(services: Services, instance: dg.DagsterInstance, launch: Launch) -> bool:
    """Whether no worker can be at work on the launch any more, given that Dagster says one is."""
    if launch.lease_expires_at is not None:
        with services.store.read() as connection:
            return not has_live_lease(connection, launch)
    # Not by the launch's own age: it may have stood in the queue for an hour, and be taken up at this very moment.
    record = instance.get_run_record_by_id(launch.id)
    return record is not None and datetime.now(UTC) - record.update_timestamp > _NEVER_TAKEN_UP_AFTER


def _is_told_within(services: Services, launch: Launch) -> bool:
    """Whether a step of another Dagster run, which has executed the whole run, lives, and tells what was made."""
    with services.store.read() as connection:
        if launch.kind is not LaunchKind.FIRST or not has_live_lease(connection, launch):
            return False
        makes = find_materialization(connection, launch.run_id)
        is_within = makes is not None and makes.asked.facade_id is not None
        return is_within and get_run_head(connection, launch.run_id).status.is_end


def _reconcile_launch(services: Services, instance: dg.DagsterInstance, launch: Launch, may_begin_again: bool) -> bool:
    if launch.kind is LaunchKind.JOINED and _reconcile_joined(services, instance, launch):
        return False
    dagster_run = instance.get_run_by_id(launch.id)
    if dagster_run is None:
        return _reconcile_missing(services, instance, launch)
    status = dagster_run.status
    if status is dg.DagsterRunStatus.NOT_STARTED:
        return _reconcile_unstarted(services, instance, launch)
    if status in _ON_THEIR_WAY or (status in _AT_WORK and not _is_dead(services, instance, launch)):
        if status is not dg.DagsterRunStatus.CANCELING:
            _stop_if_canceled(services, instance, launch)
        return False
    if dagster_run.is_finished and _is_told_within(services, launch):
        return False
    if status in _AT_WORK:
        # Dagster first: should this process die now, the next look finds what Dagster says, and settles the rest.
        _report_dead(services, instance, dagster_run)
        crash_point(CrashPoint.LAUNCH_GIVEN_UP)
        ended = instance.get_run_by_id(launch.id) or dagster_run
        _end_failed(services, instance, launch, ended, may_begin_again)
    elif status is dg.DagsterRunStatus.FAILURE:
        _end_failed(services, instance, launch, dagster_run, may_begin_again)
    elif status is dg.DagsterRunStatus.CANCELED:
        end_canceled(services, launch.run_id, launch.id, "Canceled in Dagster.")
    else:  # a success, or suspended and the store does not know it: its worker has done all that it could
        end = settle_launch(services, instance, launch, dagster_run)
        if end is LaunchEnd.WITH_ITS_RUN:
            end_with_run(services, launch.run_id, launch.id, partial(report_end, services, instance, launch.id))
        return end is not LaunchEnd.NOT_YET
    return True


def _reconcile_joined(services: Services, instance: dg.DagsterInstance, launch: Launch) -> bool:
    """A launch that ends as its run does: whether it has ended before. The run, which others do, goes on."""
    dagster_run = instance.get_run_by_id(launch.id)
    has_ended = dagster_run is None or dagster_run.status in (*_CANCELED, dg.DagsterRunStatus.FAILURE)
    if has_ended:
        leave_joined(services, launch.run_id, launch.id)
    return has_ended


def _stop_if_canceled(services: Services, instance: dg.DagsterInstance, launch: Launch) -> None:
    """Cancels a launch of a canceled run of which Dagster has not heard yet: by a run that took its place, say."""
    with services.store.read() as connection:
        is_canceled = get_run_head(connection, launch.run_id).status is RunStatus.CANCELED
    if is_canceled and launch.kind is not LaunchKind.REEXECUTION:
        stop_launches(services, instance, launch.run_id)


def _reconcile_suspended(
    services: Services, instance: dg.DagsterInstance, run_id: str, suspended: Sequence[str]
) -> bool:
    """Cancels a run of which somebody has canceled, or deleted, a suspended launch in Dagster; whether it was."""
    with services.store.read() as connection:
        is_over = get_run_head(connection, run_id).status.is_end
    if is_over or not suspended:
        return False
    found = {run.run_id: run.status for run in instance.get_runs(dg.RunsFilter(run_ids=list(suspended)))}
    given_up = [launch_id for launch_id in suspended if found.get(launch_id) in (None, *_CANCELED)]
    if given_up:
        reason = "Canceled in Dagster while it waited."
        end_canceled(services, run_id, given_up[0], reason)
        stop_launches(services, instance, run_id)
        return True
    for launch_id, status in found.items():
        if status is not dg.DagsterRunStatus.SUSPENDED:
            # A code server took its process for dead, say. It has none, and nobody else can fail it.
            show_suspended(services, run_id, launch_id, partial(report_suspended, instance, launch_id))
    return False


def _reconcile_unstarted(services: Services, instance: dg.DagsterInstance, launch: Launch) -> bool:
    """A Dagster run that was created and handed to nobody: whoever wanted to launch it has died. It is queued."""
    with services.store.read() as connection:
        if now(connection) - (launch.submitted_at or launch.created_at) < _NEVER_STARTED_AFTER:
            return False
        is_over = get_run_head(connection, launch.run_id).status.is_end
    if is_over and launch.kind is not LaunchKind.REEXECUTION:
        return end_with_run(services, launch.run_id, launch.id, partial(report_end, services, instance, launch.id))
    with services.store.begin() as tx:
        is_ours = mark_launch_submitted(tx, launch.id, before=launch.submitted_at)
    if is_ours and launch.kind is LaunchKind.FIRST and launch.submitted_at is None:
        report_origin(services, instance, launch.run_id)  # whoever created it died before
    if is_ours:
        # The queue needs no workspace: so a sensor can do it.
        instance.submit_run(launch.id, workspace=None)  # pyright: ignore[reportArgumentType]
    return False


def _reconcile_missing(services: Services, instance: dg.DagsterInstance, launch: Launch) -> bool:
    """A launch that Dagster does not know: its Dagster run was deleted, or its launcher died before it was created."""
    if launch.submitted_at is not None:
        end_canceled(services, launch.run_id, launch.id, "Its Dagster run was deleted.")
        return True
    with services.store.read() as connection:
        is_young = now(connection) - launch.created_at < _NEVER_STARTED_AFTER
        is_over = get_run_head(connection, launch.run_id).status.is_end
        has_no_place = is_queued(connection, launch.run_id)
    if is_young or has_no_place:
        return False  # somebody may be about to make it
    if is_over:
        end_failed(services, launch.run_id, launch.id, "It never reached Dagster.")
        return True
    if launch.kind is LaunchKind.FIRST:
        create_lost_launch(services, instance, launch.run_id)
    return False  # one behind a gate is made anew by `resume_run`


def _end_failed(
    services: Services, instance: dg.DagsterInstance, launch: Launch, dagster_run: dg.DagsterRun, may_begin_again: bool
) -> None:
    """Ends a launch that failed in Dagster; one that never began is launched again, unless that would not help."""
    if launch.kind is LaunchKind.JOINED:
        leave_joined(services, launch.run_id, launch.id)
        return
    failure = read_failure(instance, dagster_run)
    helps = failure.may_pass and not asks_for_some(instance, launch, dagster_run)
    end_failed(services, launch.run_id, launch.id, failure.reason, may_begin_again=may_begin_again and helps)
    with services.store.begin() as tx:
        lock_run(tx, launch.run_id)
        report_made(services, instance, launch.run_id, dagster_run)  # what failed may have been the telling


def _report_dead(services: Services, instance: dg.DagsterInstance, dagster_run: dg.DagsterRun) -> None:
    """Tells Dagster how a launch ended whose worker could not say it any more, and what its run has made."""
    with services.store.read() as connection:
        launch = find_launch(connection, dagster_run.run_id)
        ended_well = launch is not None and get_run(connection, launch.run_id).status is RunStatus.SUCCEEDED
    if launch is not None:
        with services.store.begin() as tx:
            lock_run(tx, launch.run_id)
            report_made(services, instance, launch.run_id, dagster_run)
    if ended_well:
        event = dg.DagsterEvent(
            dg.DagsterEventType.RUN_SUCCESS.value,
            dagster_run.job_name,
            message="All steps had ended; the worker died after that.",
        )
        instance.report_dagster_event(event, dagster_run.run_id)
    else:
        instance.report_run_failed(dagster_run, _DIED)
