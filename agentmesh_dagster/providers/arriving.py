"""The HTTP client under both SDKs: it bounds what comes, and hands on a reply whose shape is known."""

import json
import os
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2

from agentmesh_dagster.entities.json_values import InvalidJson, as_list, as_object, read_json, write_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.endpoints import Endpoint, explain_error_body
from agentmesh_dagster.providers.errors import MalformedReply, ProviderError, ReplyTooLarge
from agentmesh_dagster.providers.repair.chat import CHAT, apply_echo
from agentmesh_dagster.providers.repair.claude import CLAUDE
from agentmesh_dagster.providers.repair.repaired import Repaired, Repairer
from agentmesh_dagster.providers.repair.responses import RESPONSES
from agentmesh_dagster.providers.repair.text import repair_text
from agentmesh_dagster.providers.streams import join_events

CONNECT_TIMEOUT_SECONDS = 10.0
_OF_THE_COMPANIES = frozenset({"api.openai.com", "api.anthropic.com"})
_OF_OPENAI = ("openai-organization", "openai-project")
# Of an answer that is decoded and written anew, these would tell of the old one.
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "content-type", "transfer-encoding"})


@dataclass
class Arriving:
    """One call while its bytes are on the way. The SDKs hand on their own objects only, so this travels beside them."""

    max_bytes: int
    used_ids: frozenset[str]  # of the tool calls that the conversation has already
    echoes: Sequence[JsonObject] = ()  # of the replies in the conversation, in their order
    repaired: Repaired = field(default_factory=Repaired)
    fault: ProviderError | None = None  # of a reply that was paid for: raised once its tokens are counted
    streams: bool = False  # the answer may take long: it is asked for in pieces, so that no proxy takes it for dead


CALL: ContextVar[Arriving] = ContextVar("agentmesh-model-call")


class ReplyClient(httpx2.AsyncClient):
    """Reads each answer whole, within the limit of the call; what comes is repaired before an SDK sees it."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(
            timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT_SECONDS),
            limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=100),
            follow_redirects=True,
        )
        self._endpoint = endpoint

    async def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """The answer, its body read; raises the ProviderError family for one that is none."""
        call = CALL.get()
        self._forget_environment(request)
        if call.streams or any(call.echoes):
            request = _rewrite(request, call)
        asked: dict[str, Any] = {**how, "stream": True}
        response = await super().send(request, **asked)
        body = await _read_body(response, self._endpoint, call)
        if response.is_success:
            body = self._repair(_name_api(request), body, call, response.headers)
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_WIRE]
        headers.append(("content-type", "application/json"))
        return httpx2.Response(response.status_code, headers=headers, content=body, request=request)

    def _forget_environment(self, request: httpx2.Request) -> None:
        """What the SDKs read of the environment for their own company's servers is not told to others."""
        if urlsplit(str(request.url)).hostname in _OF_THE_COMPANIES:
            return
        custom = f"{os.environ.get('OPENAI_CUSTOM_HEADERS', '')}\n{os.environ.get('ANTHROPIC_CUSTOM_HEADERS', '')}"
        names = {line.partition(":")[0].strip().lower() for line in custom.splitlines()}
        for name in (*_OF_OPENAI, *(names - {""})):
            if name == "authorization":
                request.headers[name] = f"Bearer {self._endpoint.api_key}"
            else:
                request.headers.pop(name, None)
        request.headers.update(self._endpoint.headers)

    def _repair(self, api: str, body: bytes, call: Arriving, headers: httpx2.Headers) -> bytes:
        call.repaired, call.fault = Repaired(call.used_ids, self._endpoint.quote), None
        text = repair_text(body, call.repaired)
        if headers.get("content-type", "").startswith("text/event-stream"):
            said = join_events(api, text, call.max_bytes)
        else:
            said = _read_object(self._endpoint, text, call.max_bytes)
        repairer = _REPAIRERS[api]
        if said.get("error") and not (repairer.tells_errors and "output" in said):
            raise MalformedReply(f"an error with status 200: {explain_error_body(self._endpoint, said)}")
        try:
            whole = repairer.repair(said, call.repaired)
        except ProviderError as fault:
            call.fault = fault
            whole = repairer.write_blank(said)
        return write_json(whole).encode()


def _name_api(request: httpx2.Request) -> str:
    return request.url.path.rstrip("/").rpartition("/")[2]


def _rewrite(request: httpx2.Request, call: Arriving) -> httpx2.Request:
    """The request with what goes back beside each reply, and for an answer in events where that is wanted."""
    body: JsonObject = json.loads(request.content)
    replies = [message for message in as_list(body.get("messages")) if as_object(message).get("role") == "assistant"]
    for reply, echo in zip(replies, call.echoes, strict=False):
        apply_echo(echo, as_object(reply))
    if call.streams:
        body["stream"] = True
        if _name_api(request) == "completions":
            body["stream_options"] = {"include_usage": True}
    headers = [(name, value) for name, value in request.headers.multi_items() if name not in _OF_THE_WIRE]
    return httpx2.Request(
        request.method, request.url, headers=headers, content=write_json(body), extensions=request.extensions
    )


_REPAIRERS: dict[str, Repairer] = {"completions": CHAT, "messages": CLAUDE, "responses": RESPONSES}


async def _read_body(response: httpx2.Response, endpoint: Endpoint, call: Arriving) -> bytes:
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > call.max_bytes:
                raise ReplyTooLarge(f"more than {call.max_bytes:,} bytes (AGENTMESH_MAX_VALUE_BYTES)")
    except httpx2.HTTPError as error:
        raise MalformedReply(f"the reply broke off: {endpoint.quote(str(error))}") from None
    finally:
        await response.aclose()
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
    return value
