"""Agents: a model is asked, may call tools, and its reply is checked."""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, cast

from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, as_object, read_json, write_json
from agentmesh_dagster.entities.model_options import NO_OPTIONS, ModelOptions
from agentmesh_dagster.entities.models import Agent, EventType, Tool
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.providers import find_seller
from agentmesh_dagster.providers.answers import find_value, strip_code_fence
from agentmesh_dagster.providers.chat import (
    ChatReply,
    ChatRequest,
    Message,
    ToolCall,
    ToolSpec,
    Usage,
)
from agentmesh_dagster.providers.errors import ProviderError
from agentmesh_dagster.providers.records import NewerReply, read_reply, write_reply
from agentmesh_dagster.runtime.journal import digest_asked
from agentmesh_dagster.runtime.tool_use import ToolUse, use_tool
from agentmesh_dagster.runtime.work import NodeError, Result, Work
from agentmesh_dagster.specs.nodes.agent import VALUE, AgentConfig
from agentmesh_dagster.store.journal import EntryKind, JournalEntry
from agentmesh_dagster.tools import ToolError, describe_tool, expand_tool

_PARALLEL_CALLS = 8
_FALLS_BACK = (FaultCode.PROVIDER_UNAVAILABLE, FaultCode.RATE_LIMITED, FaultCode.PROVIDER_REFUSED)
_TOOL_NAME_LENGTH = 64
_CHARACTERS_PER_TOKEN = 4  # no model counts like another: a round number that fits English prose


class TooManyToolRounds(NodeError):
    """The model kept calling tools and never answered."""

    code = FaultCode.ROUNDS_USED_UP


class UnfitReply(NodeError):
    """The model's reply does not fit the outputSchema, also after it was told why."""

    code = FaultCode.UNFIT_REPLY

    retryable = True  # a model may answer otherwise


@dataclass(frozen=True)
class _Use:
    """A tool call of the model with what came of it."""

    call: ToolCall
    output: JsonValue = None
    error: str | None = None

    @classmethod
    def read(cls, call: ToolCall, result: JsonValue) -> "_Use":
        """From what the journal has kept."""
        fields = as_object(result)
        return cls(call, fields.get("output"), cast("str | None", fields.get("error")))

    def to_message(self, max_tokens: int | None) -> Message:
        text = f"error: {self.error}" if self.error else write_json(self.output)
        if max_tokens is not None:
            text = _cut(text, max_tokens)
        return Message("tool", text, tool_call_id=self.call.id, is_error=self.error is not None)

    def to_wire(self) -> dict[str, JsonValue]:
        ended: dict[str, JsonValue] = {"error": self.error} if self.error else {"output": self.output}
        return {"id": self.call.id, "name": self.call.name, "arguments": self.call.arguments, **ended}


@dataclass(frozen=True)
class _Answerer:
    """A model that may be asked, and where."""

    provider: str
    connection: str | None
    model: str

    @property
    def about(self) -> dict[str, JsonValue]:
        """Whom an event is about."""
        said: dict[str, JsonValue] = {"provider": self.provider, "model": self.model}
        return said | {"connection": self.connection} if self.connection else said


def run(work: Work) -> Result:
    """Asks the node's agent; gives `{text, raw}` and, where the reply is a JSON object, its fields beside them."""
    conversation = _Conversation(work)
    reply = conversation.ask_until_answered()
    fields, fault = conversation.read_answer(reply)
    if fault is not None:
        refuted = conversation.digest
        reply = conversation.ask_again(reply, fault)
        fields, fault = conversation.read_answer(reply)
        if fault is not None:
            raise UnfitReply(fault, refuted=refuted)
    return conversation.conclude(reply, fields)


