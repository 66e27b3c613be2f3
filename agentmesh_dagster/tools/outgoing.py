"""One HTTP call over the guarded network: bounded in size and time, redirected inside its server alone, no logs."""

import logging
import ssl
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import responses as status_phrases

import httpcore2
import httpx2

from agentmesh_dagster.entities.http_settings import Method
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.addresses import read_allowed_hosts
from agentmesh_dagster.tools.errors import (
    HttpBusy,
    HttpFailed,
    HttpRedirected,
    HttpRefused,
    HttpTimedOut,
    HttpUnauthorized,
    HttpUnreachable,
    InvalidTool,
    InvalidToolOutput,
    ResponseTooLong,
    cut_excerpt,
)
from agentmesh_dagster.tools.guarded_network import GuardedNetwork, Resolver, resolve_by_system
from agentmesh_dagster.tools.response_text import decode_text
from agentmesh_dagster.tools.secrets import Secrets

_FAILED_FOR_NOW = frozenset({408, 425})
_TOO_MANY_REQUESTS = 429
_UNAUTHORIZED = 401
_MOST_REDIRECTS = 5

_of_thread = threading.local()

# At DEBUG it logs the headers of each answer, and a server may send a secret back in one.
logging.getLogger("httpcore2").setLevel(logging.INFO)


@dataclass(frozen=True)
class OutgoingCall:
    method: Method
    url: httpx2.URL
    headers: Mapping[str, str] = field(repr=False)  # with their secrets
    body: bytes | None = field(repr=False)
    secrets: Secrets
    deadline: float  # time.monotonic() value


@dataclass(frozen=True)
class Answer:
    """What a server sent with a status of success."""

    status: int
    headers: httpx2.Headers = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        """ "" when it did not say."""
        return self.headers.get("content-type", "")


def send_call(
    call: OutgoingCall,
    settings: Settings,
    *,
    resolve: Resolver = resolve_by_system,
    ssl_context: ssl.SSLContext | None = None,
) -> Answer:
    """The answer to `call`; raises the ToolError that says what went wrong, with no secret in it.

    Every call has a connection of its own, so that the address is checked each time. A redirect is followed to the same
    scheme, host and port.
    """
    started = time.monotonic()
    deadline = min(call.deadline, started + settings.http_timeout_seconds)
    if call.deadline < started + settings.http_timeout_seconds:
        limit = f"after {max(0.0, call.deadline - started):.1f} s the node's time was over; raise its timeoutSeconds"
    else:
        limit = (
            f"no complete answer within {settings.http_timeout_seconds:g} s, the limit of http tools; "
            "raise AGENTMESH_HTTP_TIMEOUT_SECONDS"
        )
    network = GuardedNetwork(read_allowed_hosts(settings.http_allow_hosts), deadline, resolve)
    if ssl_context is None and call.url.scheme == "https":
        ssl_context = _get_ssl_context()
    for _ in range(_MOST_REDIRECTS + 1):
        with _plain_errors(call, limit), httpcore2.ConnectionPool(ssl_context, network_backend=network) as pool:
            answer = _send(call, pool, settings.http_max_response_bytes)
        if isinstance(answer, Answer):
            return answer
        call = answer
    raise HttpRedirected(f"more than {_MOST_REDIRECTS} times")


def _send(call: OutgoingCall, pool: httpcore2.ConnectionPool, max_bytes: int) -> "Answer | OutgoingCall":
    """The answer, or the call that a redirect asks for."""
    url = httpcore2.URL(
        scheme=call.url.raw_scheme, host=call.url.raw_host, port=call.url.port, target=call.url.raw_path
    )
    with pool.stream(call.method, url, headers=list(call.headers.items()), content=call.body) as received:
        response = httpx2.Response(received.status, headers=received.headers, content=received.iter_stream())
        if redirected := _follow(response, call):
            return redirected
        _check_status(response, call, max_bytes)
        body = b"" if call.method == "HEAD" else _read_body(response, max_bytes)
        return Answer(response.status_code, response.headers, body)


