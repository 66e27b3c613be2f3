"""From a plan to a Dagster job, as data: nobody writes a function per workflow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from agentmesh_dagster.entities.lru_cache import LRUCache
from agentmesh_dagster.graph.plan import Plan, PlannedOp
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.translator.asset_facts import ASSET_JOB
from agentmesh_dagster.translator.asset_specs import build_assets_definition
from agentmesh_dagster.translator.boxes import wire_ops
from agentmesh_dagster.translator.child_runs import NOBODY, ChildRuns
from agentmesh_dagster.translator.dagster_internals import AssetGraph, AssetLayer, JobSnap, NodeHandle
from agentmesh_dagster.translator.dagster_runs import build_run_config
from agentmesh_dagster.translator.executor import EXECUTORS, get_executor, lease_executor, lease_in_process
from agentmesh_dagster.translator.first_rounds import list_first_ops
from agentmesh_dagster.translator.launchpad import accepts, asks_for_something, build_input_field, read_default_input
from agentmesh_dagster.translator.materialize import build_materialize_op, plan_materialize
from agentmesh_dagster.translator.ops import RESOURCE, CompiledWorkflow, build_op
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG, describe_job


@dataclass(frozen=True)
class JobOptions:
    """What a host project gives to each job."""

    executor: dg.ExecutorDefinition | None = None  # the setting's unless given
    owners: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    hooks: frozenset[dg.HookDefinition] = frozenset()
    resource_keys: frozenset[str] = frozenset()  # of the host's resources, for function tools

    @property
    def owner_arguments(self) -> dict[str, Any]:
        """For a job; nothing where there are none, since Dagster warns of what it calls beta."""
        return {"owners": self.owners} if self.owners else {}


class WorkflowGraph(dg.GraphDefinition):
    """The graph of a compiled job: by it ours are told from a host project's, also after Dagster has copied the job.

    Its name is not the job's: a host may have an asset, an op or a graph of that name.
    """

    def __init__(self, job_name: str, services: Services, **parts: Any) -> None:
        super().__init__(name=f"{job_name}__workflow", **parts)  # pyright: ignore[reportUnknownMemberType]
        self.services = services


class CompiledJob(dg.JobDefinition):
    """A job that keeps its snapshot's id, not the snapshot too: of a thousand jobs hardly one is looked at."""

    _snapshot_id: str | None = None

    def get_job_snapshot_id(self) -> str:
        if self._snapshot_id is None:
            self._snapshot_id = JobSnap.from_job_def(self).snapshot_id
        return self._snapshot_id

    def _copy(self, **kwargs: Any) -> dg.JobDefinition:
        # Dagster copies a job to bind a host's resources to it, or to note where it is from: of its own kind.
        copied = super()._copy(**kwargs)
        copied.__class__ = CompiledJob
        return copied

    def get_subset(self, *, op_selection: Any = None, **_selection: Any) -> dg.JobDefinition:
        """In its asset form it makes all of its asset, or nothing: whoever asks for a part of that gets the whole."""
        return self if op_selection is None else super().get_subset(op_selection=op_selection)

    def as_ephemeral_job(self, *args: Any, **kwargs: Any) -> dg.JobDefinition:
        """What `execute_in_process` executes: not with the job's executor, but with the lease around its own."""
        compiled: CompiledWorkflow = self.resource_defs[RESOURCE].resource_fn(None)  # pyright: ignore
        return super().as_ephemeral_job(*args, **kwargs).with_executor_def(lease_in_process(compiled))


def build_job(
    plan: Plan,
    job_name: str,
    services: Services,
    options: JobOptions = JobOptions(),
    child_runs: ChildRuns = NOBODY,
    *,
    first_rounds: int | None = None,
) -> dg.JobDefinition:
    """The Dagster job of a plan; step key = op name = `PlannedOp.name`.

    One that is called `ASSET_JOB` is the job in its asset form: a run of it makes a version of the workflow's asset.
    Resources of a host that it asks for (`options`) are bound by the host's `Definitions`, not here.
    `first_rounds`: how many of each loop, for a worker that begins with these and builds others if need be; None: all.
    """
    last = plan_materialize(plan) if job_name == ASSET_JOB else None
    materialize = build_materialize_op(plan, last) if last else None
    # Another executor may have its steps rebuild the job elsewhere, by what the run was launched with.
    is_ours = options.executor is None and services.settings.executor in EXECUTORS
    count = first_rounds if is_ours and last is None else None
    compiled = CompiledWorkflow(plan, services, child_runs, has_all_rounds=count is None)
    ops = plan.ops if count is None else list_first_ops(plan, count)

    def define(op: PlannedOp) -> dg.OpDefinition:
        if op is last and materialize:
            return materialize
        return build_op(plan, op, services.settings, options.resource_keys, derives_input=last is not None)

    wired = wire_ops((*ops, last) if last else ops, define)
    graph = WorkflowGraph(job_name, services, node_defs=wired.definitions, dependencies=wired.dependencies)
    executor = options.executor or get_executor(services.settings.executor, services.settings)
    return CompiledJob(
        graph_def=graph,
        name=job_name,
        description=describe_job(plan, services.settings),
        resource_defs={RESOURCE: dg.ResourceDefinition.hardcoded_resource(compiled, "The plan and the store.")},
        # What is filled in beforehand would be taken for given, in each partition.
        config=None if last else _build_prefill(plan),
        executor_def=lease_executor(executor, compiled),
        tags={**options.tags, WORKFLOW_TAG: plan.workflow.id},
        hook_defs=options.hooks,
        # Else Dagster would look for the host's resources now, before it has them.
        _was_explicitly_provided_resources=False,
        **options.owner_arguments,
        **(_build_asset_layer(plan, last.alias, materialize, services) if last and materialize else {}),
    )


def _build_asset_layer(plan: Plan, step_key: str, op: dg.OpDefinition, services: Services) -> dict[str, Any]:
    """What tells Dagster that the step makes the asset."""
    made = build_assets_definition(plan, op, services.settings)
    return {
        "asset_layer": AssetLayer.from_mapping({NodeHandle(step_key, None): made}, AssetGraph.from_assets([made])),
        "partitions_def": made.partitions_def,
    }


_KEPT = 64  # jobs in one process; with its config schema and snapshot one of ten nodes takes some 150 kB
_jobs: LRUCache[tuple[int, int, str, int | None], dg.JobDefinition] = LRUCache(_KEPT)


def build_job_once(
    plan: Plan, job_name: str, services: Services, *, first_rounds: int | None = None
) -> dg.JobDefinition:
    """`build_job`, kept for the next call with the same plan: also what Dagster works out of a job but once."""
    # By identity: what is kept holds on to both, so no other object can have come to stand in their places.
    key = (id(plan), id(services), job_name, first_rounds)
    return _jobs.get(key, lambda: build_job(plan, job_name, services, first_rounds=first_rounds))


def _build_prefill(plan: Plan) -> dict[str, Any] | None:
    """What the launchpad is filled with at first; nothing where the schema's own defaults do not fit it.

    Dagster takes it for whatever is left out of a launch. So it is nothing, too, where something is required that has
    no default: a launch without that is refused, and the launchpad's "Scaffold missing config" writes it down.
    """
    if asks_for_something(plan.workflow.input_schema or {}):
        return None
    prefill = read_default_input(plan.workflow.input_schema)
    is_fit = accepts(build_input_field(plan.workflow.input_schema), prefill)
    return build_run_config(plan, prefill) if is_fit else None