class _Conversation:
    def __init__(self, work: Work) -> None:
        assert isinstance(work.node.config, AgentConfig)
        self.work = work
        self.config = work.node.config
        self.agent: Agent = work.plan.agents[work.node.agent_id or ""]
        self.answerers = _list_answerers(work, self.agent, self.config)
        self.passed_over: list[JsonValue] = []  # models that could not answer, and why
        self.tools = _name_tools(
            offered
            for tool_id in self.agent.tools
            for offered in expand_tool(work.plan.tools[tool_id], work.services.settings, work.sessions, work.deadline)
        )
        schema = self.config.output_schema
        self.schema = JsonSchema(schema) if schema is not None else None
        self.messages: list[Message] = _build_messages(work, self.agent)
        self.recorded_count = 0  # messages that an event has already: the next has those since
        self.rounds = 0
        self.tools_are_done = False  # it has answered, and is asked for the same answer again
        self.uses: list[_Use] = []
        self.usages: list[Usage] = []
        self.digest = ""  # of the last request
        self.replayed = 0  # replies and results of tools that an earlier attempt has paid for

    def ask_until_answered(self) -> ChatReply:
        """Asks, and calls the tools that the model wants, until it answers; TooManyToolRounds."""
        while True:
            reply = self._ask()
            if not reply.tool_calls:
                return reply
            self.rounds += 1
            if self.rounds > self.config.max_tool_rounds:
                last = reply.tool_calls[0].name
                reason = f"{self.config.max_tool_rounds} rounds (maxToolRounds), the last to `{last}`"
                raise TooManyToolRounds(reason, refuted=self.digest)
            self.messages.append(reply.to_message())
            done = self._use_tools(reply.tool_calls)
            self.uses += done
            self.messages += [use.to_message(self._find_limit(use)) for use in done]

    def ask_again(self, reply: ChatReply, fault: str) -> ChatReply:
        self.messages += [
            reply.to_message(),
            Message(
                "user", f"Your reply does not fit: {fault}. Answer again with JSON that fits the schema, only that."
            ),
        ]
        self.tools_are_done = True
        return self.ask_until_answered()

    def _ask(self) -> ChatReply:
        number = len(self.usages)
        request = ChatRequest(
            model=self.answerers[0].model,
            messages=tuple(self.messages),
            tools=tuple(_specify(name, tool) for name, tool in self.tools.items()),
            temperature=self.agent.temperature if self.config.temperature is None else self.config.temperature,
            max_tokens=self.config.max_tokens,
            output_schema=self.config.output_schema,
            options=self._choose_options(),
            idempotency_key=f"{self.work.idempotency_key}:model:{number}",
            deadline=self.work.deadline,
            has_own_limit=self.config.timeout_seconds is not None,
            tools_are_done=self.tools_are_done,
            report_retry=self.work.report_retry,
        )
        while (reply := self._replay(request)) is None:
            try:
                return self._ask_one(request)
            except ProviderError as fault:
                if fault.code not in _FALLS_BACK or len(self.answerers) == 1:
                    raise
                failed, following, *_ = self.answerers
                self.passed_over.append({**failed.about, "error": str(fault)})
                self.answerers = self.answerers[1:]  # for the rest of the step: a conversation stays with its model
                key = f"{request.idempotency_key}:{following.model}"  # it is another call
                request = replace(request, model=following.model, idempotency_key=key)
        return reply

    def _choose_options(self) -> ModelOptions:
        """Those of the node, then of the agent; no tools once the rounds are used up and an answer is wanted then."""
        options = (self.config.options or NO_OPTIONS).over(self.agent.options or NO_OPTIONS)
        if self.config.on_too_many_rounds == "answer" and self.rounds >= self.config.max_tool_rounds:
            return options.model_copy(update={"tool_choice": "none"})
        return options

    def _replay(self, request: ChatRequest) -> ChatReply | None:
        """What one of the models has answered an earlier attempt, which the conversation then stays with."""
        for place, answerer in enumerate(self.answerers):
            digest = _digest(answerer, request)
            reply = _read_kept(self.work.journal.find(digest))
            if reply is not None:
                for failed in self.answerers[:place]:
                    self.passed_over.append({**failed.about, "error": "It could not answer an earlier attempt."})
                self.answerers = self.answerers[place:]
                self.usages.append(reply.usage)
                self.digest = digest
                self.replayed += 1
                return reply
        return None

    def _ask_one(self, request: ChatRequest) -> ChatReply:
        answerer = self.answerers[0]
        self.digest = _digest(answerer, request)
        started = time.monotonic()
        try:
            services = self.work.services
            provider = services.provider_for(answerer.provider, services.settings, answerer.connection)
            seller = find_seller(answerer.provider, services.settings, answerer.connection)
            with self.work.spending.count(seller, request) as call:
                self._record_request(answerer.about, request)
                started = time.monotonic()
                crash_point(CrashPoint.MODEL_BEFORE_CALL)
                reply = call.reply = provider.complete(request)
                crash_point(CrashPoint.MODEL_ANSWERED)
        except ProviderError as fault:
            # What came is no answer, and may have been paid for.
            response: dict[str, JsonValue] = {"text": "", "toolCalls": [], "stopReason": "error", "error": str(fault)}
            if fault.usage is not None:
                self.usages.append(fault.usage)
                response["usage"] = write_usage(fault.usage)
            if fault.usage is not None or len(self.answerers) > 1:
                self._record_response(answerer.about, response, started)
            raise
        self.usages.append(reply.usage)
        response = {
            "model": reply.model,
            "text": reply.text,
            "toolCalls": [_write_call(call) for call in reply.tool_calls],
            "stopReason": reply.stop_reason,
            "usage": write_usage(reply.usage),
        }
        if reply.reasoning:
            response["reasoning"] = reply.reasoning
        if reply.notes:
            response["notes"] = [*reply.notes]
        kept = JournalEntry(EntryKind.REPLY, self.digest, write_reply(reply))
        self._record_response(answerer.about, response, started, kept)
        crash_point(CrashPoint.REPLY_KEPT)
        return reply

    def _record_request(self, about: Mapping[str, JsonValue], request: ChatRequest) -> None:
        asked: dict[str, JsonValue] = {
            **about,
            "messages": [_write_message(message) for message in self.messages[self.recorded_count :]],
            "tools": list(self.tools),
            "temperature": request.temperature,
        }
        if self.recorded_count == 0 and self.replayed:
            asked["replayed"] = self.replayed
        self.work.record(EventType.AGENT_REQUEST, asked)
        self.recorded_count = len(self.messages)

    def _record_response(
        self,
        about: Mapping[str, JsonValue],
        response: Mapping[str, JsonValue],
        started: float,
        kept: JournalEntry | None = None,
    ) -> None:
        seconds = round(time.monotonic() - started, 3)
        self.work.record(EventType.AGENT_RESPONSE, {**about, **response, "seconds": seconds}, kept)

    def _use_tools(self, calls: Sequence[ToolCall]) -> list[_Use]:
        """Calls the tools that a reply wants, but for those that have answered an earlier attempt."""
        digests = [f"{self.digest}:{index}" for index in range(len(calls))]
        found = [self.work.journal.find(digest) for digest in digests]
        self.replayed += sum(result is not None for result in found)
        keys = self._key_calls(calls)

        def use(index: int) -> _Use:
            call, result = calls[index], found[index]
            return _Use.read(call, result) if result else self._use_tool(call, keys[index], digests[index])

        if len(calls) - sum(map(bool, found)) < 2:
            return [use(index) for index in range(len(calls))]
        with ThreadPoolExecutor(min(_PARALLEL_CALLS, len(calls)), thread_name_prefix="tool-call") as pool:
            return list(pool.map(use, range(len(calls))))

    def _find_limit(self, use: _Use) -> int | None:
        tool = self.tools.get(use.call.name)
        return tool.max_result_tokens if tool else None

    def _key_calls(self, calls: Sequence[ToolCall]) -> list[str]:
        """One key per call: the same when the step is tried again, another for another call."""
        made = [(use.call.name, write_json(use.call.arguments)) for use in self.uses]
        keys: list[str] = []
        for call in calls:
            identity = (call.name, write_json(call.arguments))
            digest = hashlib.sha256("\x1f".join(identity).encode()).hexdigest()[:16]
            keys.append(f"{self.work.idempotency_key}:tool:{digest}:{made.count(identity)}")
            made.append(identity)
        return keys

    def _use_tool(self, call: ToolCall, key: str, digest: str) -> _Use:
        """Calls one tool; what goes wrong is told to the model."""
        tool = self.tools.get(call.name)
        fault = call.fault or (None if tool else f"there is no tool `{call.name}`; there are: {', '.join(self.tools)}")
        if fault or tool is None:
            about: dict[str, JsonValue] = {"tool": call.name, "idempotencyKey": key}
            self.work.record(EventType.TOOL_REQUEST, about | {"input": call.arguments})
            failed: dict[str, JsonValue] = {"error": fault}
            self.work.record(EventType.TOOL_RESPONSE, about | failed, JournalEntry(EntryKind.RESULT, digest, failed))
            return _Use(call, error=fault)
        try:
            return _Use(call, use_tool(self.work, ToolUse(tool, call.arguments, key, digest)))
        except ToolError as error:
            return _Use(call, error=str(error))

    def read_answer(self, reply: ChatReply) -> tuple[Mapping[str, JsonValue], str | None]:
        """The reply's own fields, if it is a JSON object; and why it does not fit the schema, if so."""
        fault = None
        try:
            value = read_json(strip_code_fence(reply.text))
        except InvalidJson as error:
            value, fault = None, f"it is not JSON: {error.reason}"
        if self.schema is None:
            return as_object(value), None
        faults = [] if fault else self.schema.list_faults(value)
        if fault or faults:
            value, is_found = find_value(reply.text, self.schema)
            if not is_found:
                return {}, fault or "; ".join(f"at {each.path}: {each.message}" for each in faults)
        return as_object(value) if isinstance(value, dict) else {VALUE: value}, None

    def conclude(self, reply: ChatReply, fields: Mapping[str, JsonValue]) -> Result:
        usage = _add_up(self.usages)
        raw: dict[str, JsonValue] = {
            "id": reply.id,
            "model": reply.model,
            "usage": write_usage(usage),
            "stopReason": reply.stop_reason,
            "toolCalls": [use.to_wire() for use in self.uses],
        }
        if connection := self.answerers[0].connection:
            raw["connection"] = connection
        if self.passed_over:
            raw["passedOver"] = self.passed_over
        notes: dict[str, JsonValue] = {
            "agent": self.agent.name,
            "model": reply.model,
            **({"connection": raw["connection"]} if "connection" in raw else {}),
            **({"passed over": self.passed_over} if self.passed_over else {}),
            "tokens in": usage.input_tokens,
            "tokens out": usage.output_tokens,
        }
        if usage.cost_usd is not None:
            notes["cost in USD"] = usage.cost_usd
        if self.replayed:
            notes["replayed"] = self.replayed
        return Result({**fields, "text": reply.text, "raw": raw}, notes=notes)


