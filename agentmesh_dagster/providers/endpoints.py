"""Which server a provider's calls go to, and how its faults are told without telling its secrets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.providers.errors import (
    AccessRefused,
    ProviderBroken,
    ProviderBusy,
    ProviderError,
    ProviderNotConfigured,
    ProviderOverloaded,
    QuotaUsedUp,
    RequestRefused,
)
from agentmesh_dagster.providers.retries import read_retry_after
from agentmesh_dagster.settings import Settings, name_variable, read_setting
from agentmesh_dagster.specs.provider_spec import ProviderSpec
from agentmesh_dagster.specs.secret_values import list_secret_values, scrub

LONGEST_QUOTE = 500  # characters of a provider's own words in an error text


@dataclass(frozen=True)
class Endpoint:
    """A provider's server, and the variables that an error text names."""

    provider: str
    base_url: str
    url_variable: str
    key_variable: str
    api_key: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)  # every secret of the settings: a proxy may echo any of them

    @property
    def address(self) -> str:
        """Scheme, host and port: a URL may carry a password before them and a token behind."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"

    def scrub(self, text: str) -> str:
        """The text without secrets and without characters that the store refuses."""
        return scrub(text, self.secrets).replace("\x00", "").encode("utf-8", "replace").decode()

    def quote(self, text: str) -> str:
        """The provider's own words: scrubbed, on one line, cut."""
        words = " ".join(self.scrub(text).split())
        return words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE]}…"


def build_endpoint(settings: Settings, spec: ProviderSpec) -> Endpoint:
    """The provider's endpoint; ProviderNotConfigured when the address or the key cannot be used, or is missing."""
    url_variable, key_variable = name_variable(spec.base_url), name_variable(spec.api_key)
    base_url = read_setting(settings, spec.base_url) or spec.default_url or ""
    parts = _split_address(base_url)
    if parts is None:
        raise ProviderNotConfigured(f"{url_variable} is no http:// or https:// address")
    key = read_setting(settings, spec.api_key)
    if not key and spec.needs_key:
        raise ProviderNotConfigured(
            f"{spec.name} needs a key: set {key_variable}. Without one, the provider `local` answers offline"
        )
    if not (key.isascii() and (key.isprintable() or not key)):
        raise ProviderNotConfigured(f"{key_variable} holds characters that no key has")
    known = set(list_secret_values(settings))
    if password := parts.password:
        known.add(password)
    # The longest first: one secret may begin with another.
    ordered = tuple(sorted(known - {""}, key=len, reverse=True))
    # The SDKs want a key, and most servers that need none look at none.
    return Endpoint(spec.name, base_url, url_variable, key_variable, key or "none", ordered)


def _split_address(base_url: str) -> SplitResult | None:
    try:
        parts = urlsplit(base_url)
        return parts if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def explain_status(endpoint: Endpoint, status: int, headers: Mapping[str, str], body: JsonValue) -> ProviderError:
    """The fault that an HTTP error status stands for; `body` is the parsed body, or its text."""
    message, code = _read_error_body(body)
    said = f' and said: "{endpoint.quote(message)}"' if message else ""
    fault_type, advice = _judge_status(endpoint, status, code, message)
    return fault_type(
        f"it answered with status {status}{said}{f'; {advice}' if advice else ''}",
        status=status,
        retry_after=read_retry_after(headers),
    )


def explain_error_body(endpoint: Endpoint, body: JsonValue) -> str:
    """The provider's words in a body that says it is an error."""
    return endpoint.quote(_read_error_body(body)[0])


def _read_error_body(body: JsonValue) -> tuple[str, str]:
    """Message and code of an error body; openai, anthropic and their imitators nest it differently."""
    inner = as_object(body).get("error", body)
    if not isinstance(inner, dict):
        return (inner, "") if isinstance(inner, str) else ("", "")
    message = inner.get("message")
    code = inner.get("code") or inner.get("type")
    return (message if isinstance(message, str) else json.dumps(inner)), code if isinstance(code, str) else ""


def _judge_status(endpoint: Endpoint, status: int, code: str, message: str) -> tuple[type[ProviderError], str]:
    if status in (401, 403):
        return AccessRefused, f"set {endpoint.key_variable} to a key that may use this model"
    if status == 402 or "insufficient_quota" in code:
        return QuotaUsedUp, "look at the account's billing page"
    if status in (503, 529):
        return ProviderOverloaded, ""
    if status == 429:
        return ProviderBusy, ""
    if status in (408, 409) or (status >= 500 and status != 501):
        return ProviderBroken, ""
    if "temperature" in message:
        return RequestRefused, "if this model takes no temperature, remove it from the agent"
    if status == 404:
        return RequestRefused, f"look at the agent's modelName, and at {endpoint.url_variable} if it is set"
    return RequestRefused, ""
