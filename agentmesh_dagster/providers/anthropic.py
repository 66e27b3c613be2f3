"""The provider `anthropic`, through its Messages API."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, cast

from agentmesh_dagster.entities.json_values import JsonValue, as_object, write_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.calls import get_call_loop
from agentmesh_dagster.providers.chat import (
    ChatReply,
    ChatRequest,
    Message,
    strip_code_fence,
    to_object_schema,
    write_schema_instruction,
)
from agentmesh_dagster.providers.endpoints import Endpoint, build_endpoint
from agentmesh_dagster.providers.errors import MalformedReply, ReplyCutShort, ReplyWithheld
from agentmesh_dagster.providers.exchange import (
    CONNECT_TIMEOUT_SECONDS,
    Sdk,
    StreamedResponse,
    build_call_headers,
    exchange,
)
from agentmesh_dagster.providers.replies import (
    build_usage,
    check_reply,
    get_objects,
    get_text,
    read_count,
    read_tool_call,
    write_tool_arguments,
)
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.providers.anthropic import SPEC

# The API wants a limit with each call; thinking counts towards it.
DEFAULT_MAX_TOKENS = 16_000
# The last version of the API that takes a temperature at all; of current models, some still do.
_VERSION_WITH_TEMPERATURE = "2023-06-01"


@dataclass(frozen=True)
class AnthropicProvider:
    """Answers through the `anthropic` SDK."""

    endpoint: Endpoint
    settings: Settings = field(repr=False)
    first_delay_seconds: float
    name: str = "anthropic"

    def complete(self, request: ChatRequest) -> ChatReply:
        """The model's finished answer; raises the ProviderError family."""
        import anthropic  # slow to import, and not needed offline

        client = get_call_loop().get_client(
            ("anthropic", self.endpoint.base_url, self.endpoint.api_key),
            lambda: anthropic.AsyncAnthropic(
                api_key=self.endpoint.api_key,
                base_url=self.endpoint.base_url,
                max_retries=0,
                timeout=anthropic.Timeout(None, connect=CONNECT_TIMEOUT_SECONDS),
            ),
        )
        arguments = _build_arguments(request)

        def open_response() -> AbstractAsyncContextManager[StreamedResponse]:
            return cast("Any", client).messages.with_streaming_response.create(**arguments)

        sdk = Sdk(open_response, anthropic.APIStatusError, anthropic.APITimeoutError, anthropic.APIConnectionError)
        return exchange(
            self.endpoint,
            request,
            self.settings,
            sdk,
            lambda body: _read_reply(self.endpoint, request, body),
            self.first_delay_seconds,
        )


def _build_arguments(request: ChatRequest) -> JsonObject:
    system = [message.text for message in request.messages if message.role == "system" and message.text.strip()]
    arguments: JsonObject = {
        "model": request.model,
        "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
        "messages": _write_messages([message for message in request.messages if message.role != "system"]),
        "extra_headers": build_call_headers(request),
    }
    if request.tools:
        arguments["tools"] = [
            {
                "name": tool.name,
                "description": tool.description,
                "input_schema": to_object_schema(tool.input_schema),
            }
            for tool in request.tools
        ]
    if request.temperature is not None:
        arguments["extra_body"] = {"temperature": request.temperature}
        arguments["extra_headers"]["anthropic-version"] = _VERSION_WITH_TEMPERATURE
    if request.output_schema is not None:
        # Not by a forced tool call: the models that always think refuse one.
        if request.output_schema.get("type") == "object" and _is_enforceable(request.output_schema):
            from anthropic import transform_schema

            schema = transform_schema(request.output_schema)
            arguments["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        else:
            system.append(write_schema_instruction(write_json(request.output_schema)))
    if system:
        arguments["system"] = "\n\n".join(system)
    return arguments


# What the API's structured outputs can express; the SDK makes hints in the description of limits.
_ENFORCEABLE_KEYWORDS = """
    type properties required additionalProperties items enum anyOf title description default examples format
    minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern minItems maxItems
    uniqueItems $schema $id $comment
"""
_ENFORCEABLE = frozenset(_ENFORCEABLE_KEYWORDS.split())


def _is_enforceable(schema: JsonValue) -> bool:
    """Whether the API can hold the model to this part of a schema without forbidding values that fit it.

    It closes every object, so one that is meant to be open would come back empty.
    """
    if not isinstance(schema, dict):
        return False
    fields: JsonObject = schema
    if not fields.keys() <= _ENFORCEABLE or fields.get("additionalProperties", False) is not False:
        return False
    match fields.get("type"):
        case "object":
            parts = list(fields.get("properties", {}).values())
            return bool(parts) and all(_is_enforceable(part) for part in parts)
        case "array":
            return _is_enforceable(fields.get("items"))
        case "string" | "number" | "integer" | "boolean" | "null":
            return True
        case None if "anyOf" in fields:
            return all(_is_enforceable(part) for part in fields["anyOf"])
        case None if "enum" in fields:
            return all(isinstance(choice, str) for choice in fields["enum"])
        case _:
            return False


def _write_messages(messages: Sequence[Message]) -> list[JsonObject]:
    written: list[JsonObject] = []
    results: list[JsonObject] = []  # all results of one round belong into one user turn
    for message in messages:
        if message.role == "tool":
            if not results:
                written.append({"role": "user", "content": results})
            results.append(_write_result(message))
            continue
        results = []
        content = _write_assistant(message) if message.role == "assistant" else message.text
        written.append({"role": message.role, "content": content})
    return written


def _write_result(message: Message) -> JsonObject:
    return {
        "type": "tool_result",
        "tool_use_id": message.tool_call_id,
        "content": message.text,
        "is_error": message.is_error,
    }


def _write_assistant(message: Message) -> JsonValue:
    if message.provider_state is not None:
        return message.provider_state
    text: list[JsonObject] = [{"type": "text", "text": message.text}] if message.text.strip() else []
    calls: list[JsonObject] = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": write_tool_arguments(call)}
        for call in message.tool_calls
    ]
    return [*text, *calls]


