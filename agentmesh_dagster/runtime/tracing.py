"""Traces: what is recorded of a run, told as spans by OpenTelemetry's conventions for generative AI.

Spans are made from events, whoever records them: a span is written once it is over, and what began in another process
is looked up in the store.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object, write_json
from agentmesh_dagster.entities.models import Agent, EventType, Node, Run
from agentmesh_dagster.graph.address import read_address
from agentmesh_dagster.graph.pinned_node import find_pinned_node
from agentmesh_dagster.runtime.tracer import Span, wants_content, wants_traces, write_spans
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import CatalogueSlice, load_workflow_at
from agentmesh_dagster.store.runs import get_run, get_run_head
from agentmesh_dagster.store.steps import get_step
from agentmesh_dagster.store.told import Event, Told

_log = logging.getLogger(__name__)

_FEW_CHARACTERS = 100  # of values: none is read that is large
_RUNS_AT_ONCE = 256  # whose workflows a process keeps in mind
_RUN = "run"  # the key of a run's own span

Payload = Mapping[str, JsonValue]


def trace_runs(store: Store) -> None:
    """Lets this process write spans of what it records, if the environment asks for traces."""
    if wants_traces():
        store.watch(RunTracing(store, with_content=wants_content()))


@dataclass
class _Attempt:
    """An attempt at a step that this process has begun, and what it has asked for without an answer yet."""

    key: str
    begun: datetime
    request: tuple[datetime, Payload] | None = None
    uses: dict[str, tuple[datetime, Payload]] = field(default_factory=dict[str, tuple[datetime, Payload]])


class RunTracing:
    """Writes spans of the events that it is told."""

    def __init__(self, store: Store, *, with_content: bool) -> None:
        self._store = store
        self._with_content = with_content
        self._attempts: dict[str, _Attempt] = {}  # by step id
        self._workflows: OrderedDict[str, CatalogueSlice] = OrderedDict()  # by run id

    def __call__(self, told: Told) -> None:
        for event in told.events:
            # Telling may fail in many ways, and is no part of the run.
            try:
                write_spans(told.run_id, list(self._describe(told.run_id, told.moment, event)))
            except Exception as fault:  # noqa: BLE001
                _log.warning("The run %s is not traced as a whole: %s", told.run_id, fault)

    def _describe(self, run_id: str, moment: datetime, event: Event) -> Iterator[Span]:
        """The spans that are over with this event."""
        payload, step_id = event.payload, event.step_id
        match event.type:
            case EventType.RUN_COMPLETED | EventType.RUN_FAILED | EventType.RUN_CANCELED:
                self._workflows.pop(run_id, None)
                yield self._describe_run(run_id, moment)
            case _ if step_id is None:
                return
            case EventType.STEP_STARTED:
                self._attempts[step_id] = _Attempt(_key_attempt(step_id, payload["attempt"]), moment)
            case EventType.AGENT_REQUEST if attempt := self._attempts.get(step_id):
                attempt.request = moment, payload
            case EventType.AGENT_RESPONSE if attempt := self._attempts.get(step_id):
                request, attempt.request = attempt.request, None
                yield self._describe_chat(attempt, request or (moment, {}), moment, payload)
            case EventType.TOOL_REQUEST if attempt := self._attempts.get(step_id):
                attempt.uses[str(payload["idempotencyKey"])] = moment, payload
            case EventType.TOOL_RESPONSE if attempt := self._attempts.get(step_id):
                use = attempt.uses.pop(str(payload["idempotencyKey"]), (moment, {}))
                yield self._describe_use(attempt, use, moment, payload)
            case EventType.STEP_WAITING | EventType.STEP_WAITING_HUMAN:
                # What it asked for belongs to this attempt; a node that only waits is one span until that is over.
                attempt = self._attempts.pop(step_id, None)
                if attempt is not None and self._find_agent(self._find_node(run_id, payload), run_id):
                    yield self._describe_step(run_id, step_id, attempt, moment, payload)
            case EventType.STEP_COMPLETED | EventType.STEP_FAILED | EventType.STEP_RETRYING:
                attempt = self._attempts.pop(step_id, None) or self._recall(step_id, moment)
                yield from self._describe_unanswered(attempt, moment, payload)
                yield self._describe_step(run_id, step_id, attempt, moment, payload)
            case _:
                return

    def _recall(self, step_id: str, moment: datetime) -> _Attempt:
        """The attempt of a step that began in another process: it waited, or its worker was lost."""
        with self._store.read() as connection:
            step = get_step(connection, step_id)
        assert step is not None
        return _Attempt(_key_attempt(step_id, step.attempt), step.started_at or moment)

    def _describe_run(self, run_id: str, moment: datetime) -> Span:
        with self._store.read() as connection:
            run = get_run(connection, run_id, max_chars=_FEW_CHARACTERS)
            parent = get_step(connection, run.parent_step_id) if run.parent_step_id else None
        found = load_workflow_at(self._store, run.workflow_id, run.revision)
        links = [(parent.run_id, _key_attempt(parent.id, parent.attempt))] if parent else []
        if run.forked_from:
            links.append((run.forked_from.run_id, _RUN))
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": found.workflow.name,
            "agentmesh.run.id": run_id,
            "agentmesh.run.status": run.status.value,
            "agentmesh.workflow.id": run.workflow_id,
            "agentmesh.workflow.revision": run.revision,
            "agentmesh.project.id": run.project_id,
        } | _list_asset(run)
        return Span(
            f"invoke_workflow {found.workflow.name}",
            run.started_at or moment,
            moment,
            attributes | ({"error.type": run.status.value} if run.error else {}),
            key=_RUN,
            error=self._show_error(run.error),
            links=links,
        )

    def _describe_step(self, run_id: str, step_id: str, attempt: _Attempt, moment: datetime, payload: Payload) -> Span:
        node = self._find_node(run_id, payload)
        agent = self._find_agent(node, run_id)
        node_id = str(payload["nodeId"])
        attributes: dict[str, Any] = {
            "agentmesh.run.id": run_id,
            "agentmesh.step.id": step_id,
            "agentmesh.node.id": node_id,
            "agentmesh.node.path": str(payload.get("path") or ""),
            "agentmesh.attempt": int(attempt.key.rpartition("/")[2]),
        }
        name = f"{node.type} {node.title}" if node else node_id
        if agent:
            name = f"invoke_agent {agent.name}"
            attributes |= {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.id": agent.id,
                "gen_ai.agent.name": agent.name,
                "gen_ai.provider.name": agent.model_provider,
                "gen_ai.request.model": agent.model_name,
            }
        return self._end(Span(name, attempt.begun, moment, attributes, key=attempt.key, parent=_RUN), payload)

    def _describe_chat(
        self, attempt: _Attempt, request: tuple[datetime, Payload], moment: datetime, payload: Payload
    ) -> Span:
        begun, asked = request
        usage = as_object(payload.get("usage"))
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": asked.get("provider"),
            "gen_ai.request.model": asked.get("model"),
            "gen_ai.request.temperature": asked.get("temperature"),
            "gen_ai.response.id": payload.get("id"),
            "gen_ai.response.model": payload.get("model"),
            "gen_ai.response.finish_reasons": [payload["stopReason"]] if payload.get("stopReason") else None,
            "gen_ai.usage.input_tokens": usage.get("inputTokens"),
            "gen_ai.usage.output_tokens": usage.get("outputTokens"),
            "gen_ai.usage.cache_read.input_tokens": usage.get("cachedTokens"),
            "gen_ai.usage.reasoning.output_tokens": usage.get("reasoningTokens"),
            "agentmesh.cost.usd": usage.get("costUsd"),
        }
        if self._with_content:
            attributes["gen_ai.input.messages"] = write_json(
                [_write_message(m) for m in as_list(asked.get("messages"))]
            )
            if "text" in payload:
                said = {"role": "assistant", **payload}
                attributes["gen_ai.output.messages"] = write_json([_write_message(said)])
        name = f"chat {asked.get('model')}"
        return self._end(Span(name, begun, moment, _keep(attributes), parent=attempt.key, is_call=True), payload)

    def _describe_use(
        self, attempt: _Attempt, use: tuple[datetime, Payload], moment: datetime, payload: Payload
    ) -> Span:
        begun, asked = use
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": payload.get("tool"),
            "gen_ai.tool.type": "function",
            "agentmesh.tool.id": payload.get("toolId"),
        }
        if self._with_content:
            attributes["gen_ai.tool.call.arguments"] = write_json(asked.get("input"))
            if "output" in payload:
                attributes["gen_ai.tool.call.result"] = write_json(payload["output"])
        span = Span(f"execute_tool {payload.get('tool')}", begun, moment, _keep(attributes), parent=attempt.key)
        return self._end(span, payload)

    def _describe_unanswered(self, attempt: _Attempt, moment: datetime, end: Payload) -> Iterator[Span]:
        """What was asked for and had no answer when the attempt ended."""
        fault = {"error": end.get("error") or "No answer.", "code": end.get("code")}
        if attempt.request is not None:
            yield self._describe_chat(attempt, attempt.request, moment, fault)
        for use in attempt.uses.values():
            yield self._describe_use(attempt, use, moment, {"tool": use[1].get("tool"), **fault})

    def _end(self, span: Span, payload: Payload) -> Span:
        error = payload.get("error")
        if error is None:
            return span
        attributes = {**span.attributes, "error.type": str(payload.get("code") or "error")}
        return replace(span, attributes=attributes, error=self._show_error(str(error)))

    def _show_error(self, error: str | None) -> str | None:
        """What went wrong may quote what was said."""
        return error if error is None or self._with_content else ""

    def _find_node(self, run_id: str, payload: Payload) -> Node | None:
        found = self._find_workflow(run_id)
        address = read_address(str(payload["nodeId"]), str(payload.get("path") or ""))
        return find_pinned_node(found.workflow, found.workflows, address)

    def _find_agent(self, node: Node | None, run_id: str) -> Agent | None:
        return None if node is None else self._find_workflow(run_id).agents.get(node.agent_id or "")

    def _find_workflow(self, run_id: str) -> CatalogueSlice:
        if run_id not in self._workflows:
            with self._store.read() as connection:
                run = get_run_head(connection, run_id)
            self._workflows[run_id] = load_workflow_at(self._store, run.workflow_id, run.revision)
            if len(self._workflows) > _RUNS_AT_ONCE:
                self._workflows.popitem(last=False)
        return self._workflows[run_id]


def _key_attempt(step_id: str, attempt: JsonValue) -> str:
    return f"{step_id}/{attempt}"


def _list_asset(run: Run) -> dict[str, str]:
    made = {"agentmesh.asset": run.asset, "agentmesh.partition": run.partition}
    return {name: value for name, value in made.items() if value is not None}


def _keep(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _write_message(message: JsonValue) -> dict[str, JsonValue]:
    """A message as the conventions have it."""
    said = as_object(message)
    parts: list[JsonValue] = [{"type": "text", "content": said["text"]}] if said.get("text") else []
    calls = map(as_object, as_list(said.get("toolCalls")))
    parts += [{"type": "tool_call", **{name: call.get(name) for name in ("id", "name", "arguments")}} for call in calls]
    ended: dict[str, JsonValue] = {"finish_reason": said["stopReason"]} if said.get("stopReason") else {}
    return {"role": said.get("role"), "parts": parts, **ended}
