"""First launches that are written down: created in Dagster by whoever comes to it, a fork's as any other's."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import dagster as dg

from agentmesh_dagster.control.dagster_internals import DagsterRunAlreadyExists
from agentmesh_dagster.control.dagster_run import build_first_launch, create_dagster_run
from agentmesh_dagster.control.inherited_tags import copy_free_tags
from agentmesh_dagster.control.launch import find_origins
from agentmesh_dagster.control.resume import select_steps
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import link_run
from agentmesh_dagster.store.launches import mark_launch_submitted
from agentmesh_dagster.store.materializations import find_materialization
from agentmesh_dagster.store.runs import get_launcher, get_run, get_run_head
from agentmesh_dagster.store.steps import read_states
from agentmesh_dagster.translator.asset_facts import ASSET_JOB
from agentmesh_dagster.translator.presentation import report_fork
from agentmesh_dagster.translator.run_tags import PARENT_TAG


def create_lost_launch(services: Services, instance: dg.DagsterInstance, run_id: str) -> None:
    """Creates the first launch of a run in Dagster that nobody has created there yet, and queues it."""
    if create_first_launch(services, instance, run_id):
        # The queue needs no workspace: so a sensor can do it.
        instance.submit_run(run_id, workspace=None)  # pyright: ignore[reportArgumentType]


def create_first_launch(
    services: Services, instance: dg.DagsterInstance, run_id: str, *, origins: Mapping[str, Any] | None = None
) -> bool:
    """Creates the first launch of a run in Dagster as it is written down; False: somebody else starts it.

    `origins` None: where its parent, or the run that it was forked from, was launched, or the newest run of its job.
    """
    with services.store.read() as connection:
        run, head = get_run(connection, run_id), get_run_head(connection, run_id)
        launched_by = get_launcher(connection, run_id)
        makes = find_materialization(connection, run_id)
        states = read_states(connection, run_id)
    plan = load_pinned_plan(services.store, head.workflow_id, head.revision)
    forked = instance.get_run_by_id(run.forked_from.run_id) if run.forked_from else None
    built = build_first_launch(
        services,
        instance,
        plan,
        head.job_name,
        run.input,
        launched_by=launched_by,
        forked_from=run.forked_from,
        step_keys=select_steps(plan, states, ()) if run.forked_from else None,
        given_tags=_choose_tags(services, run.parent_run_id, forked),
        asked=makes.asked if makes else None,
    )
    near = forked.run_id if forked and forked.job_name in (head.job_name, ASSET_JOB) else run.parent_run_id
    with suppress(DagsterRunAlreadyExists):  # somebody else has created it meanwhile
        places = origins or find_origins(instance, head.job_name, head.workflow_id, near=near)
        create_dagster_run(instance, built, run_id, places)
    crash_point(CrashPoint.LAUNCH_IN_DAGSTER)
    with services.store.begin() as tx:
        is_ours = mark_launch_submitted(tx, run_id)
    if is_ours:
        report_origin(services, instance, run_id)
    return is_ours


def _choose_tags(services: Services, parent_run_id: str | None, forked: dg.DagsterRun | None) -> dict[str, str]:
    """The tags of its own of the run that it was forked from, and a link to the run that waits for it."""
    tags = {**copy_free_tags(forked)} if forked else dict[str, str]()
    if parent_run_id:
        tags[PARENT_TAG] = link_run(services.settings, parent_run_id) or parent_run_id
    return tags


def report_origin(services: Services, instance: dg.DagsterInstance, run_id: str) -> None:
    """Tells in the log of the run that this one was forked from; whoever has marked its first launch calls it."""
    with services.store.read() as connection:
        origin = get_run(connection, run_id).forked_from
    forked = instance.get_run_by_id(origin.run_id) if origin else None
    if origin and forked:
        report_fork(instance, forked, services.settings, node=origin.node_id, fork_id=run_id)
