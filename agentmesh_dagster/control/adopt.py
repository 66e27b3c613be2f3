"""Adopting: runs that were launched in Dagster, and that no worker has taken up, are listed too."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from agentmesh_dagster.control.pinning import read_revision
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.launches import register_launch
from agentmesh_dagster.runtime.places import Place
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.launches import find_launch, find_unknown_launches
from agentmesh_dagster.translator.dagster_runs import read_launch_facts
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG
from agentmesh_dagster.translator.run_tags import SKIPPED_TAG

_YOUNGER_THAN = timedelta(hours=24)
_AT_ONCE = 200
_TICK_TAGS = frozenset({"dagster/schedule_name", "dagster/sensor_name"})
_STATUSES = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


def adopt_launches(services: Services, instance: dg.DagsterInstance) -> int:
    """Writes down the launches of our jobs that no worker has taken up, such as those queued in Dagster's UI."""
    recent = instance.get_runs(
        dg.RunsFilter(statuses=_STATUSES, created_after=datetime.now(UTC) - _YOUNGER_THAN),
        limit=_AT_ONCE,
    )
    ours = {run.run_id: run for run in recent if WORKFLOW_TAG in run.tags and not _is_no_run(run)}
    with services.store.read() as connection:
        unknown = find_unknown_launches(connection, list(ours))
    return sum(_adopt(services, instance, run) for launch_id, run in ours.items() if launch_id in unknown)


def _read_workflow_id(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str | None:
    """The workflow of a run's job. By the job's own tags: whoever launches it may give the run any others."""
    if run.job_snapshot_id is None or not instance.has_job_snapshot(run.job_snapshot_id):
        return None
    return instance.get_job_snapshot(run.job_snapshot_id).tags.get(WORKFLOW_TAG)


def _is_no_run(run: dg.DagsterRun) -> bool:
    """Whether its workflow had as many runs as it may; or a schedule or a sensor of Dagster has just made it: its next
    tick queues it should this one have died.
    """
    return SKIPPED_TAG in run.tags or (
        run.status is dg.DagsterRunStatus.NOT_STARTED and not _TICK_TAGS.isdisjoint(run.tags)
    )


def _adopt(services: Services, instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    revision, workflow_id = read_revision(instance, run), _read_workflow_id(instance, run)
    if revision is None or workflow_id is None:
        return False
    try:
        plan = load_pinned_plan(services.store, workflow_id, revision)
        with services.store.begin() as tx:
            if find_launch(tx, run.run_id) is None:
                # One that has ended makes nobody wait, and nobody make room.
                place = Place() if run.is_finished else None
                register_launch(tx, plan, read_launch_facts(plan, run, instance), place=place)
    except AgentMeshError:
        return False  # a job of a broken workflow, or an input that no run can have: Dagster shows what came of it
    return True
