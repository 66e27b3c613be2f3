"""The Dagster run of a first launch: what it says of a job with loops is worked out at its first launch here, and kept.

Dagster plans and writes down all steps of a job for each run of it. Of a loop of a hundred rounds, which mostly ends in
the second, that takes longer than to play it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import dagster as dg

from agentmesh_dagster.control.dagster_internals import (
    CODE_LOCATION_TAG,
    ExecutionPlan,
    create_execution_plan,
    snapshot_from_execution_plan,
)
from agentmesh_dagster.control.pinning import build_load_data
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import ForkedFrom
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.materializations import AssetLaunch
from agentmesh_dagster.translator.asset_facts import write_asset_tags
from agentmesh_dagster.translator.asset_specs import read_key
from agentmesh_dagster.translator.build_job import build_job_once
from agentmesh_dagster.translator.dagster_runs import build_run_config, read_instance_id
from agentmesh_dagster.translator.materialize import list_makers
from agentmesh_dagster.translator.rounds import AHEAD
from agentmesh_dagster.translator.run_tags import WITHIN_TAG, name_origin

# By job, then by Dagster instance: the first run that was created of it, whose snapshots those that follow share.
_first_runs: WeakKeyDictionary[dg.JobDefinition, dict[str, dg.DagsterRun]] = WeakKeyDictionary()

_OF_OTHER_RUNS = (  # Dagster asks for them by name
    "status",
    "root_run_id",
    "parent_run_id",
    "parent_job_snapshot",
    "asset_selection",
    "asset_check_selection",
    "op_selection",
    "resolved_op_selection",
)


@dataclass(frozen=True)
class FirstLaunch:
    """What a first launch is to Dagster, whatever its id."""

    job: dg.JobDefinition
    execution_plan: ExecutionPlan | None  # None: that of the run which this one is like
    like: dg.DagsterRun | None
    run_config: Mapping[str, Any]
    tags: Mapping[str, str]
    names_steps: bool  # False: it has loops, and all steps are executed
    makes: frozenset[dg.AssetKey] | None  # the assets of which it is to make a version


def build_first_launch(
    services: Services,
    instance: dg.DagsterInstance,
    plan: Plan,
    job_name: str,
    run_input: JsonValue,
    *,
    launched_by: str | None,
    forked_from: ForkedFrom | None = None,
    step_keys: Sequence[str] | None = None,
    given_tags: Mapping[str, str] | None = None,
    asked: AssetLaunch | None = None,
    within: str | None = None,
) -> FirstLaunch:
    """What a first launch is to Dagster; `step_keys` None: all steps. Raises what Dagster says of its config.

    `within` is the Dagster run of which one step executes it. That step tells what was made, so the job says nothing of
    an asset.
    """
    job = build_job_once(plan, job_name, services)
    if step_keys is not None:
        step_keys = [*step_keys, *list_makers(job)]
    makes = select_assets(job) or _select_within(plan, within)
    plays_loops = plan.has_rounds and step_keys is None and makes is None  # of an asset Dagster is told all it plans
    like = _find_like(instance, job) if plays_loops else None
    planned = job if like is None else build_job_once(plan, job_name, services, first_rounds=AHEAD)
    run_config = build_run_config(plan, run_input, log_level=services.settings.console_log_level)
    execution_plan = create_execution_plan(  # which holds the config against the job's
        planned,
        run_config=run_config,
        step_keys_to_execute=step_keys,
        repository_load_data=build_load_data(plan.revision, first_rounds=AHEAD if plays_loops else None),
    )
    tags = {**(given_tags or {}), **job.tags, **name_origin(launched_by, forked_from)}
    tags |= write_asset_tags(asked) if asked else {}
    tags |= {WITHIN_TAG: within} if within else {}
    return FirstLaunch(job, execution_plan if like is None else None, like, run_config, tags, not plays_loops, makes)


def select_assets(job: dg.JobDefinition) -> frozenset[dg.AssetKey] | None:
    """What Dagster is told that a launch makes; None: its job is not in its asset form."""
    return frozenset(job.asset_layer.selected_asset_keys) or None


def _select_within(plan: Plan, within: str | None) -> frozenset[dg.AssetKey] | None:
    """By these keys Dagster counts a run that failed, although its job has no asset layer."""
    asset = plan.workflow.asset
    return frozenset(map(read_key, asset.keys)) if within and asset else None


def _find_like(instance: dg.DagsterInstance, job: dg.JobDefinition) -> dg.DagsterRun | None:
    """A run of the job whose snapshots the instance still has."""
    found = _first_runs.get(job, {}).get(read_instance_id(instance))
    if found is None:
        return None
    # Dagster keeps both in one table. Asked for the snapshot of a plan as such, it reads all of it.
    ids = (found.job_snapshot_id or "", found.execution_plan_snapshot_id or "")
    return found if all(map(instance.run_storage.has_job_snapshot, ids)) else None


def create_dagster_run(
    instance: dg.DagsterInstance, launch: FirstLaunch, run_id: str, origins: Mapping[str, Any]
) -> None:
    """Writes a first launch down in Dagster, under this id. Raises DagsterRunAlreadyExists."""
    if launch.like is not None:
        instance.add_run(_repeat(launch.like, launch, run_id, origins))
        return
    assert launch.execution_plan is not None
    job = launch.job
    said: dict[str, Any] = {"run_id": run_id, "run_config": launch.run_config, "tags": launch.tags, **origins}
    if launch.names_steps:
        instance.create_run_for_job(
            job_def=job, execution_plan=launch.execution_plan, asset_selection=launch.makes, **said
        )
        return
    snapshot = snapshot_from_execution_plan(launch.execution_plan, job.get_job_snapshot_id())
    nothing: dict[str, Any] = dict.fromkeys(_OF_OTHER_RUNS)
    created = instance.create_run(  # pyright: ignore[reportUnknownMemberType]
        job_name=job.name,
        step_keys_to_execute=None,  # a worker that builds the first rounds only would not know the others
        execution_plan_snapshot=snapshot,
        job_snapshot=job.get_job_snapshot(),
        asset_graph=job.asset_layer.asset_graph,
        **nothing,
        **said,
    )
    _first_runs.setdefault(job, {})[read_instance_id(instance)] = created


def _repeat(like: dg.DagsterRun, launch: FirstLaunch, run_id: str, origins: Mapping[str, Any]) -> dg.DagsterRun:
    """The run that Dagster would make of the same job with the same plan."""
    location = origins["remote_job_origin"].repository_origin.code_location_origin.location_name
    return dg.DagsterRun(
        job_name=like.job_name,
        run_id=run_id,
        run_config=launch.run_config,
        tags={**launch.tags, CODE_LOCATION_TAG: location},
        job_snapshot_id=like.job_snapshot_id,
        execution_plan_snapshot_id=like.execution_plan_snapshot_id,
        has_repository_load_data=like.has_repository_load_data,
        run_op_concurrency=like.run_op_concurrency,
        **origins,
    )
