"""What the operator's file `agentmesh.toml` declares: connections to models, databases and MCP servers, each by a name.

A document names them, and never their contents. Any value may be `{env = "NAME"}`: a variable of the environment.
"""

import difflib
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError, model_validator

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
_ENV = "env"
EXAMPLE = "example"
_SHORTEST_SECRET = 4  # characters: what is shorter stands in too many texts to be kept out of them
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|key|auth|cred|pat$", re.IGNORECASE)

Name = Annotated[str, StringConstraints(pattern=_NAME)]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DefaultOptions(_Table):
    """Options of calls, as documents write them; an agent's or a node's own come before them."""

    reasoningEffort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None  # noqa: N815
    topP: float | None = Field(default=None, ge=0, le=1)  # noqa: N815
    seed: int | None = None
    stop: tuple[str, ...] | None = None
    toolChoice: Literal["auto", "required", "none"] | None = None  # noqa: N815
    parallelToolCalls: bool | None = None  # noqa: N815
    serviceTier: str | None = None  # noqa: N815
    cache: bool | None = None
    extraBody: dict[str, Any] | None = None  # noqa: N815


class OwnPrice(_Table):
    """What a model costs here: US dollars per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0, description="Read from a cache; as `input` unless given.")
    cache_write: float | None = Field(default=None, ge=0, description="Written to one; as other input unless given.")


class ModelConnection(_Table):
    """A server of models."""

    kind: Literal["openai", "anthropic", "azure", "google", "local"] = Field(
        description="How it is spoken to; `local` as to any server that imitates OpenAI's."
    )
    base_url: HttpUrl | None = Field(default=None, description="Where it is; where the provider is unless given.")
    api_key: SecretStr | None = None
    api_version: str | None = Field(default=None, description="Azure: goes with each call.")
    headers: Mapping[str, SecretStr] = Field(default={}, description="Sent with each call.")
    options: DefaultOptions = DefaultOptions()
    prices: Mapping[str, OwnPrice] = Field(default={}, description="By model, before the public price list.")
    profile: Mapping[str, Any] = Field(
        default={}, description="What pydantic-ai knows of the models here, corrected: fields of its ModelProfile."
    )

    @model_validator(mode="after")
    def _has_an_address(self) -> "ModelConnection":
        if self.base_url is None and self.kind == "azure":
            raise ValueError("a connection of the kind azure needs a base_url")
        if self.api_version is not None and self.kind != "azure":
            raise ValueError("api_version is for the kind azure")
        return self


class Database(_Table):
    """A database that sql tools may ask."""

    url: SecretStr = Field(description="SQLAlchemy URL, such as postgresql://… or duckdb:///file.")
    external_access: bool = Field(
        default=False, description="DuckDB: whether statements may read other files, and the network."
    )

    @model_validator(mode="after")
    def _is_url(self) -> "Database":
        if not re.match(r"[A-Za-z][\w+.-]*://", self.url.get_secret_value()):
            raise ValueError("url is none: write dialect://…, as SQLAlchemy does")
        return self


class McpServer(_Table):
    """An MCP server: one that is reached at `url`, or one that is started by `command`."""

    url: HttpUrl | None = Field(default=None, description="Its address (streamable HTTP).")
    headers: Mapping[str, SecretStr] = Field(default={}, description="Sent with each request.")
    command: str | None = Field(default=None, description="What starts it, to be spoken to over stdin and stdout.")
    args: tuple[str, ...] = ()
    env: Mapping[str, SecretStr] = Field(default={}, description="What it gets beside PATH, HOME and the like.")
    timeout_seconds: float = Field(default=30.0, gt=0, le=86_400, description="Time for one call of it.")

    @model_validator(mode="after")
    def _has_one_way(self) -> "McpServer":
        if (self.url is None) == (self.command is None):
            raise ValueError("give either url or command")
        if self.headers and self.url is None:
            raise ValueError("headers are for a server with a url")
        if (self.args or self.env) and self.command is None:
            raise ValueError("args and env are for a server with a command")
        return self

    def list_keys(self) -> set[str]:
        """What it is given and must not be seen again, also in what it answers."""
        keys = [value for name, value in self.env.items() if _SECRET_NAME.search(name)]
        found = {text for part in (self.headers, self.url, keys) for text in _list_secrets(part)}
        return {text for text in found if len(text) >= _SHORTEST_SECRET}


class Declared(_Table):
    """The tables of the file."""

    connections: Mapping[Name, ModelConnection] = {}
    databases: Mapping[Name, Database] = {}
    mcp: Mapping[Name, McpServer] = {}

    def list_secrets(self) -> set[str]:
        """What no text that leaves a call shows: its keys, and the passwords in its URLs."""
        return {text for text in _list_secrets(self) if len(text) >= _SHORTEST_SECRET}

    @property
    def with_example(self) -> "Declared":
        """With the MCP server `example` that ships with us, unless another has that name."""
        command = McpServer(command=sys.executable, args=("-m", "agentmesh_dagster.example_mcp"))
        return self.model_copy(update={"mcp": {EXAMPLE: command, **self.mcp}})


NOTHING = Declared()


def read_declared(file: Path, environment: Mapping[str, str] = os.environ) -> tuple[Declared, list[str]]:
    """What a file declares, and all that is wrong with it, without any value; with a fault it declares nothing."""
    faults: list[str] = []
    try:
        written = tomllib.loads(file.read_text("utf-8"))
        declared = Declared.model_validate(_put_in(written, (), environment, faults))
    except OSError as error:
        return NOTHING, [error.strerror or "it cannot be read"]
    except ValueError as error:  # of TOML, of UTF-8, of what it says
        faults += _list_faults(error, faults)
        declared = NOTHING
    return declared, faults


def _put_in(value: Any, place: tuple[str | int, ...], environment: Mapping[str, str], faults: list[str]) -> Any:
    """The value with the variables that it names; one that is not set is a fault."""
    if isinstance(value, list):
        items = enumerate(cast("list[Any]", value))
        return [_put_in(item, (*place, index), environment, faults) for index, item in items]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    name = fields.get(_ENV)
    if not place or len(fields) > 1 or not isinstance(name, str):
        return {key: _put_in(inner, (*place, key), environment, faults) for key, inner in fields.items()}
    if not environment.get(name):
        faults.append(f"{_name_place(place)} the variable {name} of the environment is not set")
        return f"http://{_ENV}"  # so that nothing else is said of this value
    return environment[name]


def _list_faults(error: ValueError, told: list[str]) -> Iterator[str]:
    if not isinstance(error, ValidationError):
        yield f"it is no TOML: {error}"
        return
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        place = fault["loc"]
        sentence = f"{_name_place(place)} {_describe(fault['type'], fault['msg'], place)}"
        if not any(each.startswith(f"{_name_place(place)} ") for each in told):
            yield sentence


def _describe(kind: str, message: str, place: tuple[str | int, ...]) -> str:
    if kind == "extra_forbidden":
        known = list(_find_table(place[:-1]).model_fields)
        near = difflib.get_close_matches(str(place[-1]), known, n=1)
        thing = "key" if len(place) > 1 else "table"
        hint = f": did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
        return f"there is no such {thing}{hint}"
    if kind == "string_pattern_mismatch" and place[-1] == "[key]":
        return "a name has letters, digits and . _ -, 64 at most"
    if kind == "string_pattern_mismatch":
        return "this is no address: it begins with http:// or https://"
    return message.removeprefix("Value error, ")


def _find_table(place: tuple[str | int, ...]) -> type[BaseModel]:
    """The model of a table: of the file itself, or of one that stands under a name."""
    return get_args(Declared.model_fields[str(place[0])].annotation)[1] if place else Declared


def _name_place(place: tuple[str | int, ...]) -> str:
    """`[databases.shop] url:`, as it is written in the file."""
    parts = [str(part) for part in place if part != "[key]"]
    table, key = ".".join(parts[:2]), ".".join(parts[2:])
    return f"[{table}] {key}".rstrip() + ":"


def _list_secrets(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        yield from (text, text.partition(" ")[2])  # what stands behind `Bearer`
        yield from _list_passwords(text)
    elif isinstance(value, str):
        yield from _list_passwords(value)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _list_secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in cast("Mapping[str, Any]", value).values():
            yield from _list_secrets(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _list_secrets(inner)


def _list_passwords(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        password = parts.password or ""
    except ValueError:
        return
    yield from (password, unquote(password))
    yield from (value for name, value in parse_qsl(parts.query) if _SECRET_NAME.search(name))
