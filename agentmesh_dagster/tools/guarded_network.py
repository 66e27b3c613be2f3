"""The network as tools see it: every connection is checked when it is made, and ends at a deadline.

What is checked is the address and never the URL: a spelling such as `0x7f.1`, a name whose answer changes
between check and use, or a proxy from the environment has nothing left to get past.
"""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore2

from agentmesh_dagster.tools.addresses import AllowedHosts, IPAddress, describe_refused, read_address
from agentmesh_dagster.tools.errors import AddressRefused, HttpTimedOut, HttpUnreachable

Resolver = Callable[[str, int], Sequence[str]]
"""Host name and port to the addresses it has now, best first; raises OSError when it has none."""

_WRITE_PIECE = 16_384  # bytes; small, so that the deadline is looked at between two


def resolve_by_system(host: str, port: int) -> list[str]:
    """The addresses of `host` by the system's resolver; a literal address is its own answer."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class GuardedNetwork(httpcore2.NetworkBackend):
    """Connects only to public and allowed addresses, and only until `deadline` (a time.monotonic() value)."""

    def __init__(self, allowed: AllowedHosts, deadline: float, resolve: Resolver = resolve_by_system) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._resolve = resolve
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline stands for every timeout
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first address of `host` that is open to tools and answers.

        Raises AddressRefused, HttpUnreachable, HttpTimedOut, or httpcore2's own connection errors.
        """
        addresses = self._list_open_addresses(host, port)
        for tries_left in range(len(addresses), 0, -1):
            # The time is shared out, so that one dead address does not use it up.
            share = seconds_left(self._deadline) / tries_left
            address = str(addresses[-tries_left])  # never the name: it may have another answer by now
            try:
                stream = self._sockets.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if tries_left == 1:
                    raise
            else:
                return DeadlineStream(stream, self._deadline)
        raise HttpUnreachable(f"`{host}` has no address")

    def _list_open_addresses(self, host: str, port: int) -> list[IPAddress]:
        """The addresses of `host` that tools may call; raises AddressRefused when there is none."""
        refused = ""
        found: list[IPAddress] = []
        for text in self._resolve_in_time(host, port):
            address = read_address(text)
            if address is None:
                refused = f"`{host}` is not at an IP address"
                continue
            why = describe_refused(address)
            if why is None or self._allowed.allows(host, port, address):
                found.append(address)
            else:
                where = f"`{host}`" if host == text else f"`{host}` at {text}"
                refused = f"{where} is {why}; the setting AGENTMESH_HTTP_ALLOW_HOSTS can allow it"
        if not found and refused:
            raise AddressRefused(refused)
        return found

    def _resolve_in_time(self, host: str, port: int) -> Sequence[str]:
        answers: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolve(host, port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        # The system's resolver knows no time limit; a daemon thread can be left behind.
        threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
        try:
            answer = answers.get(timeout=seconds_left(self._deadline))
        except queue.Empty:
            raise HttpTimedOut(f"the name `{host}` was not resolved in time") from None
        if isinstance(answer, OSError | UnicodeError):
            raise HttpUnreachable(f"the name `{host}` cannot be resolved ({answer})")
        return answer


class DeadlineStream(httpcore2.NetworkStream):
    """A connection on which no read or write lasts past `deadline`, however slowly the bytes drip."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, seconds_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        for start in range(0, len(buffer), _WRITE_PIECE):
            self._stream.write(buffer[start : start + _WRITE_PIECE], seconds_left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        encrypted = self._stream.start_tls(ssl_context, server_hostname, seconds_left(self._deadline))
        return DeadlineStream(encrypted, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def seconds_left(deadline: float) -> float:
    """Seconds until `deadline`; raises HttpTimedOut when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise HttpTimedOut("no time was left for the call")
    return left
