"""Provenance: where a version of an asset comes from, read from what its run has written down."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agentmesh_dagster.entities.gates import Gate
from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object, write_json
from agentmesh_dagster.entities.models import EventLog, EventType, Kind
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.catalogue import read_revisions
from agentmesh_dagster.store.children import list_child_runs
from agentmesh_dagster.store.events import list_events_of_types
from agentmesh_dagster.store.gates import list_answered_gates
from agentmesh_dagster.store.inheritance import list_edited, list_inherited
from agentmesh_dagster.store.runs import get_launcher
from agentmesh_dagster.store.steps import step_id

_TOLD = (EventType.AGENT_REQUEST, EventType.AGENT_RESPONSE, EventType.TOOL_REQUEST)
_DEEPEST = 8  # runs inside of each other that are looked into


@dataclass(frozen=True)
class Prompt:
    """What a model was sent."""

    run_id: str  # the run itself, one that a step of it waited for, or one whose step it took over
    node_id: str
    path: str
    model: str  # that was asked
    digest: str  # SHA-256 in hex, of all messages of the conversation as they were sent


@dataclass(frozen=True)
class Approval:
    """A person's answer to a gate, or an output that a person gave."""

    step_id: str
    node_id: str
    by: str
    via: str | None
    at: datetime | None
    is_changed: bool  # what was shown is not what the run went on with

    def to_wire(self) -> dict[str, JsonValue]:
        at = self.at.isoformat() if self.at else None
        return {
            "stepId": self.step_id,
            "nodeId": self.node_id,
            "by": self.by,
            "via": self.via,
            "at": at,
            "changed": self.is_changed,
        }


@dataclass(frozen=True)
class Provenance:
    """Where what a run gives comes from."""

    run_id: str
    workflow_id: str
    workflow_revision: int  # of the workflow itself, as of the revision to which the run is pinned
    launched_by: str | None
    agents: Mapping[str, int]  # id → its revision
    models: Sequence[str]  # that answered, in the order in which they first did
    prompts: Sequence[Prompt]
    tools: Mapping[str, int]  # name → how often it was called
    input_tokens: int
    output_tokens: int
    cost_usd: float | None  # None: the price of something is not known
    approvals: Sequence[Approval]


def read_provenance(connection: Connection, plan: Plan, run_id: str) -> Provenance:
    """Where what a run that has succeeded gives comes from.

    What it took over from another run counts, and what was done in runs that its steps waited for.
    """
    run_ids = [run_id, *_list_runs_inside(connection, run_id)]
    events = _list_events(connection, run_id, run_ids)
    answers = [event.payload for event in events if event.type is EventType.AGENT_RESPONSE and "usage" in event.payload]
    usages = [as_object(answer.get("usage")) for answer in answers]
    costs = [cost for usage in usages if isinstance(cost := usage.get("costUsd"), int | float)]
    revisions = read_revisions(connection, [(Kind.WORKFLOW, plan.workflow.id), *_name_agents(plan)], at=plan.revision)
    return Provenance(
        run_id=run_id,
        workflow_id=plan.workflow.id,
        workflow_revision=revisions.get((Kind.WORKFLOW, plan.workflow.id), plan.revision),
        launched_by=get_launcher(connection, run_id),
        agents={identity: number for (kind, identity), number in revisions.items() if kind is Kind.AGENT},
        models=list(dict.fromkeys(str(answer.get("model")) for answer in answers if "error" not in answer)),
        prompts=_list_prompts(events),
        tools=_count_tools(events),
        input_tokens=_add(usages, "inputTokens"),
        output_tokens=_add(usages, "outputTokens"),
        cost_usd=round(sum(costs), 8) if len(costs) == len(usages) else None,
        approvals=_list_approvals(connection, run_id, run_ids),
    )


def _name_agents(plan: Plan) -> list[tuple[Kind, str]]:
    return [(Kind.AGENT, identity) for identity in sorted(plan.agents)]


def _list_runs_inside(connection: Connection, run_id: str) -> list[str]:
    found: list[str] = []
    ahead = [run_id]
    for _ in range(_DEEPEST):
        ahead = list_child_runs(connection, ahead) if ahead else []
        found += ahead
    return found


def _list_events(connection: Connection, run_id: str, run_ids: Collection[str]) -> list[EventLog]:
    """What was asked and called, oldest first, in the steps that the run has, whoever has done them."""
    inherited = list_inherited(connection, run_id)
    others = {other for other, _ in inherited} - {*run_ids}
    taken = {step_id(other, address) for other, address in inherited}
    told = list_events_of_types(connection, [*run_ids, *sorted(others)], _TOLD)
    return [event for event in told if event.run_id not in others or event.step_id in taken]


def _list_prompts(events: Sequence[EventLog]) -> list[Prompt]:
    """One for each request; an event has the messages since the one before it."""
    sent: dict[tuple[str | None, JsonValue], list[JsonValue]] = {}
    prompts: list[Prompt] = []
    for event in events:
        if event.type is EventType.AGENT_REQUEST and event.run_id is not None:
            messages = sent.setdefault((event.step_id, event.payload.get("attempt")), [])
            messages += as_list(event.payload.get("messages"))
            node_id, path, model = (str(event.payload.get(name) or "") for name in ("nodeId", "path", "model"))
            prompts.append(Prompt(event.run_id, node_id, path, model, _digest(messages)))
    return prompts


def _digest(messages: JsonValue) -> str:
    return hashlib.sha256(write_json(messages).encode()).hexdigest()


def _count_tools(events: Sequence[EventLog]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in events:
        if event.type is EventType.TOOL_REQUEST:
            name = str(event.payload.get("tool"))
            counts[name] = counts.get(name, 0) + 1
    return counts


def _add(usages: Sequence[Mapping[str, JsonValue]], name: str) -> int:
    return sum(count for usage in usages if isinstance(count := usage.get(name), int))


def _list_approvals(connection: Connection, run_id: str, run_ids: Collection[str]) -> list[Approval]:
    edited = [
        Approval(step.id, step.address.node_id, step.by, None, None, is_changed=True)
        for step in list_edited(connection, run_id)
    ]
    gates = list_answered_gates(connection, run_ids)
    return [*edited, *(_describe(gate) for gate in gates if gate.answered_by is not None)]


def _describe(gate: Gate) -> Approval:
    by, via, at = gate.answered_by or "", gate.answered_via, gate.answered_at
    return Approval(gate.step_id, gate.node_id, by, via, at, is_changed=has_changed_payload(gate))


def has_changed_payload(gate: Gate) -> bool:
    """Whether who answered gave another payload than was shown."""
    answer = as_object(gate.answer)
    return "payload" in answer and answer["payload"] != gate.payload
