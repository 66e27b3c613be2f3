"""Answers: what a person, or a deadline, makes of a gate; exactly one wins, and is stored before anything follows."""

from dataclasses import dataclass, replace

from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.access import Identity, Role
from agentmesh_dagster.entities.gates import GateState
from agentmesh_dagster.entities.json_values import JsonValue, as_object, check_json
from agentmesh_dagster.entities.models import EventType, StepStatus
from agentmesh_dagster.errors import AgentMeshError, Conflict, FaultCode, InvalidValue
from agentmesh_dagster.graph.address import describe_address
from agentmesh_dagster.graph.gate_answers import (
    DEADLINE_COMMENT,
    describe_edges,
    find_misfit,
    list_deadline_answers,
    read_rejection,
)
from agentmesh_dagster.graph.graph import GraphNode, has_choice
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.routing import RoundsUsedUp, choose_edges, describe_used_up
from agentmesh_dagster.runtime.context import read_sources, read_step_input
from agentmesh_dagster.runtime.endings import end_wait
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.specs.nodes.human_approval import CheckedConfig
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.events import Event
from agentmesh_dagster.store.gates import StoredGate, close_gate, get_gate
from agentmesh_dagster.store.runs import lock_run
from agentmesh_dagster.store.steps import StepEnd


class GateClosed(Conflict):
    """This gate is not open any more."""

    def __init__(self, gate: StoredGate) -> None:
        self.gate = gate
        by = f" by {gate.answered_by}" if gate.answered_by else ""
        at = f" at {gate.answered_at.isoformat()}" if gate.answered_at else ""
        super().__init__(f"it was {gate.state.value}{by}{at}")


class UnfitAnswer(InvalidValue):
    """The answer does not fit what the gate asks for; the gate stays open."""


class NotAsked(AgentMeshError):
    """This gate asks somebody else."""


@dataclass(frozen=True)
class Answer:
    output: JsonValue  # by habit {"approved": …, "comment"?, "payload"?}
    by: str  # who
    via: str  # how they came: cli, token, session, deadline


def answer_gate(services: Services, step_id: str, answer: Answer) -> StoredGate:
    """Stores a person's answer and all that follows from it; returns the gate, closed.

    Nothing is launched here: see `resume_run`. Raises GateNotFound, GateClosed (who was first), UnfitAnswer and
    InvalidJson; after these two the gate is still open.
    """
    with services.store.read() as connection:
        gate = get_gate(connection, step_id)
    check_json(answer.output)
    plan = load_pinned_plan(services.store, gate.workflow_id, gate.revision)
    if gate.state is GateState.OPEN:  # outside of the transaction: a schema may take its time
        _check_fit(plan, gate, answer.output)
    return _close(services, plan, gate, answer)


def answer_gate_as(services: Services, identity: Identity, step_id: str, output: JsonValue) -> StoredGate:
    """`answer_gate` by somebody whom the server knows.

    Raises NotAsked, too: a gate with assignees takes an answer of these and of an admin only. Where login is switched
    off nobody can be told from another, and anybody may answer.
    """
    with services.store.read() as connection:
        gate = get_gate(connection, step_id)
    is_asked = not gate.assignees or identity.name in gate.assignees
    if not is_asked and identity.role is not Role.ADMIN and identity.via != "open":
        raise NotAsked(f"{', '.join(gate.assignees)}; you are {identity.name}")
    return answer_gate(services, step_id, Answer(output, by=identity.name, via=identity.via))


def expire_gate(services: Services, gate: StoredGate) -> StoredGate:
    """Closes a gate whose deadline has passed, as its `onDeadline` says. Raises GateClosed."""
    plan = load_pinned_plan(services.store, gate.workflow_id, gate.revision)
    answer, fault = None, ""
    for possible in list_deadline_answers(gate.on_deadline):
        try:
            if gate.on_deadline == "approve":
                _check_fit(plan, gate, possible)
            answer = possible
            break
        except UnfitAnswer as misfit:
            fault = fault or misfit.detail
    return _close(services, plan, gate, Answer(answer, by="deadline", via="deadline"), expires=True, fault=fault)


def _check_fit(plan: Plan, gate: StoredGate, output: JsonValue) -> None:
    if misfit := find_misfit(plan.graph, plan.node_of(gate.address), gate.answer_schema, output):
        raise UnfitAnswer(misfit)


