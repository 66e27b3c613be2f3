"""Which way a server is asked: by what is known of its models, and else by what it says when it refuses."""

import re
import threading
from dataclasses import dataclass, replace
from typing import Any, Literal

from agentmesh_dagster.providers.chat import ChatRequest
from agentmesh_dagster.providers.endpoints import Endpoint
from agentmesh_dagster.providers.errors import ProviderError

Api = Literal["chat", "responses", "claude"]
LimitField = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True)
class Way:
    """What may differ between servers that speak the same language."""

    api: Api
    limit_field: LimitField
    tells_schema: bool = False  # in words: the server does not take this one as a grammar
    is_complete: bool = False  # it gives no streams
    tried: frozenset[str] = frozenset()  # changes that were made in this call, so that each is made once


# OpenAI's models that reason: their chat completions take no tools while they do, and send no reasoning.
_REASONS = re.compile(r"(gpt-([5-9]|\d\d)|o\d)(?!.*chat)", re.ASCII)
_WANTS_RESPONSES = re.compile(r"v1/responses|responses (api|endpoint)", re.IGNORECASE)
_WANTS_OTHER_LIMIT = re.compile(r"max_completion_tokens|max_tokens", re.IGNORECASE)
_WANTS_NO_GRAMMAR = re.compile(
    r"response_format|json_schema|schema|grammar|output_config|output_format|structured output|recursi", re.IGNORECASE
)
_WANTS_NO_STREAM = re.compile(r"\bstream(ing|_options)?\b", re.IGNORECASE)

_known: dict[tuple[str, str], Way] = {}
_lock = threading.Lock()


def choose_way(endpoint: Endpoint, model: str) -> Way:
    """The way that this model was reached before in this process; else the one that its name suggests."""
    with _lock:
        if known := _known.get((endpoint.identity, model)):
            return known
    if endpoint.api == "claude":
        return Way("claude", "max_tokens")
    if not endpoint.is_openai:
        return Way("chat", "max_tokens")
    return Way("responses" if _REASONS.match(model.rpartition("/")[2]) else "chat", "max_completion_tokens")


def keep_way(endpoint: Endpoint, model: str, way: Way) -> None:
    """Remembers the way that worked; whether a schema was taken says nothing about the next one."""
    with _lock:
        _known[(endpoint.identity, model)] = replace(way, tells_schema=False, tried=frozenset())


def next_way(way: Way, fault: ProviderError, request: ChatRequest) -> Way | None:
    """The way that the server's words ask for; None when they ask for none, or when it was tried."""
    said, status = fault.detail.partition('said: "')[2].rpartition('"')[0], fault.status
    if way.api == "responses" and status in (404, 405) and "model" not in said:
        return _change(way, "api", api="chat")
    if way.api == "chat" and status in (400, 404) and _WANTS_RESPONSES.search(said):
        return _change(way, "api", api="responses")
    if way.api == "chat" and request.max_tokens is not None and _WANTS_OTHER_LIMIT.search(said):
        other: LimitField = "max_tokens" if way.limit_field == "max_completion_tokens" else "max_completion_tokens"
        return _change(way, "limit", limit_field=other)
    if not way.is_complete and _WANTS_NO_STREAM.search(said):
        return _change(way, "stream", is_complete=True)
    if request.output_schema is not None and not way.tells_schema and _WANTS_NO_GRAMMAR.search(said):
        return _change(way, "schema", tells_schema=True)
    return None


def _change(way: Way, name: str, **to: Any) -> Way | None:
    if name in way.tried:
        return None
    return replace(way, tried=way.tried | {name}, **to)
