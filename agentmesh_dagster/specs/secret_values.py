"""The values that no error text shows: those of the variables that specs name."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from agentmesh_dagster.settings import Settings, read_setting
from agentmesh_dagster.specs import NODE_SPECS, PROVIDER_SPECS, TOOL_SPECS


def list_secret_values(settings: Settings) -> tuple[str, ...]:
    """What keys of providers and secrets of types are now; the longest first, since one may begin with another."""
    specs = (*NODE_SPECS.values(), *TOOL_SPECS.values(), *PROVIDER_SPECS.values())
    names = {name for spec in specs for name in spec.secrets}
    names |= {spec.api_key for spec in PROVIDER_SPECS.values() if spec.api_key}
    return tuple(sorted({read_setting(settings, name) for name in names} - {""}, key=len, reverse=True))


def scrub(text: str, secrets: tuple[str, ...]) -> str:
    """The text with `***` for each secret."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


@contextmanager
def without_secrets(settings: Settings) -> Generator[None]:
    """What is raised inside, and what it came of, shows no secret."""
    try:
        yield
    except Exception as error:
        secrets = list_secret_values(settings)
        cause: BaseException | None = error
        while cause is not None:
            _scrub_error(cause, secrets)
            cause = cause.__cause__ or cause.__context__
        raise


def _scrub_error(error: BaseException, secrets: tuple[str, ...]) -> None:
    told: Any = error
    error.args = tuple(scrub(part, secrets) if isinstance(part, str) else part for part in error.args)
    if isinstance(getattr(told, "detail", None), str):
        told.detail = scrub(told.detail, secrets)
