"""One reply of a model as JSON, for whoever keeps it: all that goes back to the provider, and no key."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from typing import Any

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.providers.chat import ChatReply, ToolCall, Usage

FORMAT = 1
LIBRARY = "pydantic-ai"
_PACKAGE = "pydantic-ai-slim"


class NewerReply(AgentMeshError):
    """A newer version has stored this model reply: only a worker of that version, or one after it, goes on from it."""


def write_reply(reply: ChatReply) -> JsonObject:
    """The reply as JSON; `read_reply` gives an equal one, here and in any process of this version or a later one."""
    calls: list[JsonValue] = [asdict(call) for call in reply.tool_calls]
    return {
        "format": FORMAT,
        "id": reply.id,
        "model": reply.model,
        "text": reply.text,
        "toolCalls": calls,
        "stopReason": reply.stop_reason,
        "usage": asdict(reply.usage),
        "state": reply.provider_state,
        "reasoning": reply.reasoning,
        "notes": [*reply.notes],
    }


def read_reply(stored: Mapping[str, JsonValue]) -> ChatReply:
    """The reply that was written. Raises NewerReply where a newer version has written it."""
    fields: Mapping[str, Any] = stored
    if fields["format"] > FORMAT:
        raise NewerReply(f"format {fields['format']}, and this version knows {FORMAT}")
    check_library(fields["state"])
    return ChatReply(
        id=fields["id"],
        model=fields["model"],
        text=fields["text"],
        tool_calls=tuple(ToolCall(**call) for call in fields["toolCalls"]),
        stop_reason=fields["stopReason"],
        usage=Usage(**fields["usage"]),
        provider_state=fields["state"],
        reasoning=fields["reasoning"],
        notes=tuple(fields["notes"]),
    )


def stamp_state(response: JsonValue) -> JsonObject:
    """What the library made of a reply, with the library's version."""
    return {"library": LIBRARY, "version": _find_version(), "response": response}


def check_library(state: JsonValue) -> None:
    """Raises NewerReply where the library that wrote a reply's state is newer than the one here."""
    stamped = as_object(state)
    if stamped.get("library") != LIBRARY:
        return
    here = _find_version()
    if _number(str(stamped["version"])) > _number(here):
        raise NewerReply(f"{LIBRARY} {stamped['version']}, and here is {here}")


@cache
def _find_version() -> str:
    return version(_PACKAGE)


def _number(written: str) -> tuple[int, int]:
    """Of a version what decides about new kinds of parts: a patch brings none."""
    major, minor = written.split(".")[:2]
    return int(major), int(minor)
