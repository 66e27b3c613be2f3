"""One model call from request to checked reply: the same for every provider that is reached over HTTP."""

import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from agentmesh_dagster.entities.json_values import InvalidJson, as_object, read_json, write_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.answers import strip_code_fence
from agentmesh_dagster.providers.calls import get_call_loop
from agentmesh_dagster.providers.chat import ChatReply, ChatRequest, Message, Usage
from agentmesh_dagster.providers.endpoints import Endpoint
from agentmesh_dagster.providers.errors import (
    CallEnded,
    MalformedReply,
    ProviderError,
    ProviderTimeout,
    ReplyWithheld,
    RequestRefused,
)
from agentmesh_dagster.providers.prices import compute_cost
from agentmesh_dagster.providers.repair.repaired import FILTERED
from agentmesh_dagster.providers.retries import RetryBudget, call_with_retries
from agentmesh_dagster.providers.schemas import VALUE, AskedSchema, choose_schema, to_object_schema
from agentmesh_dagster.providers.ways import Way, choose_way, keep_way, next_way
from agentmesh_dagster.settings import Settings

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import ModelRequestParameters

    from agentmesh_dagster.providers.arriving import Arriving

# Anthropic's API wants a limit with each call; thinking counts towards it.
DEFAULT_MAX_TOKENS = 16_000
# The last version of Anthropic's API that takes a temperature at all; of current models, some still do.
_VERSION_WITH_TEMPERATURE = "2023-06-01"


@dataclass(frozen=True)
class ModelProvider:
    """Answers through the SDK of OpenAI or of Anthropic, with pydantic-ai between it and us."""

    name: str
    endpoint: Endpoint
    settings: Settings = field(repr=False)
    first_delay_seconds: float

    def complete(self, request: ChatRequest) -> ChatReply:
        """The model's finished answer, after as many tries as the budget allows; raises the ProviderError family."""
        own_deadline = time.monotonic() + self.settings.provider_timeout_seconds
        is_nodes = request.has_own_limit or request.deadline <= own_deadline
        call = _Call(
            self.endpoint,
            request,
            self.settings,
            deadline=request.deadline if is_nodes else own_deadline,
            limit="the node's time was over; raise its timeoutSeconds if it needs longer"
            if is_nodes
            else "the limit of model calls; raise AGENTMESH_PROVIDER_TIMEOUT_SECONDS, or set the node's timeoutSeconds",
            # Longer than calls take as a rule: a proxy would cut an answer that comes at its end alone.
            takes_long=request.has_own_limit and request.deadline > own_deadline,
            way=choose_way(self.endpoint, request.model),
        )
        budget = RetryBudget(
            max_attempts=self.settings.provider_max_attempts,
            deadline=call.deadline,
            max_retry_after_seconds=self.settings.provider_max_retry_after_seconds,
            first_delay_seconds=self.first_delay_seconds,
        )

        def report_retry(fault: ProviderError, delay: float) -> None:
            request.report_retry(self.endpoint.scrub(str(fault)), delay)

        try:
            reply = call_with_retries(budget, call.attempt, report_retry)
            return replace(reply, usage=call.spent)
        except ProviderError as error:
            who = f"{self.endpoint.provider} ({request.model})"
            detail = self.endpoint.scrub(f"{who}: {error.detail}" if error.detail else who)
            # Without the chain: an SDK's own text may quote what the provider said in full.
            raise error.with_detail(detail, usage=call.spent) from None


