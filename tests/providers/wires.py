"""The two wire formats, and the three providers that speak them, as their servers see them."""

import json
import time
from dataclasses import dataclass
from typing import Any

from agentmesh_dagster.providers import get_provider
from agentmesh_dagster.providers.chat import ChatReply, ChatRequest, Message, Provider
from agentmesh_dagster.settings import Settings
from tests.costs import FAR_TOO_LONG_SECONDS

KEY = "sk-test-0123456789"
FIRST_DELAY_SECONDS = 0.01


def ask(prompt: str = "Say hello.", **fields: Any) -> ChatRequest:
    """A request with plenty of time."""
    return ChatRequest(
        **{
            "model": "some-model",
            "messages": (Message("user", prompt),),
            "deadline": time.monotonic() + 2 * FAR_TOO_LONG_SECONDS,
            **fields,
        }
    )


@dataclass(frozen=True)
class Wire:
    """How one provider is reached and what its server says."""

    provider: str

    @property
    def is_openai_format(self) -> bool:
        return self.provider != "anthropic"

    def settings(self, url: str, **values: Any) -> Settings:
        keys = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "local_api_key": KEY}
        match self.provider:
            case "openai":
                address = {"OPENAI_BASE_URL": f"{url}/v1"}
            case "anthropic":
                address = {"ANTHROPIC_BASE_URL": url}
            case "local":
                address = {"local_base_url": f"{url}/v1"}
        return Settings(**{**keys, **address, **values})

    def connect(self, url: str, **values: Any) -> Provider:
        settings = self.settings(url, **values)
        return get_provider(self.provider, settings, first_delay_seconds=FIRST_DELAY_SECONDS)

    def complete(self, url: str, request: ChatRequest | None = None, **values: Any) -> ChatReply:
        return self.connect(url, **values).complete(request or ask())

    def text(self, text: str | None, stop: str | None = "end", **fields: Any) -> dict[str, Any]:
        """A well-formed answer, or one that only `stop` and `fields` make wrong."""
        if self.is_openai_format:
            stops = {"end": "stop", "length": "length", "filter": "content_filter"}
            choice = {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": stops.get(stop or "", stop),
            }
            usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
            body = {"id": "chat-1", "object": "chat.completion", "choices": [choice], "usage": usage}
        else:
            stops = {"end": "end_turn", "length": "max_tokens", "filter": "refusal"}
            content = [] if text is None else [{"type": "text", "text": text}]
            usage = {"input_tokens": 10, "output_tokens": 5}
            body = {"id": "msg-1", "type": "message", "role": "assistant", "content": content, "usage": usage}
            body |= {"stop_reason": stops.get(stop or "", stop), "stop_sequence": None}
        return {**body, "model": "some-model", **fields}

    def tool_calls(self, *calls: tuple[str, str, str]) -> dict[str, Any]:
        """An answer that calls tools, each given by id, name and the arguments as text."""
        if self.is_openai_format:
            written = [
                {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
                for call_id, name, arguments in calls
            ]
            body = self.text(None, "tool_calls")
            body["choices"][0]["message"]["tool_calls"] = written
            return body
        content = [
            {"type": "tool_use", "id": call_id, "name": name, "input": json.loads(arguments)}
            for call_id, name, arguments in calls
        ]
        return self.text(None, "tool_use", content=content)

    def error(self, message: str, kind: str = "server_error") -> dict[str, Any]:
        if self.is_openai_format:
            return {"error": {"message": message, "type": kind, "code": None, "param": None}}
        return {"type": "error", "error": {"type": kind, "message": message}}


OPENAI = Wire("openai")
ANTHROPIC = Wire("anthropic")
LOCAL = Wire("local")
