"""First rounds: a worker builds of each loop the rounds with which a launch begins, and more when it comes to others.

Dagster reads the config of every op of a job, plans it and sorts it, before it executes the first: of a loop of a
hundred rounds, which mostly ends in the second, that takes longer than to play it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentmesh_dagster.graph.plan import Plan, PlannedOp
from agentmesh_dagster.translator.dagster_internals import (
    CodeLocationReconstructionMetadataValue,
    ExecutionPlan,
    PlanOrchestrationContext,
    create_execution_plan,
)
from agentmesh_dagster.translator.rounds import AHEAD

FIRST_ROUNDS_KEY = "agentmesh/first_rounds"  # in what a run's worker rebuilds its job from: so many will do
_MORE = 4  # times as many as it has come to: what was built before is little beside that


def read_first_rounds(metadata: Mapping[str, str]) -> int | None:
    """How many rounds of each loop a worker builds, by what its run was launched with; None: all."""
    count = metadata.get(FIRST_ROUNDS_KEY)
    if count is None:
        return None
    return AHEAD if count == "yes" else int(count)  # the word is of runs of an earlier release


def list_first_ops(plan: Plan, count: int) -> Sequence[PlannedOp]:
    """The ops of so many rounds of each loop, and all outside of loops, each behind those of them before it."""
    kept: dict[str, PlannedOp] = {}
    for op in plan.ops:  # sources first
        inputs = tuple(port for port in op.inputs if port.source in kept)
        is_first = all(number <= count for _, number in plan.scopes.rounds_around(op.node.id))
        if is_first and (inputs or not op.inputs):
            kept[op.name] = replace(op, inputs=inputs)
    return [*kept.values()]


def build_more_rounds(
    context: PlanOrchestrationContext, first: ExecutionPlan, plan: Plan, step_keys: Iterable[str]
) -> tuple[PlanOrchestrationContext, ExecutionPlan]:
    """The job and the plan of a launch once more, with the rounds of these steps, and some behind them."""
    load_data = context.reconstructable_job.repository.repository_load_data
    assert load_data is not None  # it says that the first rounds will do
    ops = (plan.by_name[key.partition("[")[0]] for key in step_keys)
    reached = max(number for op in ops for _, number in plan.scopes.rounds_around(op.node.id))
    count = CodeLocationReconstructionMetadataValue(str(_MORE * reached))
    metadata = {**load_data.reconstruction_metadata, FIRST_ROUNDS_KEY: count}
    load_data = load_data._replace(reconstruction_metadata=metadata)
    job = context.reconstructable_job.with_repository_load_data(load_data)
    run = context.dagster_run
    execution_plan = create_execution_plan(
        job,
        run_config=run.run_config,
        known_state=first.known_state,
        instance_ref=context.instance.get_ref() if context.instance.is_persistent else None,
        tags=run.tags,
        repository_load_data=load_data,
    )
    data: Any = context.plan_data._replace(job=job, execution_plan=execution_plan)
    opened = PlanOrchestrationContext(data, context.log, context.executor, context.output_capture)
    return opened, execution_plan
