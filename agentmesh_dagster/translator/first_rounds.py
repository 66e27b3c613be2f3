"""First rounds: a worker builds of each loop the rounds with which a launch begins, and all when it goes on.

Dagster reads the config of every op of a job, plans it and sorts it, before it executes the first: of a loop of a
hundred rounds, which mostly ends in the second, that takes longer than to play it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agentmesh_dagster.graph.plan import Plan, PlannedOp
from agentmesh_dagster.translator.dagster_internals import (
    ExecutionPlan,
    PlanOrchestrationContext,
    create_execution_plan,
)
from agentmesh_dagster.translator.rounds import AHEAD

FIRST_ROUNDS_KEY = "agentmesh/first_rounds"  # in what a run's worker rebuilds its job from: these will do at first


def list_first_ops(plan: Plan) -> Sequence[PlannedOp]:
    """The ops of the first rounds of each loop, and all outside of loops, each behind those of them before it."""
    kept: dict[str, PlannedOp] = {}
    for op in plan.ops:  # sources first
        inputs = tuple(port for port in op.inputs if port.source in kept)
        is_first = all(number <= AHEAD for _, number in plan.scopes.rounds_around(op.node.id))
        if is_first and (inputs or not op.inputs):
            kept[op.name] = replace(op, inputs=inputs)
    return [*kept.values()]


def build_all_rounds(
    context: PlanOrchestrationContext, first: ExecutionPlan
) -> tuple[PlanOrchestrationContext, ExecutionPlan]:
    """The job and the plan of a launch once more, with all rounds: for what begins behind the first."""
    load_data = context.reconstructable_job.repository.repository_load_data
    assert load_data is not None  # it says that the first rounds will do
    metadata = {key: value for key, value in load_data.reconstruction_metadata.items() if key != FIRST_ROUNDS_KEY}
    load_data = load_data._replace(reconstruction_metadata=metadata)
    job = context.reconstructable_job.with_repository_load_data(load_data)
    run = context.dagster_run
    plan = create_execution_plan(
        job,
        run_config=run.run_config,
        known_state=first.known_state,
        instance_ref=context.instance.get_ref() if context.instance.is_persistent else None,
        tags=run.tags,
        repository_load_data=load_data,
    )
    data: Any = context.plan_data._replace(job=job, execution_plan=plan)
    opened = PlanOrchestrationContext(data, context.log, context.executor, context.output_capture)
    return opened, plan