@dataclass
class _Call:
    """One call, over all its tries."""

    endpoint: Endpoint
    request: ChatRequest
    settings: Settings
    deadline: float
    limit: str  # whose the deadline is
    takes_long: bool
    way: Way
    spent: Usage | None = None  # of all replies that came, also those that were refused

    def attempt(self) -> ChatReply:
        """One try; a server that wants to be asked another way is asked so at once."""
        while True:
            try:
                reply = self._ask()
            except RequestRefused as fault:
                way = next_way(self.way, fault, self.request)
                if way is None:
                    raise
                self.way = way
                continue
            keep_way(self.endpoint, self.request.model, self.way)
            return reply

    def _ask(self) -> ChatReply:
        # The SDKs are slow to import, and not needed offline.
        from agentmesh_dagster.providers.arriving import CALL, CONNECT_TIMEOUT_SECONDS, Arriving
        from agentmesh_dagster.providers.faults import explain_fault
        from agentmesh_dagster.providers.messages import list_echoes, list_used_ids
        from agentmesh_dagster.providers.models import build_client

        client = get_call_loop().get_client(self.endpoint.identity, lambda: build_client(self.endpoint))
        model = client.get_model(self.request.model, self.way)
        asked = self._choose_schema()
        messages, settings, parameters = self._write_request(asked)
        arriving = Arriving(
            self.settings.max_value_bytes,
            frozenset(list_used_ids(self.request.messages)),
            streams=self.takes_long and not self.way.is_complete,
            echoes=list_echoes(messages, self.endpoint.library_name),
        )

        async def ask() -> "ModelResponse":
            CALL.set(arriving)
            return await model.request(messages, settings, parameters)

        started = time.monotonic()
        try:
            response = get_call_loop().run(ask, self.deadline)
        except CancelledError:
            raise CallEnded from None
        except TimeoutError:
            raise ProviderTimeout(f"no complete answer within {self.deadline - started:.1f} s: {self.limit}") from None
        except ProviderError:
            raise
        except Exception as error:  # noqa: BLE001 - a reply of an odd shape is a TypeError or worse inside the library
            if arriving.fault is not None:
                raise arriving.fault from None
            raise explain_fault(self.endpoint, error, CONNECT_TIMEOUT_SECONDS) from None
        return self._judge(response, arriving, asked)

    def _choose_schema(self) -> AskedSchema | None:
        schema = self.request.output_schema
        if schema is None:
            return None
        # A grammar for the answer forbids the calls of tools; OpenAI and Anthropic keep them apart.
        is_free = self.endpoint.keeps_tools_apart or not self._offers_tools
        return choose_schema(schema, self.endpoint.api, may_enforce=is_free and not self.way.tells_schema)

    @property
    def _offers_tools(self) -> bool:
        return bool(self.request.tools) and (not self.request.tools_are_done or self.endpoint.keeps_tools_apart)

    def _write_request(self, asked: AskedSchema | None) -> "tuple[list[Any], Any, ModelRequestParameters]":
        from pydantic_ai.models import ModelRequestParameters
        from pydantic_ai.output import OutputObjectDefinition
        from pydantic_ai.tools import ToolDefinition

        from agentmesh_dagster.providers.messages import write_conversation

        messages = _join_system(self.request.messages, asked)
        parameters = ModelRequestParameters()
        if self._offers_tools:
            parameters.function_tools = [
                # Strict schemas would close what is open, and demand what may be left out.
                ToolDefinition(
                    name=tool.name,
                    parameters_json_schema=to_object_schema(tool.input_schema),
                    description=tool.description,
                    strict=False,
                )
                for tool in self.request.tools
            ]
        if asked is not None and asked.is_enforced:
            parameters.output_mode = "native"
            parameters.output_object = OutputObjectDefinition(
                asked.schema, name="answer", strict=None if self.endpoint.api == "claude" else False
            )
        return (
            write_conversation(messages, marks_errors=self.endpoint.api == "claude"),
            self._write_settings(),
            parameters,
        )

    def _write_settings(self) -> dict[str, Any]:
        request = self.request
        options = request.options.over(self.endpoint.options)
        settings: dict[str, Any] = {"extra_headers": _write_headers(request)}
        if self.endpoint.api == "claude":
            settings["max_tokens"] = request.max_tokens or DEFAULT_MAX_TOKENS
        elif request.max_tokens is not None:
            settings["max_tokens"] = request.max_tokens
        if request.temperature is not None and self.endpoint.api == "claude":
            settings["extra_headers"]["anthropic-version"] = _VERSION_WITH_TEMPERATURE
        if options.reasoning_effort is not None and self.endpoint.api == "claude":
            settings["thinking"] = options.reasoning_effort if options.reasoning_effort != "none" else False
        elif options.reasoning_effort is not None:
            settings["openai_reasoning_effort"] = options.reasoning_effort
        if options.tool_choice is not None and self._offers_tools:
            # Who must call a tool in each round would never answer.
            has_called = any(message.role == "tool" for message in request.messages)
            settings["tool_choice"] = (
                "auto" if options.tool_choice == "required" and has_called else options.tool_choice
            )
        if options.parallel_tool_calls is not None and self._offers_tools:
            settings["parallel_tool_calls"] = options.parallel_tool_calls
        if options.cache and self.endpoint.api == "claude":  # the others do it by themselves
            settings["anthropic_cache"] = True
        # Beside the library, which leaves out what it thinks a model does not take: the provider itself will say so.
        body: JsonObject = {
            "temperature": request.temperature,
            "top_p": options.top_p,
            "seed": options.seed,
            "service_tier": options.service_tier,
            "stop_sequences" if self.endpoint.api == "claude" else "stop": options.stop,
        }
        body = {name: value for name, value in body.items() if value is not None} | (options.extra_body or {})
        if body:
            settings["extra_body"] = body
        return settings

    def _judge(self, response: "ModelResponse", arriving: "Arriving", asked: AskedSchema | None) -> ChatReply:
        from agentmesh_dagster.providers.messages import ECHO, read_reasoning, read_text, read_tool_calls, write_state

        usage = self._count(response, is_counted=arriving.repaired.is_counted)
        self.spent = usage if self.spent is None else self.spent.add(usage)
        if arriving.fault is not None:
            raise arriving.fault
        if response.finish_reason == "content_filter":
            raise _withheld(self.endpoint, response)
        text, calls = read_text(response), read_tool_calls(response)
        if not text.strip() and not calls:
            raise MalformedReply("the model's answer is empty")
        if arriving.repaired.echo:
            response.provider_details = {**(response.provider_details or {}), ECHO: arriving.repaired.echo}
        if asked is not None:
            text = _unwrap(strip_code_fence(text), asked)
        return ChatReply(
            id=response.provider_response_id or "",
            model=response.model_name or self.request.model,
            text=text,
            tool_calls=calls,
            # Servers say "stop" or "tool_calls" as they please; the calls are what counts.
            stop_reason="tool_calls" if calls else "end",
            usage=usage,
            provider_state=write_state(response),
            reasoning=arriving.repaired.reasoning or read_reasoning(response),
            notes=tuple(arriving.repaired.notes),
        )

    def _count(self, response: "ModelResponse", *, is_counted: bool) -> Usage:
        counted = response.usage
        details = response.provider_details or {}
        model = response.model_name or self.request.model
        cost = None
        if is_counted:
            seller = self.endpoint.seller
            # An own price is that of the name under which the model is asked for.
            name = self.request.model if self.request.model in seller.own else model
            cost = compute_cost(seller, name, counted, details.get("service_tier"))
        return Usage(
            counted.input_tokens,
            counted.output_tokens,
            cost,
            cached_tokens=counted.cache_read_tokens,
            reasoning_tokens=counted.output_reasoning_tokens or counted.details.get("reasoning_tokens", 0),
        )


