"""Runs that wait for a place among the open runs of their workflow, and begin when there is one.

Who calls this: each tick of the sensor `agentmesh_runs`, and the web server twice a second. The place is given in the
store first; should a process die after that, whoever looks after unfinished launches does the rest.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import dagster as dg

from agentmesh_dagster.control.first_launch import create_first_launch
from agentmesh_dagster.control.launch import PreparedLaunch
from agentmesh_dagster.control.resume import resume_run, submit_prepared
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.launches import LaunchKind, list_launches
from agentmesh_dagster.store.run_limits import (
    count_places,
    give_place,
    list_free_workflows,
    list_queued_runs,
    lock_run_limit,
)
from agentmesh_dagster.store.runs import get_run_head
from agentmesh_dagster.translator.dagster_runs import read_instance_id


@dataclass(frozen=True)
class Begun:
    """What one look found."""

    begun: list[str] = field(default_factory=list[str])  # run ids
    faults: list[str] = field(default_factory=list[str])


def begin_queued_runs(
    services: Services, instance: dg.DagsterInstance, *, projects: Collection[str] | None = None
) -> Begun:
    """Begins the runs that have waited longest, as many as there are places; of all projects, or of these (ids)."""
    instance_id = read_instance_id(instance)
    chosen = None if projects is None else sorted(projects)
    with services.store.read() as connection:
        workflows = list_free_workflows(connection, instance_id, chosen)
    found = Begun()
    for workflow_id in workflows:
        for run_id in _give_places(services, workflow_id, instance_id):
            crash_point(CrashPoint.PLACE_GIVEN)
            try:
                begin_placed_run(services, instance, run_id)
                found.begun.append(run_id)
            except (AgentMeshError, dg.DagsterError) as fault:
                found.faults.append(f"run `{run_id}`: {fault}")
    return found


def take_turn(services: Services, instance: dg.DagsterInstance, workflow_id: str, run_id: str) -> bool:
    """Gives this run its place if it is the next to have one; the caller begins it."""
    with services.store.begin() as tx:
        lock_run_limit(tx, workflow_id)
        waiting = list_queued_runs(tx, workflow_id, read_instance_id(instance))
        return run_id in waiting[: count_places(tx, workflow_id)] and give_place(tx, run_id)


def _give_places(services: Services, workflow_id: str, instance_id: str) -> list[str]:
    with services.store.begin() as tx:
        lock_run_limit(tx, workflow_id)
        waiting = list_queued_runs(tx, workflow_id, instance_id)
        return [run_id for run_id in waiting[: count_places(tx, workflow_id)] if give_place(tx, run_id)]


def begin_placed_run(services: Services, instance: dg.DagsterInstance, run_id: str) -> None:
    """Hands a run that has got its place to Dagster's queue."""
    launch = prepare_placed_run(services, instance, run_id)
    if launch is not None:
        submit_prepared(instance, launch.launch_id)


def prepare_placed_run(services: Services, instance: dg.DagsterInstance, run_id: str) -> PreparedLaunch | None:
    """The launch of a run that has got its place, created in Dagster; None: somebody else has made it."""
    with services.store.read() as connection:
        run, launched = get_run_head(connection, run_id), list_launches(connection, run_id)
    first = launched[0]
    if len(launched) > 1 or first.kind is not LaunchKind.FIRST or first.submitted_at is not None:
        # Its launch came to a worker while there was no place, or it goes on where it had failed.
        return resume_run(services, instance, run_id)
    if not create_first_launch(services, instance, run_id):
        return None
    return PreparedLaunch(run_id, run_id, run.job_name, run.revision)
