"""Selection: what becomes of a launch of some steps only, of which some could not run."""

from agentmesh_dagster.entities.text import join_names
from agentmesh_dagster.graph.plan import Plan, PlannedOp
from agentmesh_dagster.graph.progress import Progress, Readiness
from agentmesh_dagster.runtime.launches import LaunchFacts
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.step import StepTask, run_step
from agentmesh_dagster.store.steps import read_states


def finish_selection(services: Services, plan: Plan, facts: LaunchFacts, run_id: str) -> str | None:
    """Why the run cannot succeed: chosen steps that could not run, since what stands before them was not chosen.

    Where that is a gate whose answer could not be taken over, a person is asked, and the run waits.
    """
    if facts.selected is None:
        return None
    with services.store.read() as connection:
        states = read_states(connection, run_id)
    single = {plan.scopes.locate(op.node.id): op for op in plan.ops if op.each is None}
    progress = Progress(plan, states)
    missing = {step: op for step, op in single.items() if facts.asks_for(step) and step not in states}
    left = [op for step, op in missing.items() if not progress.is_passed_by(step)]
    if not left or any(state.status.is_waiting or state.has_failed for state in states.values()):
        return None
    gates = [op for op in plan.ops if _is_gate_before(plan, op, left)]
    asked = [step for step in progress.list_ready() if plan.by_node[plan.key_of(step)] in gates]
    for step in asked:
        run_step(services, plan, StepTask(run_id, facts.launch_id, plan.by_node[plan.key_of(step)], step, True))
    single_gates = [plan.scopes.locate(op.node.id) for op in gates if op.each is None]
    if asked or any(progress.read_readiness(gate) is Readiness.RUNS for gate in single_gates):
        return None
    names = join_names(list(dict.fromkeys(op.node.origin for op in left)))
    return f"{names} could not run: what stands before has to be done again, and was not asked for. Launch all steps."


def _is_gate_before(plan: Plan, op: PlannedOp, left: list[PlannedOp]) -> bool:
    return op.node.spec.waits and any(plan.graph.is_ancestor(op.node.id, other.node.id) for other in left)
