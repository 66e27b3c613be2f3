"""The values that no error text shows: those of the variables that specs name, and those of the operator's file."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from agentmesh_dagster.settings import Settings, read_setting
from agentmesh_dagster.specs import NODE_SPECS, PROVIDER_SPECS, TOOL_SPECS


class ErrorWithSecret(Exception):
    """An error whose own text shows a secret; this one stands for it."""


def list_secret_values(settings: Settings) -> tuple[str, ...]:
    """What keys of providers, secrets of types and of the operator's file are now.

    The longest first, since one may begin with another.
    """
    specs = (*NODE_SPECS.values(), *TOOL_SPECS.values(), *PROVIDER_SPECS.values())
    names = {name for spec in specs for name in spec.secrets}
    names |= {spec.api_key for spec in PROVIDER_SPECS.values()}
    values = {read_setting(settings, name) for name in names} | settings.declared.list_secrets()
    return tuple(sorted(values - {""}, key=len, reverse=True))


def scrub(text: str, secrets: tuple[str, ...]) -> str:
    """The text with `***` for each secret."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


@contextmanager
def without_secrets(settings: Settings) -> Generator[None]:
    """What is raised inside, and what it came of, shows no secret.

    Raises ErrorWithSecret instead of an error that cannot be rewritten; such a cause is left out.
    """
    try:
        yield
    except Exception as error:
        secrets = list_secret_values(settings)
        for cause in _list_causes(error):
            _scrub_error(cause, secrets)
        if _shows_any(error, secrets):
            raise ErrorWithSecret(f"{type(error).__name__}: {scrub(str(error), secrets)}") from None
        if any(_shows_any(cause, secrets) for cause in _list_causes(error)):
            raise error from None
        raise


def _shows_any(error: BaseException, secrets: tuple[str, ...]) -> bool:
    return any(secret in str(error) for secret in secrets)


def _list_causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _scrub_error(error: BaseException, secrets: tuple[str, ...]) -> None:
    told: Any = error
    error.args = tuple(scrub(part, secrets) if isinstance(part, str) else part for part in error.args)
    for name in ("detail", "strerror"):  # ours have the one, those of the operating system the other
        if isinstance(getattr(told, name, None), str):
            setattr(told, name, scrub(getattr(told, name), secrets))
