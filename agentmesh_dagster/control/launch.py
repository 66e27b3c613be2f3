"""Launching: from a stored workflow and an input to a Dagster run."""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import dagster as dg

from agentmesh_dagster.control.cancel import stop_launches
from agentmesh_dagster.control.dagster_internals import DagsterRunAlreadyExists
from agentmesh_dagster.control.dagster_run import build_first_launch, create_dagster_run
from agentmesh_dagster.control.location import CodeLocation
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.json_schema import JsonSchema, SchemaMismatch, fit_input
from agentmesh_dagster.entities.json_values import JsonValue, check_json
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.errors import InvalidValue
from agentmesh_dagster.runtime.launches import LaunchFacts, find_asking, register_launch
from agentmesh_dagster.runtime.places import take_place
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import current_revision, get_job_name
from agentmesh_dagster.store.launches import mark_launch_submitted
from agentmesh_dagster.store.materializations import AssetLaunch
from agentmesh_dagster.translator.asset_facts import ASSET_JOB, check_partition, derive_input, find_asset_launch
from agentmesh_dagster.translator.dagster_runs import read_instance_id
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG
from agentmesh_dagster.wire import NewRun

GIVEN_NONE: Any = object()  # as a run's input: it was given none


class NoAsset(InvalidValue):
    """The workflow gives no asset, so no run was started."""


class NotMaterialized(InvalidValue):
    """Only a run that makes a version of an asset has a partition: ask for `materialize` too."""


@dataclass(frozen=True)
class NewVersion:
    """A version of a workflow's asset."""

    partition: str | None = None  # its key; None: the asset has none
    asks_again: bool = False  # a person, also while one is asked for the same


def read_new_run(wanted: NewRun) -> tuple[JsonValue, NewVersion | None]:
    """The input of a run that somebody asks for, and what it is to make. Raises NotMaterialized."""
    if not wanted.materialize and wanted.partition is not None:
        raise NotMaterialized(f"the partition is {quote(wanted.partition)}")
    run_input = wanted.input if "input" in wanted.model_fields_set else GIVEN_NONE
    return run_input, NewVersion(wanted.partition, wanted.ask_again) if wanted.materialize else None


class UnfitInput(InvalidValue):
    """The input does not fit the workflow's inputSchema, so no run was started."""


@dataclass(frozen=True)
class PreparedLaunch:
    """A Dagster run that is written down and not started yet."""

    launch_id: str  # the Dagster run's id; of a first launch also the run's
    run_id: str
    job_name: str
    revision: int
    is_queued: bool = False  # it waits for a place, and Dagster does not know it yet
    is_asking: bool = False  # it was there before, and asks a person for what was to be made: there is nothing to start


def prepare_launch(
    services: Services,
    instance: dg.DagsterInstance,
    workflow: Workflow,
    run_input: JsonValue,
    *,
    launched_by: str,
    location: CodeLocation | None = None,
    makes: NewVersion | None = None,
) -> PreparedLaunch:
    """Creates a run of a stored workflow at its newest revision, in the store and in Dagster.

    `makes` is the version of its asset that it is to make, if any; without an input it has one that follows from that.
    Where as many runs are open as the workflow's `concurrency` allows, it may be written down only, and begins when
    there is a place (`control/queued_runs.py`). Raises InvalidJson, UnfitInput, WorkflowHasFaults, RunLimitReached,
    NoAsset, InvalidPartition; then nothing is created.
    """
    revision = current_revision(services.store)
    plan = load_plan(services.store, workflow.id, revision)
    asked = _find_asset_launch(instance, plan.workflow, makes) if makes else None
    derives_input = asked is not None and run_input is GIVEN_NONE
    if derives_input and asked:
        run_input = derive_input(plan.workflow.input_schema, asked)
    checked = check_input(plan.workflow, {} if run_input is GIVEN_NONE else run_input)
    place = location or CodeLocation()
    job_name = ASSET_JOB if asked else place.job_prefix + get_job_name(services.store, plan.workflow)
    run_id = str(uuid.uuid4())
    built = build_first_launch(services, instance, plan, job_name, checked, launched_by=launched_by, asked=asked)
    # Ours first: should this process die now, the run is there, and is created in Dagster by whoever finds it.
    facts = LaunchFacts(
        run_id,
        read_instance_id(instance),
        job_name,
        checked,
        launched_by=launched_by,
        asset=asked,
        derives_input=derives_input,
        asks_again=makes is not None and makes.asks_again,
    )
    with services.store.begin() as tx:
        if asking := find_asking(tx, plan, facts):
            return PreparedLaunch(asking, asking, job_name, revision, is_asking=True)
        taken = take_place(tx, workflow.id, run_id, facts.instance_id)
        register_launch(tx, plan, facts, place=taken, is_submitted=False)
    crash_point(CrashPoint.LAUNCH_STORED)
    for canceled in taken.canceled:
        stop_launches(services, instance, canceled)
    if taken.is_queued:
        return PreparedLaunch(run_id, run_id, job_name, revision, is_queued=True)
    with suppress(DagsterRunAlreadyExists):  # this took so long that somebody has created it meanwhile
        create_dagster_run(instance, built, run_id, place.build_origins(job_name))
    crash_point(CrashPoint.LAUNCH_IN_DAGSTER)
    with services.store.begin() as tx:
        mark_launch_submitted(tx, run_id)
    return PreparedLaunch(run_id, run_id, job_name, revision)


def _find_asset_launch(instance: dg.DagsterInstance, workflow: Workflow, makes: NewVersion) -> AssetLaunch:
    if workflow.asset is None:
        raise NoAsset(f"`{workflow.id}` has no `asset`")
    check_partition(workflow.asset, instance, makes.partition)
    return find_asset_launch(workflow.asset, instance, makes.partition)


def find_origins(
    instance: dg.DagsterInstance, job_name: str, workflow_id: str, *, near: str | None = None
) -> dict[str, Any]:
    """Where a job is launched, and its code is.

    That is the code location of `near`, another Dagster run, else of the newest run of the job; this installation's if
    there is none.
    """
    beside = instance.get_run_by_id(near) if near else None
    if beside is not None and beside.remote_job_origin and beside.job_code_origin:
        return {
            "remote_job_origin": beside.remote_job_origin.repository_origin.get_job_origin(job_name),
            "job_code_origin": beside.job_code_origin.repository_origin.get_job_origin(job_name),
        }
    # By the workflow too: in their asset form all jobs have one name, also those of other people's projects.
    newest = instance.get_runs(dg.RunsFilter(job_name=job_name, tags={WORKFLOW_TAG: workflow_id}), limit=1)
    remote, code = (newest[0].remote_job_origin, newest[0].job_code_origin) if newest else (None, None)
    return {
        "remote_job_origin": remote or CodeLocation().build_remote_origin(job_name),
        "job_code_origin": code or CodeLocation().build_code_origin(job_name),
    }


def check_input(workflow: Workflow, run_input: JsonValue) -> JsonValue:
    """The input with the defaults of the workflow's inputSchema filled in. Raises InvalidJson, UnfitInput."""
    checked = fit_input(workflow.input_schema, check_json(run_input))
    if workflow.input_schema is not None:
        try:
            JsonSchema(workflow.input_schema).check(checked)
        except SchemaMismatch as mismatch:
            raise UnfitInput(mismatch.detail) from mismatch
    return checked
