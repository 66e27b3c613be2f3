"""Retrying: a run that has failed goes on from there; what has succeeded is kept, a gate asks anew."""

import dagster as dg

from agentmesh_dagster.control.cancel import stop_launches
from agentmesh_dagster.control.launch import PreparedLaunch
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import name_next_launch, resume_run
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.errors import Conflict
from agentmesh_dagster.runtime.launches import describe_start
from agentmesh_dagster.runtime.places import Place, take_place
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.reopening import reopen
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.events import record_events
from agentmesh_dagster.store.launches import LaunchKind, insert_launch, list_launches
from agentmesh_dagster.store.run_limits import queue_run
from agentmesh_dagster.store.runs import get_run_head, lock_run, mark_run_started
from agentmesh_dagster.translator.dagster_runs import read_instance_id


class NothingToRetry(Conflict):
    """Only a run that has failed can be continued."""

    def __init__(self, run_id: str, status: RunStatus) -> None:
        self.status = status
        super().__init__(f"`{run_id}` is {status.value}")


class RunOfAnotherInstance(Conflict):
    """The run belongs to another Dagster instance, and can be continued there only."""


def retry_run(services: Services, instance: dg.DagsterInstance, run_id: str, *, by: str) -> PreparedLaunch:
    """Continues a run that has failed, in a new launch, which is written down and not started yet.

    It executes what failed and what has not run. Gates that were rejected, expired or canceled ask anew, and keep how
    they were asked before. Safe against a second try: of two only one finds the run failed.

    Where there is no place for it, it waits for one, as a new run would. Raises RunNotFound, NothingToRetry,
    RunOfAnotherInstance, RunLimitReached.
    """
    reconcile_run(services, instance, run_id)
    instance_id = read_instance_id(instance)
    with services.store.read() as connection:
        known = get_run_head(connection, run_id)
    plan = load_pinned_plan(services.store, known.workflow_id, known.revision)  # one that cannot be read is not begun
    with services.store.begin() as tx:
        # Before the run: who gives places locks the limit first.
        place = take_place(tx, known.workflow_id, run_id, instance_id) if known.status is RunStatus.FAILED else Place()
        run = lock_run(tx, run_id)
        before = list_launches(tx, run_id)
        if run.status is not RunStatus.FAILED:
            raise NothingToRetry(run_id, run.status)
        if before[0].instance_id != instance_id:
            raise RunOfAnotherInstance(f"`{run_id}`")
        if any(launch.is_live for launch in before):
            raise NothingToRetry(run_id, RunStatus.RUNNING)  # a re-execution of it stands in Dagster's queue
        launch_id = name_next_launch(run_id, before)
        reopen(tx, plan, run_id, launch_id)
        launch = insert_launch(
            tx,
            launch_id,
            run_id,
            LaunchKind.RESUME,
            run.revision,
            instance_id=instance_id,
            is_submitted=False,
            retried_by=by,
        )
        if place.is_queued:
            queue_run(tx, run.workflow_id, run_id)  # it starts, and says who retried it, when it has its place
        else:
            mark_run_started(tx, run_id)
            record_events(tx, project_id=run.project_id, run_id=run_id, recorded=[describe_start(launch)])
    for canceled in place.canceled:
        stop_launches(services, instance, canceled)
    # From here on it is a resume like any other: whoever finds it undone, such as the sensor, does the rest.
    resumed = resume_run(services, instance, run_id)
    return resumed or PreparedLaunch(launch_id, run_id, run.job_name, run.revision, is_queued=place.is_queued)