def _list_answerers(work: Work, agent: Agent, config: AgentConfig) -> Sequence[_Answerer]:
    """The model of the node or the agent, and those that are asked after it."""
    connection = config.connection or agent.connection
    model = _text(work.render("modelName")) or agent.model_name
    wanted = [(connection, model), *((one.connection or connection, one.model_name) for one in agent.fallbacks or ())]
    return [_Answerer(agent.model_provider, name, model) for name, model in wanted]


def _digest(answerer: _Answerer, request: ChatRequest) -> str:
    """Of all that a reply depends on."""
    told: list[JsonValue] = [_write_message(message) for message in request.messages]
    offered: list[JsonValue] = [[tool.name, tool.description, tool.input_schema] for tool in request.tools]
    settings: list[JsonValue] = [request.temperature, request.max_tokens, request.output_schema, request.tools_are_done]
    return digest_asked([answerer.about, settings, request.options.to_wire(), offered, told])


def _read_kept(written: JsonValue) -> ChatReply | None:
    """A reply that the journal has kept; None if there is none, or one that a newer version has written."""
    try:
        return None if written is None else read_reply(as_object(written))
    except NewerReply:
        return None


def _build_messages(work: Work, agent: Agent) -> list[Message]:
    """System prompt, then context, then the user prompt.

    A prompt with placeholders brings the data that its author wants; with a fixed one the node's input goes before
    it as context; without one the node's input is the prompt.
    """
    system = _text(work.render("systemPrompt")) or agent.system_prompt
    messages = [Message("system", system)] if system else []
    prompt = work.node.templates.get("prompt")
    if prompt is None:
        return [*messages, Message("user", _text(work.input))]
    if prompt.is_constant and work.input is not None:
        messages.append(Message("user", f"Context:\n{_text(work.input)}"))
    return [*messages, Message("user", _text(prompt.render(work.context)))]


