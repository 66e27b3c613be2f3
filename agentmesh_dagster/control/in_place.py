"""Executing a launch in this process: whoever interrupts it, as with Ctrl-C, cancels it."""

import time
from contextlib import suppress

import dagster as dg

from agentmesh_dagster.control.cancel import RunIsOver, cancel_run
from agentmesh_dagster.control.dagster_internals import execute_run
from agentmesh_dagster.control.launch import PreparedLaunch
from agentmesh_dagster.control.location import build_reconstructable_job
from agentmesh_dagster.control.pinning import build_load_data
from agentmesh_dagster.control.queued_runs import prepare_placed_run, take_turn
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.launches import list_launches
from agentmesh_dagster.store.runs import get_run, get_run_head
from agentmesh_dagster.store.waits import find_next_due, list_due_waits

_REASON = "dagster/failure_reason"
_LOOK_EVERY_SECONDS = 0.2
_INTERRUPTED = "UNEXPECTED_TERMINATION"


def execute_launch(services: Services, instance: dg.DagsterInstance, launch: PreparedLaunch, *, by: str = "") -> bool:
    """Executes a prepared launch, and those that follow it: when gates of its run are answered meanwhile, and when its
    timers are over, for which it waits here.

    One whose run has no place yet waits for that. Returns when there is nothing more to do; False: it was interrupted,
    and is canceled, by `by`.
    """
    try:
        following = _wait_for_place(services, instance, launch) if launch.is_queued else launch
        while following is not None:
            if not run_in_place(services, instance, following):
                return False
            following = resume_run(services, instance, launch.run_id)
            is_timed = _has_timer(services, launch.run_id)
            while following is None and is_timed and _goes_on(services, launch.run_id):
                time.sleep(_LOOK_EVERY_SECONDS)
                following = _end_timers(services, instance, launch.run_id)
    except KeyboardInterrupt:  # while it waited, for a place or a timer
        with suppress(RunIsOver):
            cancel_run(services, instance, launch.run_id, by=by or "Ctrl-C")
        return False
    return True


def _has_timer(services: Services, run_id: str) -> bool:
    with services.store.read() as connection:
        return find_next_due(connection, run_id) is not None


def _goes_on(services: Services, run_id: str) -> bool:
    """Whether the run goes on by itself: here, or in another process that has ended its timer."""
    with services.store.read() as connection:
        if get_run_head(connection, run_id).status.is_end:
            return False
        is_live = any(found.is_live for found in list_launches(connection, run_id))
        return is_live or find_next_due(connection, run_id) is not None


def _end_timers(services: Services, instance: dg.DagsterInstance, run_id: str) -> PreparedLaunch | None:
    with services.store.read() as connection:
        due = list_due_waits(connection, run_id=run_id)
    for wait in due:
        end_due_wait(services, wait)
    return resume_run(services, instance, run_id)


def _wait_for_place(services: Services, instance: dg.DagsterInstance, launch: PreparedLaunch) -> PreparedLaunch | None:
    """The launch, once its run has a place; None when somebody else has begun the run, and done what could be done."""
    with services.store.read() as connection:
        workflow_id = get_run_head(connection, launch.run_id).workflow_id
    while True:
        if take_turn(services, instance, workflow_id, launch.run_id):
            return prepare_placed_run(services, instance, launch.run_id)
        with services.store.read() as connection:
            run = get_run(connection, launch.run_id)
        if run.status.is_end or run.waiting_on:
            return None
        time.sleep(_LOOK_EVERY_SECONDS)


def run_in_place(services: Services, instance: dg.DagsterInstance, launch: PreparedLaunch) -> bool:
    """Executes this launch alone, in this process, through Dagster, without a daemon; False: it was interrupted."""
    interrupted = False
    dagster_run = instance.get_run_by_id(launch.launch_id)
    assert dagster_run is not None
    try:
        execute_run(build_reconstructable_job(launch.job_name, build_load_data(launch.revision)), dagster_run, instance)
    except KeyboardInterrupt:  # Dagster had not begun, or had ended
        interrupted = True
    # Dagster takes an interruption that nobody had announced to it for a failure.
    ended = instance.get_run_by_id(launch.launch_id) or dagster_run
    if ended.status is dg.DagsterRunStatus.FAILURE and ended.tags.get(_REASON) == _INTERRUPTED:
        interrupted = True
    if interrupted and ended.status not in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.SUSPENDED):
        instance.report_run_canceled(ended, "Interrupted in the terminal where it ran.")
    # No machinery stands between this process and the run: what kept it from beginning is told at once.
    reconcile_run(services, instance, launch.run_id, may_begin_again=False)
    return not interrupted
