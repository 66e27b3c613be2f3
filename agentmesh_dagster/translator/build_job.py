"""From a plan to a Dagster job, as data: nobody writes a function per workflow."""

import hashlib
from collections.abc import Mapping
from typing import Any

import dagster as dg

from agentmesh_dagster.graph.plan import Plan, PlannedOp, Wiring
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.translator.dagster_internals import DynamicCollectDependencyDefinition
from agentmesh_dagster.translator.dagster_runs import build_run_config
from agentmesh_dagster.translator.executor import EXECUTORS, lease_executor
from agentmesh_dagster.translator.launchpad import accepts, build_input_field, read_default_input
from agentmesh_dagster.translator.ops import PARENTS, RESOURCE, CompiledWorkflow, build_op, input_names
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG, describe_job

Dependency = dg.DependencyDefinition | dg.MultiDependencyDefinition | DynamicCollectDependencyDefinition


def build_job(
    plan: Plan, job_name: str, services: Services, executor: dg.ExecutorDefinition | None = None
) -> dg.JobDefinition:
    """The Dagster job of a plan; step key = op name = `PlannedOp.name`.

    `executor` is the setting's unless given.
    """
    compiled = CompiledWorkflow(plan, services)
    # Definition names must be unique over the repository; the alias is what people see, and the step key.
    definition_names = {op.name: f"{op.name}_{_digest(job_name, op.name)}" for op in plan.ops}
    graph = dg.GraphDefinition(
        name=job_name,
        node_defs=[build_op(plan, op, definition_names[op.name]) for op in plan.ops],
        dependencies={
            dg.NodeInvocation(definition_names[op.name], alias=op.name): _build_dependencies(op) for op in plan.ops
        },
    )
    return dg.JobDefinition(
        graph_def=graph,
        name=job_name,
        description=describe_job(plan, services.settings),
        resource_defs={RESOURCE: dg.ResourceDefinition.hardcoded_resource(compiled, "The plan and the store.")},
        config=_build_prefill(plan),
        executor_def=lease_executor(executor or EXECUTORS[services.settings.executor], compiled),
        tags={WORKFLOW_TAG: plan.workflow.id},
    )


def _build_prefill(plan: Plan) -> dict[str, Any] | None:
    """What the launchpad is filled with at first; nothing where the schema's own defaults do not fit it."""
    prefill = read_default_input(plan.workflow.input_schema)
    is_fit = accepts(build_input_field(plan.workflow.input_schema), prefill)
    return build_run_config(plan, prefill) if is_fit else None


def _digest(*names: str) -> str:
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest()[:10]


def _build_dependencies(op: PlannedOp) -> Mapping[str, Dependency]:
    names = input_names(op)
    if op.wiring is Wiring.COLLECT:
        return {names[port.source]: DynamicCollectDependencyDefinition(port.source, port.output) for port in op.inputs}
    if op.wiring is Wiring.REPEATED:
        return {names[port.source]: dg.DependencyDefinition(port.source, port.output) for port in op.inputs}
    if not op.inputs:
        return {}
    return {PARENTS: dg.MultiDependencyDefinition([dg.DependencyDefinition(p.source, p.output) for p in op.inputs])}