def _name_tools(tools: Iterable[Tool]) -> dict[str, Tool]:
    """Tools by the names under which the model calls them."""
    named: dict[str, Tool] = {}
    for tool in tools:
        named[safe_name(tool.name[:_TOOL_NAME_LENGTH], named)[:_TOOL_NAME_LENGTH]] = tool
    return named


def _specify(name: str, tool: Tool) -> ToolSpec:
    described = describe_tool(tool)
    return ToolSpec(name, described.text, described.input_schema)


def _cut(text: str, max_tokens: int) -> str:
    """So much of a result as its tool's `maxResultTokens` allow, with a note for the model; the event has all of it."""
    kept = max_tokens * _CHARACTERS_PER_TOKEN
    if len(text) <= kept:
        return text
    return f"{text[:kept]}\n[Cut here: the result has {len(text):,} characters, and these are the first {kept:,}.]"


def _text(value: JsonValue) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else write_json(value)


def _add_up(usages: Sequence[Usage]) -> Usage:
    return reduce(Usage.add, usages, Usage(0, 0, 0.0))


def write_usage(usage: Usage) -> dict[str, JsonValue]:
    """Tokens and cost (USD, only where the price is known) as they stand in outputs and events."""
    written: dict[str, JsonValue] = {"inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens}
    if usage.cached_tokens:
        written["cachedTokens"] = usage.cached_tokens
    if usage.reasoning_tokens:
        written["reasoningTokens"] = usage.reasoning_tokens
    return written if usage.cost_usd is None else written | {"costUsd": usage.cost_usd}


def _write_message(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"role": message.role, "text": message.text}
    if message.tool_calls:
        written["toolCalls"] = [_write_call(call) for call in message.tool_calls]
    return written


def _write_call(call: ToolCall) -> dict[str, JsonValue]:
    return {"id": call.id, "name": call.name, "arguments": call.arguments}
