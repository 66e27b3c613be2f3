"""The provider `openai`, and every server that speaks its Chat Completions API."""

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
    get_object,
    get_objects,
    get_text,
    read_count,
    read_tool_call,
    write_tool_arguments,
)
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.providers.openai import SPEC


@dataclass(frozen=True)
class OpenAIProvider:
    """Answers through the `openai` SDK."""

    name: str
    endpoint: Endpoint
    settings: Settings = field(repr=False)
    first_delay_seconds: float
    max_tokens_field: str  # OpenAI's newer models refuse `max_tokens`; other servers know nothing else

    def complete(self, request: ChatRequest) -> ChatReply:
        """The model's finished answer; raises the ProviderError family."""
        import openai  # slow to import, and not needed offline

        client = get_call_loop().get_client(
            ("openai", self.endpoint.base_url, self.endpoint.api_key),
            lambda: openai.AsyncOpenAI(
                api_key=self.endpoint.api_key,
                base_url=self.endpoint.base_url,
                max_retries=0,
                timeout=openai.Timeout(None, connect=CONNECT_TIMEOUT_SECONDS),
            ),
        )
        arguments = self._build_arguments(request)

        def open_response() -> AbstractAsyncContextManager[StreamedResponse]:
            return cast("Any", client).chat.completions.with_streaming_response.create(**arguments)

        sdk = Sdk(open_response, openai.APIStatusError, openai.APITimeoutError, openai.APIConnectionError)
        return exchange(
            self.endpoint,
            request,
            self.settings,
            sdk,
            lambda body: _read_reply(self.endpoint, request, body),
            self.first_delay_seconds,
        )

    def _build_arguments(self, request: ChatRequest) -> JsonObject:
        arguments: JsonObject = {
            "model": request.model,
            "messages": [_write_message(message) for message in request.messages],
            "extra_headers": build_call_headers(request),
        }
        if request.tools:
            arguments["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": to_object_schema(tool.input_schema),
                    },
                }
                for tool in request.tools
            ]
        if request.temperature is not None:
            arguments["temperature"] = request.temperature
        if request.max_tokens is not None:
            arguments[self.max_tokens_field] = request.max_tokens
        schema = request.output_schema
        if schema is not None and schema.get("type") == "object":
            # Not strict: strict mode refuses most schemas that people write, and the caller validates anyway.
            arguments["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": schema, "strict": False},
            }
        elif schema is not None:
            arguments["messages"].insert(0, {"role": "system", "content": write_schema_instruction(write_json(schema))})
        return arguments


def _write_message(message: Message) -> JsonObject:
    if message.role == "tool":
        text = f"Error: {message.text}" if message.is_error else message.text
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": text}
    written: JsonObject = {"role": message.role, "content": message.text}
    if message.tool_calls:
        written["content"] = message.text or None
        written["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": write_json(write_tool_arguments(call))},
            }
            for call in message.tool_calls
        ]
    return written


def _read_reply(endpoint: Endpoint, request: ChatRequest, body: JsonObject) -> ChatReply:
    choices = get_objects(body, "choices")
    if not choices:
        raise MalformedReply("it has no choices")
    message = get_object(choices[0], "message")
    _check_finished(endpoint, choices[0].get("finish_reason"), message)
    written_calls = get_objects(message, "tool_calls") if message.get("tool_calls") else []
    tool_calls = tuple(
        read_tool_call(
            get_text(call, "id") or f"call_{index}",
            get_text(get_object(call, "function"), "name"),
            get_object(call, "function").get("arguments"),
        )
        for index, call in enumerate(written_calls)
    )
    if choices[0]["finish_reason"] == "tool_calls" and not tool_calls:
        raise MalformedReply("it stopped for a tool call that is not there")
    text = get_text(message, "content") if "content" in message or not tool_calls else ""
    if request.output_schema is not None:
        text = strip_code_fence(text)
    model = body.get("model")
    model = model if isinstance(model, str) and model else request.model
    reply_id = body.get("id")
    usage = as_object(body.get("usage"))
    cached = read_count(as_object(usage.get("prompt_tokens_details")), "cached_tokens")
    return check_reply(
        ChatReply(
            id=reply_id if isinstance(reply_id, str) else "",
            model=model,
            text=text,
            tool_calls=tool_calls,
            # Servers say "stop" or "tool_calls" as they please; the calls are what counts.
            stop_reason="tool_calls" if tool_calls else "end",
            usage=build_usage(
                model, read_count(usage, "prompt_tokens"), read_count(usage, "completion_tokens"), cached or 0
            ),
        )
    )


def _check_finished(endpoint: Endpoint, finish_reason: JsonValue, message: JsonObject) -> None:
    if refusal := message.get("refusal"):
        raise ReplyWithheld(f"the model refused: {endpoint.quote(str(refusal))}")
    if finish_reason == "length":
        raise ReplyCutShort("its answer reached the token limit; raise maxTokens, or ask for less")
    if finish_reason == "content_filter":
        raise ReplyWithheld("the provider's content filter stopped the answer; change the prompt")
    if finish_reason not in ("stop", "tool_calls"):
        raise MalformedReply(f"it is not finished (finish_reason {endpoint.quote(write_json(finish_reason))})")


def build(settings: Settings, first_delay_seconds: float) -> OpenAIProvider:
    """The provider as these settings want it. Raises ProviderNotConfigured."""
    endpoint = build_endpoint(settings, SPEC)
    return OpenAIProvider("openai", endpoint, settings, first_delay_seconds, max_tokens_field="max_completion_tokens")
