"""Where a tool's configuration names secrets: `${NAME}` in a header, in the query, in a fixed field of the body."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.settings import OpenedSecret

_PLACE = re.compile(r"\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*", re.IGNORECASE)
_NEVER = ("AGENTMESH_", "DAGSTER_", "OPENAI_", "ANTHROPIC_")  # our own variables, and those of providers

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class NamedSecret:
    name: str  # as it is written, maybe no name at all
    text: str  # the whole of it: `${NAME}`
    path: Path  # inside the tool's configuration

    @property
    def is_name(self) -> bool:
        """Whether it can be the name of a secret."""
        return self.text.endswith("}") and _NAME.fullmatch(self.name) is not None

    @property
    def is_reserved(self) -> bool:
        """Whether nobody can open it."""
        return self.name.upper().startswith(_NEVER)


def describe_closed(name: str, opened: OpenedSecret | None, scheme: str, host: str, port: int | None) -> str | None:
    """Why `${NAME}` may not go to this place, and what the operator can do; None when it may."""
    if name.upper().startswith(_NEVER):
        return f"`${{{name}}}` is never resolved: AgentMesh's own variables and those of providers are not for tools"
    if opened is None:
        return (
            f"`${{{name}}}` is no secret that the operator has opened: set AGENTMESH_SECRET_{name} to its value and "
            f"AGENTMESH_SECRET_{name}_HOSTS to the hosts it may be sent to, such as {host}; no other variable of the "
            "environment is read"
        )
    if not opened.is_for(host, port):
        return f"the secret {name} is not for the host `{host}`: AGENTMESH_SECRET_{name}_HOSTS does not name it"
    if scheme != "https" and not opened.is_for(host, port, plain=True):
        return (
            f"the secret {name} goes over https only; AGENTMESH_SECRET_{name}_HOSTS can allow plain http with "
            f"`http://{host}`"
        )
    return None


def list_named_secrets(config: Mapping[str, JsonValue]) -> Iterator[NamedSecret]:
    """The secrets that the configuration of a tool names, in their order; `config` as it goes over the wire."""
    for field in ("url", "auth", "headers", "query", "body"):
        yield from _walk(config.get(field), (field,))


def put_in(value: JsonValue, look_up: Callable[[NamedSecret], str], path: Path = ()) -> JsonValue:
    """`value` with each `${NAME}` in its texts replaced by what `look_up` says; keys stay as they are."""
    if isinstance(value, str):
        return _PLACE.sub(lambda match: look_up(NamedSecret(match[1], match[0], path)), value)
    if isinstance(value, list):
        return [put_in(item, look_up, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: put_in(item, look_up, (*path, key)) for key, item in value.items()}
    return value


def _walk(value: JsonValue, path: Path) -> Iterator[NamedSecret]:
    found: list[NamedSecret] = []

    def note(secret: NamedSecret) -> str:
        found.append(secret)
        return ""

    put_in(value, note, path)
    yield from found