def _close(
    services: Services, plan: Plan, gate: StoredGate, answer: Answer, *, expires: bool = False, fault: str = ""
) -> StoredGate:
    """`fault` is why the answer that a deadline should give is none."""
    with services.store.begin() as tx:
        run = lock_run(tx, gate.run_id)
        gate = get_gate(tx, gate.step_id)  # as it is now
        if gate.state is not GateState.OPEN:
            raise GateClosed(gate)
        end = _expire(tx, plan, gate, answer.output, fault) if expires else _conclude(tx, plan, gate, answer.output)
        given = end.output if expires else answer.output
        if not close_gate(tx, gate, expires=expires, answer=given, by=answer.by, via=answer.via):
            raise GateClosed(get_gate(tx, gate.step_id))
        said = describe_address(gate.address) | {
            "state": (GateState.EXPIRED if expires else GateState.ANSWERED).value,
            "output": given,
            "by": answer.by,
            "via": answer.via,
        }
        answered = Event(EventType.GATE_ANSWERED, said, gate.step_id)
        end_wait(tx, plan, run, gate.address, end, after=answered)
        closed = get_gate(tx, gate.step_id)
    crash_point(CrashPoint.GATE_ANSWERED)
    return closed


def _conclude(tx: Connection, plan: Plan, gate: StoredGate, output: JsonValue) -> StepEnd:
    """How an answer ends the gate's step: which way it goes on, or why it fails. Raises UnfitAnswer."""
    comment = read_rejection(plan.graph, plan.node_of(gate.address), output)
    if comment is None:
        return _route(tx, plan, gate, output)
    return StepEnd(StepStatus.FAILED, output, comment, code=FaultCode.REJECTED)


def _route(tx: Connection, plan: Plan, gate: StoredGate, output: JsonValue) -> StepEnd:
    """The out-edges that the answer takes. Raises UnfitAnswer when there is none that can use it."""
    node = plan.node_of(gate.address)
    if not has_choice(plan.graph, node):
        return _go_on(plan, node, read_payload(gate, output) if isinstance(node.config, CheckedConfig) else output)
    sources = read_sources(tx, plan, gate.run_id, gate.address)
    found = read_step_input(tx, plan, gate.run_id, gate.address, sources)
    outputs = {**as_object(found.context["outputs"]), gate.node_id: output}
    context = {**found.context, "last_output": output, "outputs": outputs}
    try:
        taken = choose_edges(plan.graph.edges_on(node.id, "success"), context, withheld=plan.list_withheld(node.id))
    except RoundsUsedUp as fault:
        return StepEnd(StepStatus.FAILED, output, str(fault), code=fault.code)
    except AgentMeshError as fault:
        raise UnfitAnswer(describe_edges(plan.graph, node, str(fault))) from fault
    return StepEnd(StepStatus.SUCCEEDED, output, taken=[edge.id for edge in taken])


def read_payload(gate: StoredGate, answer: JsonValue) -> JsonValue:
    """What the run goes on with: what was shown, unless the answer has another."""
    return as_object(answer).get("payload", gate.payload)


def _go_on(plan: Plan, node: GraphNode, output: JsonValue) -> StepEnd:
    """How an answer ends a gate without conditions: all of its edges are taken."""
    if back := plan.find_dead_end(node.id):
        used_up = RoundsUsedUp(describe_used_up(back))
        return StepEnd(StepStatus.FAILED, output, str(used_up), code=used_up.code)
    return StepEnd(StepStatus.SUCCEEDED, output)


def _expire(tx: Connection, plan: Plan, gate: StoredGate, output: JsonValue, fault: str) -> StepEnd:
    """How a deadline ends the gate's step: with the answer that it stands for, or as a failure."""
    if output is not None:
        try:
            end = _conclude(tx, plan, gate, output)
            return replace(end, code=FaultCode.EXPIRED) if end.has_failed else end
        except UnfitAnswer as misfit:
            fault = misfit.detail
    why = f" `onDeadline: {gate.on_deadline}` could not be followed: {fault}." if fault else ""
    return StepEnd(StepStatus.FAILED, None, DEADLINE_COMMENT + why, code=FaultCode.EXPIRED)
