"""Executing a workflow's run within a step of another Dagster run: whoever cancels that one cancels this one."""

import uuid
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import dagster as dg

from agentmesh_dagster.control.cancel import stop_launches
from agentmesh_dagster.control.dagster_internals import (
    DagsterExecutionInterruptedError,
    ExecutorRequirement,
    InMemoryJob,
    ReconstructableJob,
)
from agentmesh_dagster.control.dagster_run import build_first_launch, create_dagster_run
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import PreparedLaunch, check_input, find_origins
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.assets import Asset
from agentmesh_dagster.runtime.launches import LaunchFacts, find_asking, register_launch
from agentmesh_dagster.runtime.lease import Lease, keep_lease
from agentmesh_dagster.runtime.places import take_place
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.launches import end_lease, find_launch, renew_launch
from agentmesh_dagster.store.materializations import AssetLaunch
from agentmesh_dagster.translator.asset_facades import FacadeStep
from agentmesh_dagster.translator.asset_facts import derive_input, find_asset_launch, write_asset_tags
from agentmesh_dagster.translator.asset_specs import build_check_specs, read_key
from agentmesh_dagster.translator.build_job import build_job_once
from agentmesh_dagster.translator.dagster_internals import (
    BACKFILL_ID_TAG,
    PARTITION_NAME_TAG,
    AssetCheckEvaluationPlanned,
    AssetMaterializationPlannedData,
)
from agentmesh_dagster.translator.dagster_runs import read_instance_id, read_launcher
from agentmesh_dagster.translator.materialize import plan_materialize
from agentmesh_dagster.translator.run_tags import ASK_AGAIN_TAG


@contextmanager
def execute_within(step: FacadeStep) -> Generator[str]:
    """Executes the first launch of a new run that makes the asset, and gives the launch's id. The run may wait then.

    Where a person is asked for the same already, it is a launch of that run, which waits. Raises InvalidPartition,
    InvalidJson, UnfitInput, RunLimitReached.
    """
    services, instance, plan = step.facade.services, step.instance, step.facade.plan
    asset = plan.workflow.asset
    assert asset is not None
    launch_id, asked = str(uuid.uuid4()), _find_asset_launch(step, asset)
    facts = LaunchFacts(
        launch_id,
        read_instance_id(instance),
        step.facade.job_name,
        check_input(plan.workflow, derive_input(plan.workflow.input_schema, asked)),
        launched_by=read_launcher(step.run.tags),
        asset=asked,
        derives_input=True,
        asks_again=step.run.tags.get(ASK_AGAIN_TAG) == "true",
    )
    with services.store.begin() as tx:
        taken = None if find_asking(tx, plan, facts) else take_place(tx, plan.workflow.id, launch_id, facts.instance_id)
        registered = register_launch(tx, plan, facts, place=taken)
    for canceled in taken.canceled if taken else ():
        stop_launches(services, instance, canceled)
    launch = PreparedLaunch(launch_id, registered.run_id, facts.job_name, plan.revision)
    built = build_first_launch(
        services,
        instance,
        plan,
        facts.job_name,
        facts.input,
        launched_by=facts.launched_by,
        within=step.run.run_id,
    )
    origins = find_origins(instance, facts.job_name, plan.workflow.id, near=step.run.run_id)
    create_dagster_run(instance, built, launch_id, origins)
    try:
        if not run_in_place(services, instance, launch, job=_find_job(step)):
            raise DagsterExecutionInterruptedError
        with _hold(services, launch_id):  # so it is at work, whatever Dagster says, until the step has told of it
            with services.store.read() as connection:
                done = find_launch(connection, launch_id)
            if done is not None and done.parked_at is not None:
                _show_as_making(step, asset, asked, launch_id)
            crash_point(CrashPoint.MADE_WITHIN)
            yield launch_id
    finally:
        with services.store.begin() as tx:
            end_lease(tx, launch_id)
        reconcile_run(services, instance, launch.run_id, may_begin_again=False)


def _hold(services: Services, launch_id: str) -> AbstractContextManager[Lease]:
    seconds = services.settings.lease_seconds

    def renew() -> bool:
        with services.store.begin() as tx:
            return renew_launch(tx, launch_id, seconds)

    return keep_lease(renew, seconds, name="facade-lease")


def _find_asset_launch(step: FacadeStep, asset: Asset) -> AssetLaunch:
    tags = step.run.tags
    partition = tags.get(PARTITION_NAME_TAG) if asset.partitions else None  # others in the run may have partitions
    asked = find_asset_launch(asset, step.instance, partition, backfill_id=tags.get(BACKFILL_ID_TAG))
    return replace(asked, facade_id=step.run.run_id)


def _find_job(step: FacadeStep) -> Any:
    """The workflow's own job, as Dagster's `IJob`, where the job that is executed stands."""
    name = step.facade.job_name
    if not isinstance(step.job, ReconstructableJob):  # somebody executes a job in the process that has made it
        return InMemoryJob(build_job_once(step.facade.plan, name, step.facade.services).as_ephemeral_job({}, {}))
    located = step.job.get_repository_definition()
    assert located is not None
    job = located.get_job(name)
    if ExecutorRequirement.RECONSTRUCTABLE_JOB in job.executor_def.get_requirements({}):
        return ReconstructableJob(step.job.repository, name)
    return InMemoryJob(job)  # so the location, somebody's, is not loaded again


def _show_as_making(step: FacadeStep, asset: Asset, asked: AssetLaunch, launch_id: str) -> None:
    """Shows the waiting launch as one that is making the asset; the step, which was, ends without."""
    job_name, step_key = step.facade.job_name, plan_materialize(step.facade.plan).alias
    step.instance.add_run_tags(launch_id, write_asset_tags(asked))
    planned = [
        dg.DagsterEvent.build_asset_materialization_planned_event(
            job_name, step_key, AssetMaterializationPlannedData(read_key(key), partition=asked.partition)
        )
        for key in asset.keys
    ]
    planned += [
        dg.DagsterEvent(
            dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
            job_name,
            step_key=step_key,
            event_specific_data=AssetCheckEvaluationPlanned(asset_key=spec.asset_key, check_name=spec.name),
        )
        for spec in build_check_specs(asset)
    ]
    for event in planned:
        step.instance.report_dagster_event(event, launch_id)
