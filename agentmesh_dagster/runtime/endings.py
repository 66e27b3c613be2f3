"""Endings: the one writer of how a step ends. Its row, its event and what follows from it are one transaction.

Callers hold the run's lock: `lock_run` in the same transaction.
"""

from collections.abc import Sequence

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import EventType, StepStatus
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.graph.address import Address, describe_address
from agentmesh_dagster.graph.graph import GraphNode
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import Progress
from agentmesh_dagster.runtime.catching import route_end
from agentmesh_dagster.runtime.child_turns import ask_for_child
from agentmesh_dagster.runtime.run_ends import end_run_if_over
from agentmesh_dagster.runtime.work import WaitRequest
from agentmesh_dagster.specs.nodes.human_approval import GateConfig
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.awaited_events import lock_event_name
from agentmesh_dagster.store.children import ChildState
from agentmesh_dagster.store.events import Event, record_events
from agentmesh_dagster.store.gate_history import keep_past_asking
from agentmesh_dagster.store.gates import NewGate, list_open_gates_of, open_gate
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
    turn_failure,
)
from agentmesh_dagster.store.waits import await_next_launch, cancel_wait, open_wait
from agentmesh_dagster.tools.secrets import Secrets

_MANY = 50  # sources of a join: to name them all takes longer than to count all that have ended


def end_attempt(tx: Connection, plan: Plan, run: RunHead, address: Address, claim: Claim, end: StepEnd) -> StepEnd:
    """Ends an attempt at a step; with the status PENDING it is tried again. Raises LeaseLost.

    Returns how the step has ended: what failed may have been caught.
    """
    end = route_end(tx, plan, run.id, address, end)
    end_step(tx, claim, end)
    _record(tx, run, _describe(address, claim.step_id, end, claim))
    if end.status is not StepStatus.PENDING:
        _go_on_elsewhere(tx, run, claim.step_id, end)
        _settle(tx, plan, run, address, end)
    return end


def end_wait(
    tx: Connection, plan: Plan, run: RunHead, address: Address, end: StepEnd, *, after: Event | None = None
) -> StepEnd:
    """Ends a step that waited, and returns how; `after` is the event of what it waited for, where that has one."""
    identity = step_id(run.id, address)
    end = route_end(tx, plan, run.id, address, end)
    end_waiting_step(tx, identity, end)
    _record(tx, run, [*([after] if after else ()), *_describe(address, identity, end)])
    _settle(tx, plan, run, address, end)
    return end


def begin_wait(
    tx: Connection,
    plan: Plan,
    run: RunHead,
    address: Address,
    claim: Claim,
    wait: WaitRequest,
    secrets: Secrets,
) -> bool:
    """The step waits; False if its gate was given up at once, as the run can only fail. Raises LeaseLost.

    No event shows the secrets; who is asked may see them.
    """
    end_step(tx, claim, StepEnd(wait.kind.status))
    if wait.gate is None:
        about = _open_wait(tx, run, claim.step_id, wait)
        if wait.child is not None:
            child = ask_for_child(tx, plan, run, address, claim.step_id, wait.child)
            about |= {"workflowId": child.workflow_id, "isQueued": child.state is ChildState.QUEUED}
        _record(tx, run, [Event(EventType.STEP_WAITING, _name(address, claim) | about, claim.step_id)])
        return True
    open_gate(tx, step_id=claim.step_id, run_id=run.id, gate=wait.gate)
    about = as_object(secrets.scrub_result(_describe_question(wait.gate)))
    _record(tx, run, [Event(EventType.STEP_WAITING_HUMAN, _name(address, claim) | about, claim.step_id)])
    if give_up_gates(tx, plan, run):
        end_run_if_over(tx, plan, run, Progress(plan, read_states(tx, run.id)))
        return False
    return True