def _write_headers(request: ChatRequest) -> dict[str, str]:
    """The headers that are the same for every try of one call."""
    # A key made from a node's id may be in any script; a header may not.
    key = quote(request.idempotency_key, safe=" !#$&'()*+,/:;=?@[]^`{|}~")
    return {"Idempotency-Key": key} if key else {}


def _join_system(messages: tuple[Message, ...], asked: AskedSchema | None) -> list[Message]:
    """The messages with one of the system at their head: templates of local models take no second."""
    system = [message.text for message in messages if message.role == "system" and message.text.strip()]
    if asked is not None and not asked.is_enforced:
        system.append(asked.instruction)
    rest = [message for message in messages if message.role != "system"]
    return [Message("system", "\n\n".join(system)), *rest] if system else rest


def _unwrap(text: str, asked: AskedSchema) -> str:
    if not asked.is_wrapped:
        return text
    try:
        value = as_object(read_json(text))
    except InvalidJson:
        return text
    return write_json(value[VALUE]) if value.keys() == {VALUE} else text


def _withheld(endpoint: Endpoint, response: "ModelResponse") -> ReplyWithheld:
    refusal = as_object(cast("Any", response.provider_details)).get("refusal")
    return ReplyWithheld(f"the model refused: {endpoint.quote(str(refusal))}" if refusal else FILTERED)
