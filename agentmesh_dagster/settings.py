"""Everything that an installation can set, read once from the environment (`AGENTMESH_…`)."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from agentmesh_dagster.errors import AgentMeshError


class InvalidSettings(AgentMeshError):
    """An environment variable has a value that cannot be used."""


class Settings(BaseSettings):
    """The settings of this process; each field is the environment variable `AGENTMESH_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="AGENTMESH_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: Path.cwd() / ".agentmesh",
        description="Folder of the SQLite store and of Dagster's own storage when `agentmesh` starts it.",
    )
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
        default=32, ge=1, description="How many steps of a run the executor `threads` executes at the same time."
    )
    public_url: str | None = Field(
        default=None, description="Address under which people reach the web server, for links in Dagster's UI."
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
    session_hours: float = Field(
        default=12.0, gt=0, le=8760, description="How long a login lasts in the browser, in hours."
    )

    console_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] | None = Field(
        default=None,
        description="What runs launched by this process print to standard error; Dagster's own default unless set.",
    )

    max_value_bytes: int = Field(
        default=10_000_000, gt=0, description="Largest JSON value accepted anywhere, in bytes."
    )
    lease_seconds: float = Field(
        default=30.0, gt=0, description="A worker that has not renewed its lease for so long has lost its step."
    )
    step_timeout_seconds: float = Field(
        default=3600.0, gt=0, description="Time limit of one attempt of a step that sets no timeoutSeconds."
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
    provider_timeout_seconds: float = Field(default=120.0, gt=0, description="Total time for one model call.")
    provider_max_attempts: int = Field(default=4, ge=1, description="Tries of one model call, the first included.")
    provider_max_retry_after_seconds: float = Field(
        default=30.0, ge=0, description="A longer Retry-After fails the call at once instead of waiting."
    )

    webhook_secret: SecretStr | None = Field(
        default=None, description="Key of the HMAC-SHA256 signature on notices about gates; unsigned without it."
    )

    http_allow_hosts: str = Field(
        default="",
        description="Hosts, addresses or networks that http tools may reach although they are private, by comma.",
    )
    http_timeout_seconds: float = Field(default=30.0, gt=0, description="Total time for one http tool call.")
    http_max_response_bytes: int = Field(default=2_000_000, gt=0, description="Longest response of an http tool.")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store."""
        return self.database_url or f"sqlite:///{self.home / 'agentmesh.db'}"


@cache
def get_settings() -> Settings:
    """The settings of this process, read at the first call. Raises InvalidSettings."""
    try:
        return Settings()
    except ValidationError as error:
        # Without the values: they may be keys.
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise InvalidSettings(
            "; ".join(f"{_name_variable(fault['loc'])}: {fault['msg']}" for fault in faults)
        ) from None


def _name_variable(place: tuple[int | str, ...]) -> str:
    name = str(place[0]) if place else ""
    return f"AGENTMESH_{name}".upper() if name in Settings.model_fields else name