def _open_wait(tx: Connection, run: RunHead, step_id: str, wait: WaitRequest) -> dict[str, JsonValue]:
    """What the event says of it: for what, and until when."""
    if wait.event_name is not None:
        lock_event_name(tx, wait.event_name)
    due_at = open_wait(
        tx,
        step_id,
        run.id,
        wait.kind,
        due_in_seconds=wait.due_in_seconds,
        due_at=wait.due_at,
        event_name=wait.event_name,
    )
    about: dict[str, JsonValue] = {"waitsFor": wait.kind.value, "until": due_at.isoformat() if due_at else None}
    return about if wait.event_name is None else about | {"event": wait.event_name}


def _describe_question(gate: NewGate) -> dict[str, JsonValue]:
    return {"instructions": gate.instructions, "payload": gate.payload, "assignees": [*gate.assignees]}


def fail_left_steps(tx: Connection, plan: Plan | None, run: RunHead, launch_id: str, error: str) -> bool:
    """Fails the steps that dead workers of a launch have left behind; whether there were any.

    What is caught of them the next launch goes on behind; nothing is without a `plan`, of a workflow that cannot be
    read any more. The caller ends the run, or lets it go on.
    """
    failed = StepEnd(StepStatus.FAILED, error=error, code=FaultCode.WORKER_LOST)
    left = close_running_steps(tx, run.id, launch_id, failed.status, error, failed.code)
    addresses = {step_id(run.id, address): address for address in read_states(tx, run.id)} if left else {}
    for identity in left:
        address = addresses[identity]
        end = failed if plan is None else route_end(tx, plan, run.id, address, failed)
        if not end.has_failed:
            turn_failure(tx, identity, end)
        _record(tx, run, _describe(address, identity, end))
        _go_on_elsewhere(tx, run, identity, end)
        if plan is not None:
            _record_skipped(tx, plan, run, _list_skipped(Progress(plan, read_states(tx, run.id)), address, end))
    return bool(left)


def cancel_left_steps(tx: Connection, run: RunHead, reason: str) -> None:
    """Cancels the steps of a run that is canceled; of these the event of the run's end says all."""
    close_running_steps(tx, run.id, None, StepStatus.CANCELED, reason)


def give_up_gates(tx: Connection, plan: Plan, run: RunHead) -> bool:
    """Closes the open gates that say `onArmFailure: cancel` if a step of the run has failed; whether there were any."""
    if not any(_is_given_up(node) for node in plan.graph.nodes.values()) or not has_failed_step(tx, run.id):
        return False  # a run may have a thousand gates: they are not read at the opening of each
    hopeless = [gate for gate in list_open_gates_of(tx, run.id) if _is_given_up(plan.node_of(gate.address))]
    if not hopeless:
        return False
    reason = "Another step has failed, so the run could only fail (`onArmFailure: cancel`)."
    for gate in hopeless:
        cancel_wait(tx, gate.step_id, reason)
    given_up = [
        Event(EventType.GATE_CANCELED, _name(gate.address) | {"reason": reason}, gate.step_id) for gate in hopeless
    ]
    _record(tx, run, given_up)
    return True


def _describe(address: Address, identity: str, end: StepEnd, claim: Claim | None = None) -> list[Event]:
    """The events of an end; `claim` is the attempt that ended so, where one did."""
    about = _name(address, claim)
    taken: JsonValue = None if end.taken is None else [*end.taken]
    why: dict[str, JsonValue] = {"error": end.error}
    if end.code is not None:
        why["code"] = end.code.value
    if end.status is StepStatus.SUCCEEDED:
        fallback: dict[str, JsonValue] = {"usedFallback": True, **why} if end.used_fallback else {}
        completed = {**about, "output": end.output, "taken": taken, **fallback}
        return [Event(EventType.STEP_COMPLETED, completed, identity)]
    event_type = EventType.STEP_RETRYING if end.status is StepStatus.PENDING else EventType.STEP_FAILED
    given: dict[str, JsonValue] = {} if end.output is None else {"output": end.output}
    failed = Event(event_type, about | why | given, identity)
    return (
        [failed, Event(EventType.STEP_CAUGHT, {**about, **why, "taken": taken}, identity)]
        if end.is_caught
        else [failed]
    )


