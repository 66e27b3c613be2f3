"""Executing a launch in this process: whoever interrupts it, as with Ctrl-C, cancels it."""

import time
from contextlib import suppress

import dagster as dg

from agentmesh_dagster.control.cancel import RunIsOver, cancel_run
from agentmesh_dagster.control.children import start_child
from agentmesh_dagster.control.dagster_internals import (
    IJob,
    copy_record,  # pyright: ignore[reportUnknownVariableType]
    execute_run,
)
from agentmesh_dagster.control.launch import PreparedLaunch
from agentmesh_dagster.control.location import build_reconstructable_job
from agentmesh_dagster.control.pinning import build_load_data
from agentmesh_dagster.control.queued_runs import prepare_placed_run, take_turn
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.runtime.children import end_child
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.speedups import read_plan_heads
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.children import (
    find_step_of_child,
    list_awaited_runs,
    list_due_children,
    list_ended_children,
)
from agentmesh_dagster.store.launches import list_launches
from agentmesh_dagster.store.runs import get_run, get_run_head
from agentmesh_dagster.store.waits import find_next_due, list_due_waits
from agentmesh_dagster.translator.suspension import close_suspended

_REASON = "dagster/failure_reason"
_LOOK_EVERY_SECONDS = 0.2
_INTERRUPTED = "UNEXPECTED_TERMINATION"


def execute_launch(services: Services, instance: dg.DagsterInstance, launch: PreparedLaunch, *, by: str = "") -> bool:
    """Executes a prepared launch, and those that follow it: when gates of its run are answered meanwhile, when its
    timers are over, for which it waits here, and when the runs that its steps wait for have ended, which it executes.

    One whose run has no place yet waits for that. Returns when there is nothing more to do; False: it was interrupted,
    and is canceled, by `by`.
    """
    try:
        following = _wait_for_place(services, instance, launch) if launch.is_queued else launch
        if launch.is_asking:
            return True
        while following is not None:
            if not run_in_place(services, instance, following):
                return False
            execute_children(services, instance, launch.run_id, by=by)
            following = resume_run(services, instance, launch.run_id)
            waits_here = _goes_on_by_itself(services, launch.run_id)
            while following is None and waits_here and _goes_on(services, launch.run_id):
                time.sleep(_LOOK_EVERY_SECONDS)
                following = _look_again(services, instance, launch.run_id, by)
    except KeyboardInterrupt:  # while it waited, for a place or a timer, or executed another run
        with suppress(RunIsOver):
            cancel_run(services, instance, launch.run_id, by=by or "Ctrl-C")
        return False
    return True


def execute_children(services: Services, instance: dg.DagsterInstance, run_id: str, *, by: str = "") -> None:
    """Executes the runs that the steps of a run wait for, one after the other, until none is left to be started.

    Raises KeyboardInterrupt when one of them was interrupted, which is canceled.
    """
    is_moved = True
    while is_moved:
        is_moved = False
        with services.store.read() as connection:
            due = list_due_children(connection, run_id)
        for child in due:
            launch = start_child(services, instance, child)
            if launch is not None and not execute_launch(services, instance, launch, by=by):
                raise KeyboardInterrupt
            is_moved = is_moved or launch is not None
        with services.store.read() as connection:
            ended = list_ended_children(connection, run_id)
        for child in ended:
            is_moved = end_child(services, child) or is_moved
    close_suspended(services, instance, run_id)


def execute_parents(services: Services, instance: dg.DagsterInstance, run_id: str, *, by: str = "") -> bool:
    """Goes on with the run whose step waited for this one, and with that which waits for it; False: interrupted."""
    while True:
        with services.store.read() as connection:
            child = find_step_of_child(connection, run_id)
        if child is None:
            return True
        end_child(services, child)
        run_id = child.run_id
        execute_children(services, instance, run_id, by=by)
        following = resume_run(services, instance, run_id)
        if following is not None and not execute_launch(services, instance, following, by=by):
            return False


def _goes_on_by_itself(services: Services, run_id: str) -> bool:
    """Whether what the run waits for comes without a person: a time, or a run that another process executes."""
    with services.store.read() as connection:
        has_timer = find_next_due(connection, run_id) is not None
        return has_timer or any(_is_at_work(connection, child_id) for child_id in list_awaited_runs(connection, run_id))


def _is_at_work(connection: Connection, run_id: str) -> bool:
    return any(launch.is_live for launch in list_launches(connection, run_id))


def _goes_on(services: Services, run_id: str) -> bool:
    """Whether the run goes on by itself: here, or in another process that has ended its timer."""
    with services.store.read() as connection:
        if get_run_head(connection, run_id).status.is_end:
            return False
        is_live = _is_at_work(connection, run_id)
    return is_live or _goes_on_by_itself(services, run_id)


def _look_again(services: Services, instance: dg.DagsterInstance, run_id: str, by: str) -> PreparedLaunch | None:
    """Ends what is over by now; the launch that follows, if any."""
    with services.store.read() as connection:
        due = list_due_waits(connection, run_id=run_id)
    for wait in due:
        end_due_wait(services, wait)
    execute_children(services, instance, run_id, by=by)
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


def run_in_place(
    services: Services, instance: dg.DagsterInstance, launch: PreparedLaunch, *, job: IJob | None = None
) -> bool:
    """Executes this launch alone, in this process, through Dagster, without a daemon; False: it was interrupted.

    `job` is executed as it is, whatever the launch selects; this installation's job of its name unless given.
    """
    interrupted = False
    read_plan_heads(instance)
    dagster_run = instance.get_run_by_id(launch.launch_id)
    assert dagster_run is not None
    try:
        if job is None:
            ours = build_reconstructable_job(launch.job_name, build_load_data(launch.revision))
            execute_run(ours, dagster_run, instance)
        else:
            execute_run(job, copy_record(dagster_run, asset_selection=None), instance)
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
