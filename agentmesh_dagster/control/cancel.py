"""Canceling a run: queued, at work, or waiting for a person."""

from contextlib import suppress

import dagster as dg

from agentmesh_dagster.errors import Conflict
from agentmesh_dagster.runtime import run_ends
from agentmesh_dagster.runtime.endings import cancel_left_steps
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.children import list_abandoned_runs
from agentmesh_dagster.store.launches import list_launches
from agentmesh_dagster.store.runs import get_run, lock_run
from agentmesh_dagster.store.waits import cancel_waits
from agentmesh_dagster.translator.suspension import close_suspended


class RunIsOver(Conflict):
    """The run has ended, so there is nothing to cancel."""


def cancel_run(services: Services, instance: dg.DagsterInstance, run_id: str, *, by: str) -> None:
    """Cancels a run: its open waits in one transaction with the run itself, then its launches in Dagster, then the runs
    that its steps waited for.

    A worker in the middle of a step is fenced off at once and asked to stop. Raises RunNotFound, RunIsOver.
    """
    reason = f"Canceled by {by}."
    with services.store.begin() as tx:
        run = lock_run(tx, run_id)
        if run.status.is_end:
            raise RunIsOver(f"`{run_id}` is {run.status.value}")
        cancel_waits(tx, run_id)
        cancel_left_steps(tx, run, reason)
        run_ends.cancel_run(tx, run, reason, by=by)
    stop_launches(services, instance, run_id)
    with services.store.read() as connection:
        abandoned = list_abandoned_runs(connection, run_id)
    for child in abandoned:
        with suppress(RunIsOver):
            cancel_run(services, instance, child.child_run_id, by=by)


def stop_launches(services: Services, instance: dg.DagsterInstance, run_id: str) -> None:
    """Cancels in Dagster all launches of a canceled run that have not ended."""
    with services.store.read() as connection:
        launched = list_launches(connection, run_id)
        reason = get_run(connection, run_id).error or "Its run was canceled."
    for launch in launched:
        if launch.is_live:
            _cancel_in_dagster(instance, launch.id, reason)
    close_suspended(services, instance, run_id)


def _cancel_in_dagster(instance: dg.DagsterInstance, launch_id: str, reason: str) -> None:
    dagster_run = instance.get_run_by_id(launch_id)
    if dagster_run is None or dagster_run.is_finished:
        return
    at_work = dagster_run.status in (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED)
    if at_work and instance.run_launcher.terminate(launch_id):
        return  # the worker reports the end itself
    instance.report_run_canceled(dagster_run, reason)
