"""Executing a launch in this process: whoever interrupts it, as with Ctrl-C, cancels it."""

import dagster as dg

from agentmesh_dagster.control.dagster_internals import execute_run
from agentmesh_dagster.control.launch import PreparedLaunch
from agentmesh_dagster.control.location import build_reconstructable_job
from agentmesh_dagster.control.pinning import build_load_data
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.runtime.services import Services

_REASON = "dagster/failure_reason"
_INTERRUPTED = "UNEXPECTED_TERMINATION"


def execute_launch(services: Services, instance: dg.DagsterInstance, launch: PreparedLaunch) -> bool:
    """Executes a prepared launch, and those that follow it when gates of its run are answered meanwhile.

    Returns when there is nothing more to do; False: it was interrupted, and is canceled.
    """
    following: PreparedLaunch | None = launch
    while following is not None:
        if not run_in_place(services, instance, following):
            return False
        following = resume_run(services, instance, launch.run_id)
    return True


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
