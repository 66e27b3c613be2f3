"""One model call from request to checked reply: the same for every provider that is reached over HTTP."""

import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import CancelledError
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, cast
from urllib.parse import quote

from agentmesh_dagster.entities.json_values import InvalidJson, read_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.calls import get_call_loop
from agentmesh_dagster.providers.chat import ChatReply, ChatRequest
from agentmesh_dagster.providers.endpoints import Endpoint, explain_error_body, explain_status
from agentmesh_dagster.providers.errors import (
    CallEnded,
    MalformedReply,
    ProviderError,
    ProviderTimeout,
    ProviderUnreachable,
    ReplyTooLarge,
)
from agentmesh_dagster.providers.retries import RetryBudget, call_with_retries
from agentmesh_dagster.settings import Settings

CONNECT_TIMEOUT_SECONDS = 10.0


class StreamedResponse(Protocol):
    """What both SDKs give for a response whose body has not been read."""

    def iter_bytes(self) -> AsyncIterator[bytes]: ...


@dataclass(frozen=True)
class Sdk:
    """How one SDK is asked, and what it raises."""

    open_response: Callable[[], AbstractAsyncContextManager[StreamedResponse]]
    status_error: type[Exception]
    timeout_error: type[Exception]  # before the connection stands: later the deadline is what ends a call
    connection_error: type[Exception]


def exchange(
    endpoint: Endpoint,
    request: ChatRequest,
    settings: Settings,
    sdk: Sdk,
    read_reply: Callable[[JsonObject], ChatReply],
    first_delay_seconds: float,
) -> ChatReply:
    """The reply, after as many tries as the budget allows; raises the ProviderError family.

    `read_reply` gets the body as a JSON object and raises a ProviderError when it is no finished answer.
    """
    deadline = min(request.deadline, time.monotonic() + settings.provider_timeout_seconds)
    if deadline == request.deadline:
        limit = "the node's time was over; raise its timeoutSeconds if it needs longer"
    else:
        limit = "the limit of model calls; raise AGENTMESH_PROVIDER_TIMEOUT_SECONDS if it needs longer"
    budget = RetryBudget(
        max_attempts=settings.provider_max_attempts,
        deadline=deadline,
        max_retry_after_seconds=settings.provider_max_retry_after_seconds,
        first_delay_seconds=first_delay_seconds,
    )

    def attempt() -> ChatReply:
        body = _fetch(endpoint, sdk, deadline, limit, settings.max_value_bytes)
        return read_reply(_read_object(endpoint, body, settings.max_value_bytes))

    def report_retry(fault: ProviderError, delay: float) -> None:
        request.report_retry(endpoint.scrub(str(fault)), delay)

    try:
        return call_with_retries(budget, attempt, report_retry)
    except ProviderError as error:
        who = f"{endpoint.provider} ({request.model})"
        detail = endpoint.scrub(f"{who}: {error.detail}" if error.detail else who)
        # Without the chain: an SDK's own text may quote what the provider said in full.
        raise type(error)(detail, status=error.status, retry_after=error.retry_after) from None


def build_call_headers(request: ChatRequest) -> dict[str, str]:
    """The headers that are the same for every try of one call."""
    # A key made from a node's id may be in any script; a header may not.
    key = quote(request.idempotency_key, safe=" !#$&'()*+,/:;=?@[]^`{|}~")
    return {"Idempotency-Key": key} if key else {}


def _fetch(endpoint: Endpoint, sdk: Sdk, deadline: float, limit: str, max_bytes: int) -> bytes:
    """The body of a 2xx answer; `limit` says whose the deadline is."""
    import httpx2  # the SDKs raise its errors while a body is read

    started = time.monotonic()
    try:
        return get_call_loop().run(lambda: _read_body(sdk, max_bytes), deadline)
    except CancelledError:
        raise CallEnded from None
    except TimeoutError:
        raise ProviderTimeout(f"no complete answer within {deadline - started:.1f} s: {limit}") from None
    except sdk.timeout_error:
        raise ProviderTimeout(f"no connection to {endpoint.address} within {CONNECT_TIMEOUT_SECONDS:g} s") from None
    except sdk.connection_error as error:
        reason = endpoint.quote(str(error.__cause__ or error))
        raise ProviderUnreachable(
            f"{endpoint.address}: {reason}; look at the network and at {endpoint.url_variable}"
        ) from None
    except sdk.status_error as error:
        fault = cast("Any", error)
        raise explain_status(endpoint, fault.status_code, fault.response.headers, fault.body) from None
    except httpx2.HTTPError as error:
        raise MalformedReply(f"the reply broke off: {endpoint.quote(str(error))}") from None


async def _read_body(sdk: Sdk, max_bytes: int) -> bytes:
    body = bytearray()
    async with sdk.open_response() as response:
        async for chunk in response.iter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise ReplyTooLarge(f"more than {max_bytes:,} bytes (AGENTMESH_MAX_VALUE_BYTES)")
    return bytes(body)


def _read_object(endpoint: Endpoint, body: bytes, max_bytes: int) -> JsonObject:
    try:
        value = read_json(body, max_bytes=max_bytes)
    except InvalidJson as error:
        start = endpoint.quote(body[:2000].decode("utf-8", "replace")) or "nothing"
        raise MalformedReply(
            f"not JSON ({error.reason}), it begins: {start}; look at {endpoint.url_variable} if it is set"
        ) from None
    if not isinstance(value, dict):
        raise MalformedReply("a JSON object was expected")
    if value.get("error"):
        raise MalformedReply(f"an error with status 200: {explain_error_body(endpoint, value)}")
    return value
