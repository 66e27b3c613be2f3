"""Everything that an installation can set, read once: from the environment (`AGENTMESH_…`), and what `agentmesh.toml`
declares."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agentmesh_dagster.declared import NOTHING, Declared, read_declared
from agentmesh_dagster.errors import AgentMeshError, InvalidValue


class InvalidSettings(AgentMeshError):
    """A setting has a value that cannot be used."""


DECLARED_IN = "agentmesh.toml"  # in the home folder, unless AGENTMESH_CONFIG says where


TRACE_ID = "{traceId}"

_SECRET, _HOSTS = "AGENTMESH_SECRET_", "_HOSTS"
_SHORTEST_SECRET = 8
_HOST = re.compile(r"((?:\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?")


@dataclass(frozen=True)
class SecretHost:
    """A host that a secret may be sent to."""

    name: str  # lower case; `*.` in front stands for any name below it
    port: int | None  # None: any
    plain: bool  # also over http


@dataclass(frozen=True)
class OpenedSecret:
    """A secret that the operator opens to tools, for some hosts."""

    value: SecretStr
    hosts: tuple[SecretHost, ...]

    def is_for(self, host: str, port: int | None, *, plain: bool = False) -> bool:
        """Whether it may be sent there; `plain`: over http."""
        name = host.lower().removesuffix(".")
        return any(
            (name == one.name or (one.name.startswith("*.") and name.endswith(one.name[1:])))
            and one.port in (None, port)
            and (one.plain or not plain)
            for one in self.hosts
        )


_NOWHERE = "none"  # of a secret that is sent to no host, since it only checks signatures
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_AGE = re.compile(r"([0-9]{1,5})([hdw])")


class InvalidAge(InvalidValue):
    """An age is a whole number of hours, days or weeks, such as `12h`, `90d` or `4w`."""


def read_age(text: str) -> timedelta:
    """Raises InvalidAge, for 0 too."""
    found = _AGE.fullmatch(text.strip())
    hours = int(found[1]) * _HOURS[found[2]] if found else 0
    if not hours:
        raise InvalidAge(f"not `{text[:40]}`")
    return timedelta(hours=hours)


def _read_retention(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        return read_age(given) if given.strip() else None
    except InvalidAge as fault:
        raise ValueError(str(fault)) from fault


class _Places(BaseSettings):
    """Where more settings stand: known whatever is wrong with the others."""

    model_config = SettingsConfigDict(env_prefix="AGENTMESH_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: Path.cwd() / ".agentmesh",
        description="Folder of the SQLite store and of Dagster's own storage when `agentmesh` starts it.",
    )
    config: Path | None = Field(
        default=None,
        description="The file that declares connections, databases and MCP servers; without it `agentmesh.toml` in"
        " the home folder, where there is one.",
    )

    @field_validator("home", "config")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path and path.expanduser().absolute()

    @cached_property
    def declared(self) -> Declared:
        """What the operator's file declares, and the MCP server that ships with us.

        Raises InvalidSettings, with all faults.
        """
        file = self.config or self.home / DECLARED_IN
        if self.config is None and not file.exists():
            return NOTHING.with_example
        declared, faults = read_declared(file)
        if faults:
            raise InvalidSettings(f"{file}: {'; '.join(faults)}")
        return declared.with_example

    @cached_property
    def secrets(self) -> Mapping[str, OpenedSecret]:
        """What AGENTMESH_SECRET_<NAME> and AGENTMESH_SECRET_<NAME>_HOSTS open to tools, by name.

        Raises InvalidSettings, with all faults and no value.
        """
        return _read_secrets(os.environ)


class Settings(_Places):
    """The settings of this process; each field is the environment variable `AGENTMESH_<FIELD>`."""

    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL of the store, such as postgresql://…; without it, SQLite in the home folder.",
    )
    dagster_yaml: Path | None = Field(
        default=None,
        description="The `dagster.yaml` that the home folder gets; without it that of the current folder, else ours.",
    )
    executor: Literal["threads", "in_process", "multiprocess", "celery"] = Field(
        default="threads",
        description="Executor of compiled jobs: steps side by side in threads, in_process one after another,"
        " multiprocess a process for each step, celery a worker elsewhere.",
    )
    max_concurrent_steps: int = Field(
        default=32,
        ge=1,
        le=1_000,
        description="How many steps of a run the executor `threads` executes at the same time.",
    )
    public_url: str | None = Field(
        default=None, description="Address under which people reach the web server, for links in Dagster's UI."
    )

    trace_url: str | None = Field(
        default=None,
        description="Address of a trace where OpenTelemetry's traces are looked at; {traceId} in it stands for its id.",
    )

    url: str | None = Field(
        default=None, description="Server that commands ask instead of the store here, its path prefix included."
    )
    token: SecretStr | None = Field(default=None, description="Token with which commands log in there.")

    auth: Literal["on", "off"] = Field(
        default="on", description="off: no login, everybody is admin; only on a loopback address."
    )
    allowed_hosts: str = Field(
        default="",
        description="Further host names under which people reach the web server, by comma; others are refused (421).",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks, by comma, of the proxies whose X-Forwarded-For and X-Forwarded-Proto hold.",
    )
    session_hours: float = Field(
        default=12.0, gt=0, le=8760, description="How long a login lasts in the browser, in hours."
    )

    console_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] | None = Field(
        default=None,
        description="What runs launched by this process print to standard error; Dagster's own default unless set.",
    )

    retention: Annotated[timedelta | None, NoDecode, BeforeValidator(_read_retention)] = Field(
        default=None,
        description="How long ended runs are kept, such as 90d, before the daemon deletes them; without it for ever.",
    )
    max_value_bytes: int = Field(
        default=10_000_000, gt=0, le=500_000_000, description="Largest JSON value accepted anywhere, in bytes."
    )
    max_values: int = Field(
        default=500_000,
        gt=0,
        le=10_000_000,
        description="Most values in one JSON: lists, objects and what is in them.",
    )
    max_bodies_bytes: int = Field(
        default=64_000_000,
        gt=0,
        le=10**12,
        description="Bodies that the web server holds at once, in bytes.",
    )
    lease_seconds: float = Field(
        default=30.0,
        gt=0,
        le=86_400,
        description="A worker that has not renewed its lease for so long has lost its step.",
    )
    step_timeout_seconds: float = Field(
        default=3600.0, gt=0, le=604_800, description="Time limit of one attempt of a step that sets no timeoutSeconds."
    )

    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias="ANTHROPIC_API_KEY")
    anthropic_base_url: str | None = Field(default=None, validation_alias="ANTHROPIC_BASE_URL")
    local_base_url: str | None = Field(
        default=None,
        description="OpenAI-compatible server for the provider `local`; without it the built-in offline model answers.",
    )
    local_api_key: SecretStr | None = Field(default=None, description="Key for that server, where it wants one.")
    provider_timeout_seconds: float = Field(
        default=120.0, gt=0, le=86_400, description="Total time for one model call."
    )
    provider_max_attempts: int = Field(
        default=4, ge=1, le=100, description="Tries of one model call, the first included."
    )
    provider_max_retry_after_seconds: float = Field(
        default=30.0, ge=0, le=86_400, description="A longer Retry-After fails the call at once instead of waiting."
    )

    open_metrics: bool = Field(
        default=False,
        description="Whether `/metrics` is shown to everybody; else to whoever is logged in, or has a token.",
    )

    webhook_secret: SecretStr | None = Field(
        default=None, description="Key of the HMAC-SHA256 signature on notices about gates; unsigned without it."
    )

    http_allow_hosts: str = Field(
        default="",
        description="Hosts, addresses or networks that http tools may reach although they are private, by comma.",
    )
    http_timeout_seconds: float = Field(default=30.0, gt=0, le=86_400, description="Total time for one http tool call.")
    http_max_response_bytes: int = Field(
        default=2_000_000, gt=0, le=500_000_000, description="Longest response of an http tool."
    )

    files_url: str = Field(
        default="",
        description="Folder or bucket (a path, s3://…) for files that tools get; the store keeps them unless set.",
    )

    @field_validator("trace_url")
    @classmethod
    def _names_trace(cls, url: str | None) -> str | None:
        if url and (TRACE_ID not in url or not url.startswith(("http://", "https://"))):
            raise ValueError(f"it must be an address with {TRACE_ID} in it")
        return url or None

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store."""
        return self.database_url or f"sqlite:///{self.home / 'agentmesh.db'}"


