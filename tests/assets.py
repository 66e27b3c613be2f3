"""Runs that make a version of an asset, for tests in which Dagster's asset graph is not the point."""

import uuid

import dagster as dg

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.runtime.launches import LaunchFacts, register_launch
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import current_revision, get_job_name
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.materializations import AssetLaunch
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.testing import FinishedRun
from agentmesh_dagster.translator.build_job import build_job
from agentmesh_dagster.translator.dagster_runs import build_run_config, read_instance_id


def run_asset(
    services: Services, workflow: Workflow, run_input: JsonValue, asked: AssetLaunch, instance: dg.DagsterInstance
) -> FinishedRun:
    """As `testing.run_workflow`: the run of the plain job, which is written down as one that makes the asset."""
    plan = load_plan(services.store, workflow.id, current_revision(services.store))
    job_name, run_id = get_job_name(services.store, plan.workflow), str(uuid.uuid4())
    facts = LaunchFacts(run_id, read_instance_id(instance), job_name, run_input, asset=asked)
    with services.store.begin() as tx:
        register_launch(tx, plan, facts)
    config = build_run_config(plan, run_input)
    job = build_job(plan, job_name, services)
    result = job.execute_in_process(run_config=config, instance=instance, raise_on_error=False, run_id=run_id)
    with services.store.read() as connection:
        events = list_events(connection, run_id, limit=100_000)
        return FinishedRun(get_run(connection, run_id), list_steps(connection, run_id), events, result)