def _read_reply(endpoint: Endpoint, request: ChatRequest, body: JsonObject) -> ChatReply:
    if body.get("type") != "message" or body.get("role") != "assistant":
        raise MalformedReply("it is no assistant message")
    _check_finished(endpoint, body.get("stop_reason"))
    content = get_objects(body, "content")
    text = "".join(get_text(block, "text") for block in content if block.get("type") == "text")
    tool_calls = tuple(
        read_tool_call(get_text(block, "id"), get_text(block, "name"), block.get("input"))
        for block in content
        if block.get("type") == "tool_use"
    )
    if body["stop_reason"] == "tool_use" and not tool_calls:
        raise MalformedReply("it stopped for a tool call that is not there")
    has_more = any(block.get("type") not in ("text", "tool_use") for block in content)
    return check_reply(
        ChatReply(
            id=get_text(body, "id"),
            model=get_text(body, "model") or request.model,
            text=strip_code_fence(text) if request.output_schema is not None else text,
            tool_calls=tool_calls,
            stop_reason="tool_calls" if tool_calls else "end",
            usage=build_usage(get_text(body, "model") or request.model, *_read_tokens(body)),
            provider_state=[*content] if has_more else None,
        )
    )


def _read_tokens(body: JsonObject) -> tuple[int | None, int | None, int]:
    """Tokens in, tokens out, and the cached part of those in, which the API counts apart."""
    usage = as_object(body.get("usage"))
    fresh = read_count(usage, "input_tokens")
    cached = read_count(usage, "cache_read_input_tokens") or 0
    kept = read_count(usage, "cache_creation_input_tokens") or 0
    return (None if fresh is None else fresh + cached + kept), read_count(usage, "output_tokens"), cached


def _check_finished(endpoint: Endpoint, stop_reason: JsonValue) -> None:
    if stop_reason == "max_tokens":
        raise ReplyCutShort("its answer reached the token limit; raise maxTokens, or ask for less")
    if stop_reason == "model_context_window_exceeded":
        raise ReplyCutShort("the conversation fills the model's context window; send less")
    if stop_reason == "refusal":
        raise ReplyWithheld("the model refused; change the prompt")
    if stop_reason not in ("end_turn", "stop_sequence", "tool_use"):
        raise MalformedReply(f"it is not finished (stop_reason {endpoint.quote(write_json(stop_reason))})")


def build(settings: Settings, first_delay_seconds: float) -> AnthropicProvider:
    """The provider as these settings want it. Raises ProviderNotConfigured."""
    return AnthropicProvider(build_endpoint(settings, SPEC), settings, first_delay_seconds)
