"""How many connections the web server holds, how long one may take to say what it wants, and at what length."""

import asyncio
import ipaddress
import resource
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agentmesh_dagster.api.forwarding import Network

HEADERS_WITHIN_SECONDS = 15.0
BODY_WITHIN_SECONDS = 120.0
MAX_HEAD_BYTES = 32_768  # URL and headers; cookies take up 8,000 of them at times
MAX_HEADERS = 128
_MAX_WAITING = 16  # requests that were sent before the one before them was answered

_MOST = 4_000
_MOST_OF_ONE_ADDRESS = 500
_OF_DESCRIPTORS = 0.6  # the rest is for files, the database, code servers
_MACOS_MOST = 10_240  # above that, macOS refuses what it itself says is the limit

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 5\r\n"
    b"connection: close\r\n\r\nThere are too many connections. Try again in some seconds.\n"
)
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\r\n"
    b"The request did not arrive in time.\n"
)
_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"connection: close\r\n\r\nURL and headers have at most %d bytes, in at most %d headers.\n"
) % (MAX_HEAD_BYTES, MAX_HEADERS)


class _TooLong(Exception):
    """What stands before or behind a body is too long."""


def raise_open_files_limit() -> int:
    """Lets this process, and what it starts, open as many files as the system allows; how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, _MACOS_MOST):
        if soft != hard and (soft < wanted or wanted == resource.RLIM_INFINITY):
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                break
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _MOST if limit == resource.RLIM_INFINITY else limit


class OpenConnections:
    """The open connections of a server, bounded in all and for each address that is no trusted proxy.

    When there are too many, the oldest that waits for a request to be complete makes room; when all of them are at
    work, the new one is refused.
    """

    def __init__(self, descriptors: int, proxies: Sequence[Network] = ()) -> None:
        self._at_most = max(10, min(_MOST, int(descriptors * _OF_DESCRIPTORS)))
        self._of_one_address = max(5, min(_MOST_OF_ONE_ADDRESS, self._at_most // 2))
        self._proxies = proxies
        self._open: dict[BoundedProtocol, str] = {}  # in the order of their arrival → the address
        self._count: Counter[str] = Counter()

    def admit(self, connection: "BoundedProtocol", address: str) -> bool:
        """Whether the connection may stay."""
        if self._count[address] >= self._of_one_address and not self._is_proxy(address):
            if not self._make_room(address):
                return False
        elif len(self._open) >= self._at_most and not self._make_room(None):
            return False
        self._open[connection] = address
        self._count[address] += 1
        return True

    def release(self, connection: "BoundedProtocol") -> None:
        """The connection has ended, or is about to."""
        address = self._open.pop(connection, None)
        if address is not None:
            self._count[address] -= 1
            if not self._count[address]:
                del self._count[address]

    def _make_room(self, address: str | None) -> bool:
        for connection, its_address in self._open.items():
            if address in (None, its_address) and (connection.is_over or connection.waits):
                self.release(connection)
                connection.drop()
                return True
        return False

    def _is_proxy(self, address: str) -> bool:
        if not self._proxies:
            return False
        with suppress(ValueError):
            peer = ipaddress.ip_address(address)
            return any(peer in network for network in self._proxies)
        return False


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol of one connection, with time limits for headers and bodies, and a length limit for headers.

    Uvicorn limits how long a connection may be idle between two requests, not how long it may take over one. What is
    long-lived by right is not touched: a stream is an answer, and a websocket has a protocol of its own.

    The parser keeps a header until it is complete, and uvicorn all headers, trailers behind a chunked body included.
    """

    open_connections: OpenConnections  # set by the subclass that `build_protocol` makes
    cycle: Any
    transport: Any
    loop: asyncio.AbstractEventLoop

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._reads_body = False
        self._head_bytes = self._headers = 0  # of the request that is being read, trailers included
        self._unread_bytes = 0  # the parser has not passed them on yet
        self._is_in_head = True
        self._is_too_long = False
        self._running: Any = None  # the request that is being answered, or was last
        peer = transport.get_extra_info("peername")
        if not self.open_connections.admit(self, str(peer[0]) if peer else ""):
            transport.write(_BUSY)
            transport.close()
            return
        self._give_until(HEADERS_WITHIN_SECONDS)

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), MAX_HEAD_BYTES):
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
            self._receive(data[start : start + MAX_HEAD_BYTES])

    def on_message_begin(self) -> None:
        """What the parser finds is passed on to uvicorn, as long as it is not too much."""
        if len(self.pipeline) >= _MAX_WAITING:
            self._refuse_length()
        self._is_in_head = True
        self._head_bytes = self._headers = self._unread_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        self._count_head(len(name) + len(value))
        if self._is_in_head:  # else it is a trailer, which must not become one of the headers that were looked at
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread_bytes = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        if not self._is_too_long:
            super().send_400_response(msg)
            return
        if self.waits:
            self.transport.write(_TOO_LONG)
        self._end()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _end(self) -> None:
        if self._running is not None:
            self._running.disconnected = True  # else uvicorn goes on writing until it is told, and uvloop complains
        self.transport.close()

    def _count_head(self, size: int) -> None:
        self._unread_bytes = 0
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES or self._headers > MAX_HEADERS:
            self._refuse_length()

    def _refuse_length(self) -> None:
        self._is_too_long = True
        raise _TooLong  # the parser stops, and uvicorn calls `send_400_response`

    def _receive(self, data: bytes) -> None:
        if self._deadline is None and self._is_between_requests:
            self._give_until(HEADERS_WITHIN_SECONDS)
        request = self.cycle
        self._unread_bytes += len(data)
        super().data_received(data)
        if self._unread_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._is_too_long = True
            self.send_400_response("")
        if self.transport.get_protocol() is not self:  # it is a websocket now
            self._stop_clock()
        elif self.cycle is not request:  # headers have arrived
            self._reads_body = self.cycle.more_body
            if self._reads_body:
                self._give_until(BODY_WITHIN_SECONDS)
            else:
                self._stop_clock()
        elif self._reads_body and not self.cycle.more_body:
            self._reads_body = False
            self._stop_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        self.open_connections.release(self)
        super().connection_lost(exc)

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended; a websocket's end is not told to us."""
        return bool(self.transport.is_closing())

    @property
    def waits(self) -> bool:
        """Whether nothing is being answered: no request is complete yet, or none has come since the last."""
        if self.transport.get_protocol() is not self:
            return False
        return self._is_between_requests or (self.cycle.more_body and not self.cycle.response_started)

    def drop(self) -> None:
        """Ends the connection at once."""
        self._stop_clock()
        self.transport.abort()

    @property
    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _give_until(self, seconds: float) -> None:
        self._stop_clock()
        self._deadline = self.loop.call_later(seconds, self._end_late)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_late(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self._is_between_requests or not self.cycle.response_started:
            self.transport.write(_TOO_SLOW)
        self._end()


def build_protocol(open_connections: OpenConnections) -> type[asyncio.Protocol]:
    """The protocol for a server whose connections are bounded together."""
    return type("ServersProtocol", (BoundedProtocol,), {"open_connections": open_connections})
