"""Settlement: in the transaction that ends a step, all that follows from it without anybody's help."""

from collections.abc import Mapping, Sequence

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventType, NodeType, RunStatus, StepStatus
from agentmesh_dagster.graph.config import GateConfig
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import Progress, RunState, StepKey
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.events import Event, record_events
from agentmesh_dagster.store.gates import cancel_gate, list_open_gates_of
from agentmesh_dagster.store.runs import RunHead, mark_run_ended
from agentmesh_dagster.store.steps import (
    FailedStep,
    NewStep,
    StepEnd,
    count_ended,
    has_failed_step,
    insert_skipped,
    list_failures,
    read_item_counts,
    read_outputs,
    read_states,
    step_id,
)
from agentmesh_dagster.store.triggers import deliver_run_end

_MANY = 50  # sources of a join: to name them all takes longer than to count all that have ended


def settle(tx: Connection, plan: Plan, run: RunHead, key: StepKey, end: StepEnd) -> None:
    """Skips what the end of a step leaves without a way in, and ends the run if nothing is left to do.

    The caller holds the run's lock and has written the step's end.
    """
    if run.status.is_end or _is_surely_active(tx, plan, run.id, key, end):
        return
    if end.status is StepStatus.FAILED:
        give_up_gates(tx, plan, run)
    progress = Progress(plan, read_states(tx, run.id))
    skipped = progress.skip_behind(key) if end.status is StepStatus.SUCCEEDED else []
    _record_skipped(tx, plan, run, skipped)
    if end.status is StepStatus.SUCCEEDED and progress.unlocks([key, *skipped]):
        return
    end_run_if_over(tx, plan, run, progress)


def give_up_gates(tx: Connection, plan: Plan, run: RunHead) -> bool:
    """Closes the open gates that say `onArmFailure: cancel` if a step of the run has failed; whether there were any.

    The caller holds the run's lock.
    """
    hopeless = [gate for gate in list_open_gates_of(tx, run.id) if _is_given_up(plan, gate.node_id)]
    if not hopeless or not has_failed_step(tx, run.id):
        return False
    reason = "Another step has failed, so the run could only fail (`onArmFailure: cancel`)."
    for gate in hopeless:
        cancel_gate(tx, gate, reason)
    recorded = [
        Event(EventType.GATE_CANCELED, {"nodeId": gate.node_id, "item": None, "reason": reason}, gate.step_id)
        for gate in hopeless
    ]
    record_events(tx, project_id=run.project_id, run_id=run.id, recorded=recorded)
    return True


def _is_given_up(plan: Plan, node_id: str) -> bool:
    config = plan.graph.nodes[node_id].config
    return isinstance(config, GateConfig) and config.on_arm_failure == "cancel"


def _is_surely_active(tx: Connection, plan: Plan, run_id: str, key: StepKey, end: StepEnd) -> bool:
    """Whether something is left to do for sure, so that the states of all steps need not be read."""
    if end.status is not StepStatus.SUCCEEDED or end.taken is not None or end.item_count is not None:
        return False
    edges = plan.graph.out_edges[key.node_id]
    joins = {region.join for region in plan.regions.values()}
    if any(len(plan.graph.in_edges[edge.target]) == 1 and edge.target not in joins for edge in edges):
        return True  # that step may run now
    if not edges or has_failed_step(tx, run_id):
        return False
    return any(_has_open_source(tx, plan, run_id, edge.target, key.item) for edge in edges)


def _has_open_source(tx: Connection, plan: Plan, run_id: str, node_id: str, item: int | None) -> bool:
    """Whether a step before this one has not ended: with none failed, it runs, may run, or waits."""
    sources = plan.graph.parents(node_id)
    if node_id in plan.each_of:
        beside = [source for source in sources if source in plan.each_of]
        return count_ended(tx, run_id, beside, item) < len(beside)
    repeated = [source for source in sources if source in plan.each_of]
    counts = read_item_counts(tx, run_id, {plan.each_of[source] for source in repeated})
    expected = sum(counts.get(plan.each_of[source], 0) for source in repeated) + len(sources) - len(repeated)
    if len(sources) > _MANY and count_ended(tx, run_id) < expected:
        return True
    return count_ended(tx, run_id, sources) < expected


def _record_skipped(tx: Connection, plan: Plan, run: RunHead, skipped: Sequence[StepKey]) -> None:
    nodes = plan.graph.nodes
    insert_skipped(tx, run.id, [NewStep(key, nodes[key.node_id].type, []) for key in skipped])
    recorded = [
        Event(EventType.STEP_SKIPPED, {"nodeId": key.node_id, "item": key.item}, step_id(run.id, key))
        for key in skipped
    ]
    record_events(tx, project_id=run.project_id, run_id=run.id, recorded=recorded)


def end_run_if_over(tx: Connection, plan: Plan, run: RunHead, progress: Progress) -> RunState:
    """Ends the run when none of its steps runs, may run or waits for a person."""
    state = progress.read_run_state()
    if state is RunState.SUCCEEDED:
        complete_run(tx, plan, run)
    elif state is RunState.FAILED:
        fail_run(tx, run, _describe_failures(tx, plan, run.id))
    return state


def complete_run(tx: Connection, plan: Plan, run: RunHead) -> None:
    """The run has succeeded; its output is that of the end that ran, with several a mapping node id → output."""
    ends = [node.id for node in plan.graph.of_type(NodeType.END)]
    outputs = {key.node_id: output for key, output in read_outputs(tx, run.id, ends).items()}
    output = _merge({node_id: outputs[node_id] for node_id in ends if node_id in outputs})
    mark_run_ended(tx, run.id, RunStatus.SUCCEEDED, output=output)
    _record_end(tx, run, EventType.RUN_COMPLETED, {"output": output})


def _merge(outputs: Mapping[str, JsonValue]) -> JsonValue:
    return dict(outputs) if len(outputs) > 1 else next(iter(outputs.values()), None)


def fail_run(tx: Connection, run: RunHead, error: str) -> None:
    mark_run_ended(tx, run.id, RunStatus.FAILED, error=error)
    _record_end(tx, run, EventType.RUN_FAILED, {"error": error})


def cancel_run(tx: Connection, run: RunHead, error: str, *, by: str | None = None) -> None:
    """`by` is who did it, where that is known."""
    mark_run_ended(tx, run.id, RunStatus.CANCELED, error=error)
    _record_end(tx, run, EventType.RUN_CANCELED, {"error": error} if by is None else {"error": error, "by": by})


def _record_end(tx: Connection, run: RunHead, event_type: EventType, payload: dict[str, JsonValue]) -> None:
    record_events(tx, project_id=run.project_id, run_id=run.id, recorded=[Event(event_type, payload)])
    deliver_run_end(tx, run.id, run.workflow_id, event_type)


def _describe_failures(tx: Connection, plan: Plan, run_id: str) -> str:
    failures = list_failures(tx, run_id)
    if len(failures) == 1 and _is_end(plan, failures[0].node_id):
        return failures[0].error  # the author's own words
    return "; ".join(f"`{_title(plan, failure.node_id)}`{_name_item(failure)}: {failure.error}" for failure in failures)


def _name_item(failure: FailedStep) -> str:
    return "" if failure.item is None else f", item {failure.item}"


def _title(plan: Plan, node_id: str) -> str:
    node = plan.graph.nodes.get(node_id)
    return node.title if node else node_id


def _is_end(plan: Plan, node_id: str) -> bool:
    node = plan.graph.nodes.get(node_id)
    return node is not None and node.type is NodeType.END
