"""Forking: a new run goes on from a step of another run, at its revision or at the newest one."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg

from agentmesh_dagster.control.cancel import stop_launches
from agentmesh_dagster.control.first_launch import create_first_launch
from agentmesh_dagster.control.launch import PreparedLaunch
from agentmesh_dagster.control.location import CodeLocation
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.json_schema import JsonSchema, fit_input
from agentmesh_dagster.entities.json_values import JsonValue, check_json
from agentmesh_dagster.entities.models import Run, Workflow
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.graph.address import Address, read_path
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.fork_issues import Fork
from agentmesh_dagster.runtime.forks import ForkRefused, register_fork
from agentmesh_dagster.runtime.places import take_place
from agentmesh_dagster.runtime.plans import load_pinned_plan, load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import EntityNotFound, current_revision, get_job_name
from agentmesh_dagster.store.runs import NewRun, get_run, get_run_head
from agentmesh_dagster.translator.asset_facts import ASSET_JOB
from agentmesh_dagster.translator.dagster_runs import read_instance_id
from agentmesh_dagster.wire import NewFork


@dataclass(frozen=True)
class _Target:
    """Where a fork is to run."""

    plan: Plan
    job_name: str
    origins: Mapping[str, Any] | None = None  # None: where the run was launched


def prepare_fork(
    services: Services,
    instance: dg.DagsterInstance,
    run_id: str,
    wanted: NewFork,
    *,
    by: str,
    launched_by: str | None = None,
    location: CodeLocation | None = None,
) -> PreparedLaunch:
    """Creates a run that goes on from a step of another run, in whatever state that is; it is not started yet.

    `location` is where the workflow's newest revision is launched; at the run's own revision it is launched where that
    was. Where there is no place for it, it waits for one, as any new run. Raises RunNotFound, ForkRefused (with all
    issues), WorkflowHasFaults, RunLimitReached; then nothing is created.
    """
    reconcile_run(services, instance, run_id)
    with services.store.read() as connection:
        source, head = get_run(connection, run_id), get_run_head(connection, run_id)
    before = load_pinned_plan(services.store, head.workflow_id, head.revision)
    is_newest = wanted.revision == "newest"
    job_name = get_job_name(services.store, before.workflow) if head.job_name == ASSET_JOB else head.job_name
    target = _find_newest(services, source, location) if is_newest else _Target(before, job_name)
    fork, run_input, issues = _read_request(target.plan.workflow, source, wanted, by)
    new = NewRun(
        id=str(uuid.uuid4()),
        workflow_id=source.workflow_id,
        project_id=target.plan.workflow.project_id,
        job_name=target.job_name,
        revision=target.plan.revision,
        input=run_input,
        launched_by=launched_by or by,
        forked_from=fork.origin,
    )
    instance_id = read_instance_id(instance)
    with services.store.begin() as tx:
        place = take_place(tx, new.workflow_id, new.id, instance_id)
        new = replace(new, is_queued=place.is_queued)
        register_fork(tx, target.plan, before, fork, new, instance_id=instance_id, issues=issues)
    # Ours first: should this process die now, the run is there, and is created in Dagster by whoever finds it.
    crash_point(CrashPoint.LAUNCH_STORED)
    for canceled in place.canceled:
        stop_launches(services, instance, canceled)
    if not place.is_queued:
        create_first_launch(services, instance, new.id, origins=target.origins)
    return PreparedLaunch(new.id, new.id, target.job_name, target.plan.revision, is_queued=place.is_queued)


def _find_newest(services: Services, source: Run, location: CodeLocation | None) -> _Target:
    try:
        plan = load_plan(services.store, source.workflow_id, current_revision(services.store))
    except EntityNotFound as missing:
        message = "The workflow was deleted, so it has no newest revision: fork at the run's own."
        raise ForkRefused([Issue("workflow-deleted", message, path="$.revision")]) from missing
    place = location or CodeLocation()
    job_name = place.job_prefix + get_job_name(services.store, plan.workflow)
    return _Target(plan, job_name, place.build_origins(job_name))


def _read_request(workflow: Workflow, source: Run, wanted: NewFork, by: str) -> tuple[Fork, JsonValue, Sequence[Issue]]:
    """The fork that is asked for, the input of its run, and what is wrong with both. Raises InvalidJson."""
    run_input = fit_input(
        workflow.input_schema, check_json(wanted.input) if "input" in wanted.model_fields_set else source.input
    )
    faults = [] if workflow.input_schema is None else JsonSchema(workflow.input_schema).list_faults(run_input)
    issues = [
        Issue("unfit-input", f"`input` does not fit the inputSchema at {fault.path}: {fault.message}.", path="$.input")
        for fault in faults
    ]
    try:
        path = read_path(wanted.path)
    except ValueError:
        message = f"`path` says where the step stands, as steps do: `[3]` or `#2`; here it is {quote(wanted.path)}."
        issues.append(Issue("bad-value", message, path="$.path"))
        path = ()
    outputs = {node_id: check_json(output) for node_id, output in wanted.outputs.items()}
    return Fork(source.id, Address(wanted.from_node_id, path), outputs, by), run_input, issues
