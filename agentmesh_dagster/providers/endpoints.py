"""Which server a provider's calls go to, and how its faults are told without telling its secrets."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import SplitResult, urlencode, urlsplit

from agentmesh_dagster.declared import OwnPrice
from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.model_options import NO_OPTIONS, ModelOptions
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import quote
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
from agentmesh_dagster.providers.prices import Seller
from agentmesh_dagster.providers.retries import read_retry_after
from agentmesh_dagster.settings import Settings, name_variable, read_setting
from agentmesh_dagster.specs.provider_spec import ProviderSpec
from agentmesh_dagster.specs.secret_values import list_secret_values, scrub

# Not the mere word: texts about rate limits point to the billing page too.
_WITHOUT_CREDIT = re.compile(
    r"insufficient[_ ](quota|balance|funds|credit)|billing[_ ](error|not[_ ]active|(hard[_ ])?limit)"
    r"|credit balance|(no|out of) credit|plan and billing",
    re.IGNORECASE,
)
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
    api: Literal["openai", "claude"] = "openai"  # whose language it speaks
    service: str | None = None  # whose price list holds, by its id in `genai-prices`; None: whoever has the address

    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)  # sent with each call
    kind: str = ""  # of a connection; of a provider its own name
    options: ModelOptions = NO_OPTIONS  # where the request has none of its own
    prices: Mapping[str, OwnPrice] = field(default_factory=dict[str, OwnPrice])  # by model
    profile: Mapping[str, Any] = field(default_factory=dict[str, Any])  # corrects what the library knows of its models

    @property
    def seller(self) -> Seller:
        """Whose prices hold for what it answers."""
        return Seller(self.service, self.base_url, own=self.prices)

    @property
    def identity(self) -> str:
        """The same for endpoints that may share connections, and what is known of their models."""
        return "\x1f".join((self.provider, self.base_url, self.api_key, *map(str, self.headers.items())))

    @property
    def library_name(self) -> str:
        """Whose replies the library takes its own for: it sends their reasoning back to no other."""
        if self.api == "claude":
            return "anthropic"
        return "openai" if self.is_openai else self.provider

    @property
    def is_openai(self) -> bool:
        """It is OpenAI, or stands in its place."""
        return (self.kind or self.provider) in ("openai", "azure")

    @property
    def keeps_tools_apart(self) -> bool:
        """It takes a schema for the answer beside tools: other servers hold also the calls to it."""
        return self.api == "claude" or self.is_openai

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
    return Endpoint(
        spec.name,
        base_url,
        url_variable,
        key_variable,
        key or "none",
        ordered,
        "claude" if spec.name == "anthropic" else "openai",
        spec.name if spec.default_url else None,
    )


_DEFAULT_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com/v1beta/openai",
}
SERVICES = {"openai": "openai", "anthropic": "anthropic", "azure": "azure", "google": "google"}


def build_connection_endpoint(settings: Settings, name: str) -> Endpoint:
    """The endpoint that the operator has declared under this name; ProviderNotConfigured where there is none."""
    declared = settings.declared.connections
    if name not in declared:
        raise ProviderNotConfigured(
            with_hint(f"agentmesh.toml declares no connection {quote(name)} to models", name, declared)
        )
    connection = declared[name]
    base_url = connection.base_url or _DEFAULT_URLS.get(connection.kind) or settings.local_base_url
    if base_url is None:
        raise ProviderNotConfigured(f"[connections.{name}] in agentmesh.toml needs a base_url")
    if connection.api_version is not None:
        base_url = f"{base_url}?{urlencode({'api-version': connection.api_version})}"
    place = f"[connections.{name}] in agentmesh.toml"
    return Endpoint(
        provider=name,
        base_url=base_url,
        url_variable=f"base_url of {place}",
        key_variable=f"api_key of {place}",
        api_key=connection.api_key.get_secret_value() if connection.api_key else "none",
        secrets=list_secret_values(settings),
        api="claude" if connection.kind == "anthropic" else "openai",
        service=SERVICES.get(connection.kind),
        headers={header: value.get_secret_value() for header, value in connection.headers.items()},
        kind=connection.kind,
        options=ModelOptions.model_validate(connection.options.model_dump(exclude_none=True)),
        prices=connection.prices,
        profile=connection.profile,
    )


def _split_address(base_url: str) -> SplitResult | None:
    try:
        parts = urlsplit(base_url)
        return parts if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def explain_status(endpoint: Endpoint, status: int, headers: Mapping[str, str], body: JsonValue) -> ProviderError:
    """The fault that an HTTP error status stands for; `body` is the parsed body, or its text."""
    message, code = _read_error_body(body)
    should_retry = headers.get("x-should-retry", "").strip().lower()
    request_id = headers.get("x-request-id") or headers.get("request-id")
    said = f' and said: "{endpoint.quote(message)}"' if message else ""
    fault_type, advice = _judge_status(endpoint, status, code, message)
    named = f" (request {endpoint.quote(request_id)[:100]})" if request_id else ""
    return fault_type(
        f"it answered with status {status}{said}{named}{f'; {advice}' if advice else ''}",
        status=status,
        retry_after=read_retry_after(headers),
        may_pass={"true": True, "false": False}.get(should_retry),
    )


def explain_error_body(endpoint: Endpoint, body: JsonValue) -> str:
    """The provider's words in a body that says it is an error."""
    return endpoint.quote(_read_error_body(body)[0])


def _read_error_body(body: JsonValue) -> tuple[str, str]:
    """Message and code of an error body; openai, anthropic and their imitators nest it differently."""
    if isinstance(body, list) and body:  # Google's servers put the error into a list
        body = body[0]
    inner = as_object(body).get("error", body)
    if not isinstance(inner, dict):
        return (inner, "") if isinstance(inner, str) else ("", "")
    message = inner.get("message")
    code = inner.get("code") or inner.get("type")
    return (message if isinstance(message, str) else json.dumps(inner)), code if isinstance(code, str) else ""


def _judge_status(endpoint: Endpoint, status: int, code: str, message: str) -> tuple[type[ProviderError], str]:
    if status == 402 or _WITHOUT_CREDIT.search(f"{code} {message}" if status in (400, 403, 429) else code):
        return QuotaUsedUp, "look at the account's billing page"
    if status in (401, 403):
        return AccessRefused, f"set {endpoint.key_variable} to a key that may use this model"
    if status in (503, 529):
        return ProviderOverloaded, ""
    if status == 429:
        return ProviderBusy, ""
    if status in (408, 409, 425) or (status >= 500 and status != 501):
        return ProviderBroken, ""
    if "temperature" in message:
        return RequestRefused, "if this model takes no temperature, remove it from the agent"
    if status == 404:
        return RequestRefused, f"look at the agent's modelName, and at {endpoint.url_variable} if it is set"
    return RequestRefused, ""