def link_run(settings: Settings, run_id: str) -> str | None:
    """The page of a run; None where nobody has said under which address people reach the web server."""
    return _link(settings, "runs", run_id)


def link_workflow(settings: Settings, workflow_id: str) -> str | None:
    """The page of a workflow; None as for `link_run`."""
    return _link(settings, "workflows", workflow_id)


def _link(settings: Settings, page: str, identity: str) -> str | None:
    if not settings.public_url:
        return None
    return f"{settings.public_url.rstrip('/')}/agentmesh/{page}/{quote(identity, safe='')}"


@cache
def get_settings() -> Settings:
    """The settings of this process, read at the first call. Raises InvalidSettings, with all faults."""
    faults: list[str] = []
    try:
        settings = Settings()
    except ValidationError as error:
        # Without the values: they may be keys.
        told = error.errors(include_url=False, include_input=False, include_context=False)
        faults += [f"{_name_variable(fault['loc'])}: {fault['msg']}" for fault in told]
        settings = _Places()
    for name in ("secrets", "declared"):
        try:
            getattr(settings, name)
        except InvalidSettings as fault:
            faults.append(fault.detail)
    if faults or not isinstance(settings, Settings):
        raise InvalidSettings("; ".join(faults))
    return settings


def name_variable(setting: str) -> str:
    """The variable of the environment that a setting is read from; of one that a package brings: its name."""
    if setting not in Settings.model_fields:
        return setting.upper()
    alias = Settings.model_fields[setting].validation_alias
    return alias if isinstance(alias, str) else f"AGENTMESH_{setting}".upper()