def _follow(response: httpx2.Response, call: OutgoingCall) -> OutgoingCall | None:
    """The call that a redirect asks for; None for any other answer. Raises HttpRedirected where it may not be made."""
    status = response.status_code
    if not 300 <= status < 400:
        return None
    keeps_method = call.method in ("GET", "HEAD") or status in (307, 308)
    try:
        target = call.url.join(response.headers.get("location", ""))
    except httpx2.InvalidURL:
        target = None
    if target is None or "location" not in response.headers or target.userinfo or not is_same_server(target, call.url):
        raise HttpRedirected(f"{status} to {call.secrets.scrub_text(_name_target(target))}")
    if not keeps_method and status != 303:
        raise HttpRedirected(f"{status}, and a {call.method} is not sent again")
    if keeps_method:
        return replace(call, url=target)
    headers = {name: value for name, value in call.headers.items() if name != "content-type"}
    return replace(call, method="GET", url=target, body=None, headers=headers)


def is_same_server(url: httpx2.URL, other: httpx2.URL) -> bool:
    """Whether both have the same scheme, host and port."""
    return (url.scheme, url.host, url.port) == (other.scheme, other.host, other.port)


def _get_ssl_context() -> ssl.SSLContext:
    """This thread's own: httpcore2 sets it up again for each connection, which two threads must not do."""
    if not hasattr(_of_thread, "ssl_context"):
        _of_thread.ssl_context = httpcore2.default_ssl_context()
    return _of_thread.ssl_context


@contextmanager
def _plain_errors(call: OutgoingCall, limit: str) -> Generator[None]:
    """The network's errors as ToolErrors that name scheme, host and port: the rest may hold secrets.

    `limit` says which time limit there is, and how to raise it.
    """
    server = f"{call.url.scheme}://{call.url.netloc.decode('ascii')}"

    def describe(error: Exception) -> str:
        return f"{server} ({cut_excerpt(call.secrets.scrub_text(str(error))) or type(error).__name__})"

    # `from None`: the library's own error may quote what was sent.
    try:
        yield
    except httpcore2.TimeoutException:
        raise HttpTimedOut(f"{server}: {limit}") from None
    except HttpTimedOut as error:
        raise HttpTimedOut(f"{server}: {error.detail}; {limit}") from None
    except httpcore2.NetworkError as error:
        raise HttpUnreachable(describe(error)) from None
    except httpcore2.RemoteProtocolError as error:
        raise HttpUnreachable(f"no proper HTTP from {describe(error)}") from None
    except httpcore2.LocalProtocolError:
        raise InvalidTool(f"its url or headers cannot be sent to {server}") from None
    except httpx2.DecodingError as error:
        raise InvalidToolOutput(f"broken content encoding from {describe(error)}") from None


def _check_status(response: httpx2.Response, call: OutgoingCall, max_bytes: int) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    try:
        # Scrubbed before it is cut: a half of a secret would not be found.
        text = call.secrets.scrub_text(decode_text(_read_body(response, max_bytes), response.headers))
    except (ResponseTooLong, InvalidToolOutput, httpx2.DecodingError):
        text = ""  # the status says more than the fault in the body
    line = f"{status} {status_phrases.get(status, '')}".strip()
    sentence = f"{line}: {cut_excerpt(text)}" if text.strip() else line
    if status == _TOO_MANY_REQUESTS:
        raise HttpBusy(sentence)
    if status == _UNAUTHORIZED:
        raise HttpUnauthorized(sentence)
    raise (HttpFailed if status in _FAILED_FOR_NOW or status >= 500 else HttpRefused)(sentence)


def _name_target(target: httpx2.URL | None) -> str:
    """The host that a redirect points to."""
    return "an address that cannot be read" if target is None else f"the host `{cut_excerpt(target.host)}`"


def _read_body(response: httpx2.Response, max_bytes: int) -> bytes:
    """The decoded body; raises ResponseTooLong as soon as there is more than `max_bytes` of it."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "deflate"):
        raise InvalidToolOutput(f"the content encoding `{cut_excerpt(coding)}` was not asked for")
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_bytes():  # decoded in pieces of at most 1 MiB, also out of a gzip bomb
        pieces.append(piece)
        size += len(piece)
        if max(size, response.num_bytes_downloaded) > max_bytes:
            raise ResponseTooLong(f"more than {max_bytes:,} bytes (AGENTMESH_HTTP_MAX_RESPONSE_BYTES)")
    return b"".join(pieces)
