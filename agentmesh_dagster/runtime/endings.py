"""Endings: the one writer of how a step ends. Its row, its event and what follows from it are one transaction.

Callers hold the run's lock: `lock_run` in the same transaction.
"""

from collections.abc import Sequence

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventType, StepStatus
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import Progress, StepKey
from agentmesh_dagster.runtime.run_ends import end_run_if_over
from agentmesh_dagster.specs.nodes.human_approval import GateConfig
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.events import Event, record_events
from agentmesh_dagster.store.gates import NewGate, cancel_gate, list_open_gates_of, open_gate
from agentmesh_dagster.store.runs import RunHead
from agentmesh_dagster.store.steps import (
    Claim,
    NewStep,
    StepEnd,
    close_running_steps,
    count_ended,
    end_step,
    end_waiting_step,
    has_failed_step,
    insert_skipped,
    read_item_counts,
    read_states,
    step_id,
)

_MANY = 50  # sources of a join: to name them all takes longer than to count all that have ended


def end_attempt(tx: Connection, plan: Plan, run: RunHead, key: StepKey, claim: Claim, end: StepEnd) -> None:
    """Ends an attempt at a step; with the status PENDING it is tried again. Raises LeaseLost."""
    end_step(tx, claim, end)
    _record(tx, run, [_describe(key, claim.step_id, end, claim)])
    if end.status is not StepStatus.PENDING:
        _settle(tx, plan, run, key, end)


def end_wait(tx: Connection, plan: Plan, run: RunHead, key: StepKey, end: StepEnd, *, after: Event) -> None:
    """Ends a step that waited for a person; `after` is the event of what it waited for."""
    identity = step_id(run.id, key)
    end_waiting_step(tx, identity, end)
    _record(tx, run, [after, _describe(key, identity, end)])
    _settle(tx, plan, run, key, end)


def begin_wait(tx: Connection, plan: Plan, run: RunHead, key: StepKey, claim: Claim, gate: NewGate) -> bool:
    """A person is asked; False if the gate was given up at once, as the run can only fail. Raises LeaseLost."""
    end_step(tx, claim, StepEnd(StepStatus.WAITING_HUMAN))
    open_gate(tx, step_id=claim.step_id, run_id=run.id, gate=gate)
    asked: dict[str, JsonValue] = {
        "instructions": gate.instructions,
        "payload": gate.payload,
        "assignees": [*gate.assignees],
    }
    _record(tx, run, [Event(EventType.STEP_WAITING_HUMAN, _name(key, claim) | asked, claim.step_id)])
    if give_up_gates(tx, plan, run):
        end_run_if_over(tx, plan, run, Progress(plan, read_states(tx, run.id)))
        return False
    return True


def fail_left_steps(tx: Connection, run: RunHead, launch_id: str, error: str) -> bool:
    """Fails the steps that dead workers of a launch have left behind; whether there were any.

    The caller ends the run, or lets it go on.
    """
    end = StepEnd(StepStatus.FAILED, error=error)
    left = close_running_steps(tx, run.id, launch_id, end.status, error)
    keys = {step_id(run.id, key): key for key in read_states(tx, run.id)} if left else {}
    _record(tx, run, [_describe(keys[identity], identity, end) for identity in left])
    return bool(left)


def cancel_left_steps(tx: Connection, run: RunHead, reason: str) -> None:
    """Cancels the steps of a run that is canceled; of these the event of the run's end says all."""
    close_running_steps(tx, run.id, None, StepStatus.CANCELED, reason)


def give_up_gates(tx: Connection, plan: Plan, run: RunHead) -> bool:
    """Closes the open gates that say `onArmFailure: cancel` if a step of the run has failed; whether there were any."""
    hopeless = [gate for gate in list_open_gates_of(tx, run.id) if _is_given_up(plan, gate.node_id)]
    if not hopeless or not has_failed_step(tx, run.id):
        return False
    reason = "Another step has failed, so the run could only fail (`onArmFailure: cancel`)."
    for gate in hopeless:
        cancel_gate(tx, gate, reason)
    given_up = [
        Event(EventType.GATE_CANCELED, _name(StepKey(gate.node_id)) | {"reason": reason}, gate.step_id)
        for gate in hopeless
    ]
    _record(tx, run, given_up)
    return True


def _describe(key: StepKey, identity: str, end: StepEnd, claim: Claim | None = None) -> Event:
    """The event of an end; `claim` is the attempt that ended so, where one did."""
    about = _name(key, claim)
    if end.status is StepStatus.SUCCEEDED:
        taken: JsonValue = None if end.taken is None else [*end.taken]
        return Event(EventType.STEP_COMPLETED, {**about, "output": end.output, "taken": taken}, identity)
    event_type = EventType.STEP_RETRYING if end.status is StepStatus.PENDING else EventType.STEP_FAILED
    given: dict[str, JsonValue] = {} if end.output is None else {"output": end.output}
    return Event(event_type, about | {"error": end.error} | given, identity)


def _name(key: StepKey, claim: Claim | None = None) -> dict[str, JsonValue]:
    attempt: dict[str, JsonValue] = {} if claim is None else {"attempt": claim.attempt}
    return {"nodeId": key.node_id, "item": key.item} | attempt


def _record(tx: Connection, run: RunHead, recorded: Sequence[Event]) -> None:
    record_events(tx, project_id=run.project_id, run_id=run.id, recorded=recorded)


def _settle(tx: Connection, plan: Plan, run: RunHead, key: StepKey, end: StepEnd) -> None:
    """Skips what the end of a step leaves without a way in, and ends the run if nothing is left to do."""
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
    _record(tx, run, [Event(EventType.STEP_SKIPPED, _name(key), step_id(run.id, key)) for key in skipped])