def read_setting(settings: Settings, setting: str) -> str:
    """The text of a setting, without blanks around it; "" where it is not set."""
    if setting not in Settings.model_fields:
        return os.environ.get(name_variable(setting), "").strip()
    value: object = getattr(settings, setting)
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return "" if text is None else str(text).strip()


def _name_variable(place: tuple[int | str, ...]) -> str:
    name = str(place[0]) if place else ""
    return name_variable(name) if name in Settings.model_fields else name


def _read_secrets(environment: Mapping[str, str]) -> dict[str, OpenedSecret]:
    opened: dict[str, OpenedSecret] = {}
    faults: list[str] = []
    for variable, text in environment.items():
        value = text.strip()
        if not variable.startswith(_SECRET) or variable.endswith(_HOSTS) or not value:
            continue
        try:
            name = variable.removeprefix(_SECRET)
            opened[name] = OpenedSecret(SecretStr(value), _read_secret_hosts(environment.get(variable + _HOSTS, "")))
            if len(value) < _SHORTEST_SECRET:
                raise ValueError(f"shorter than {_SHORTEST_SECRET} characters, it could not be kept out of results")
        except ValueError as fault:
            faults.append(f"{variable}: {fault}")
    if faults:
        raise InvalidSettings("; ".join(faults))
    return opened


def _read_secret_hosts(text: str) -> tuple[SecretHost, ...]:
    entries = [entry.strip().lower() for entry in text.split(",") if entry.strip()]
    if entries == [_NOWHERE]:
        return ()
    if not entries:
        raise ValueError("its variable that ends in _HOSTS must name the hosts that it may be sent to, by comma")
    return tuple(_read_secret_host(entry) for entry in entries)


def _read_secret_host(entry: str) -> SecretHost:
    plain = entry.startswith("http://")
    place = entry.removeprefix("http://").removeprefix("https://")
    match = _HOST.fullmatch(place)
    if match is None or not match[1].strip("*."):
        raise ValueError(f"`{entry}` in its _HOSTS is no host: write api.example, *.example, host:8443 or http://host")
    return SecretHost(match[1].strip("[]").removesuffix("."), int(match[2]) if match[2] else None, plain)