def _go_on_elsewhere(tx: Connection, run: RunHead, identity: str, end: StepEnd) -> None:
    """Lets another launch go on behind a step whose worker was lost, if its fault was caught."""
    if end.code is FaultCode.WORKER_LOST and not end.has_failed:
        keep_past_asking(tx, identity)  # of a gate that was about to ask anew
        await_next_launch(tx, identity, run.id)


def _name(address: Address, claim: Claim | None = None) -> dict[str, JsonValue]:
    attempt: dict[str, JsonValue] = {} if claim is None else {"attempt": claim.attempt}
    return describe_address(address) | attempt


def _record(tx: Connection, run: RunHead, recorded: Sequence[Event]) -> None:
    record_events(tx, project_id=run.project_id, run_id=run.id, recorded=recorded)


def _settle(tx: Connection, plan: Plan, run: RunHead, address: Address, end: StepEnd) -> None:
    """Skips what the end of a step leaves without a way in, and ends the run if nothing is left to do."""
    if run.status.is_end or _is_surely_active(tx, plan, run.id, address, end):
        return
    if end.has_failed:
        give_up_gates(tx, plan, run)
    progress = Progress(plan, read_states(tx, run.id))
    skipped = _list_skipped(progress, address, end)
    _record_skipped(tx, plan, run, skipped)
    if not end.has_failed and progress.unlocks([address, *skipped]):
        return
    end_run_if_over(tx, plan, run, progress)


def _list_skipped(progress: Progress, address: Address, end: StepEnd) -> list[Address]:
    """The steps that such an end leaves without a way in: behind what failed for good nothing is decided yet."""
    if end.has_failed:
        return []
    skipped = progress.give_up(address) if end.is_given_up else []
    return skipped + [step for ended in [address, *skipped] for step in progress.skip_behind(ended)]


def _is_given_up(node: GraphNode) -> bool:
    return isinstance(node.config, GateConfig) and node.config.on_arm_failure == "cancel"


def _is_surely_active(tx: Connection, plan: Plan, run_id: str, address: Address, end: StepEnd) -> bool:
    """Whether something is left to do for sure, so that the states of all steps need not be read."""
    if end.status is not StepStatus.SUCCEEDED or end.taken is not None or end.item_count is not None:
        return False
    edges = plan.graph.out_edges[plan.key_of(address)]
    if any(len(plan.graph.in_edges[edge.target]) == 1 and edge.target not in plan.scopes.exits for edge in edges):
        return True  # that step may run now
    if not edges or has_failed_step(tx, run_id):
        return False
    return any(
        _has_open_source(tx, plan, run_id, step) for edge in edges for step in plan.scopes.step_on(edge, address, None)
    )


def _has_open_source(tx: Connection, plan: Plan, run_id: str, address: Address) -> bool:
    """Whether a step before this one has not ended: with none failed, it runs, may run, or waits."""
    key = plan.key_of(address)
    sources = plan.graph.parents(key)
    if any(plan.graph.nodes[node].copy for node in (key, *sources)):
        return False  # not to be counted by their ids alone
    if plan.scopes.head_of(key):
        beside = [source for source in sources if plan.scopes.head_of(source)]
        return count_ended(tx, run_id, beside, address.path) < len(beside)
    heads = [head for source in sources if (head := plan.scopes.head_of(source))]
    counts = read_item_counts(tx, run_id, set(heads))
    expected = sum(counts.get(head, 0) for head in heads) + len(sources) - len(heads)
    if len(sources) > _MANY and count_ended(tx, run_id) < expected:
        return True
    return count_ended(tx, run_id, sources) < expected


def _record_skipped(tx: Connection, plan: Plan, run: RunHead, skipped: Sequence[Address]) -> None:
    insert_skipped(tx, run.id, [NewStep(address, plan.node_of(address).type, []) for address in skipped])
    _record(tx, run, [Event(EventType.STEP_SKIPPED, _name(address), step_id(run.id, address)) for address in skipped])
