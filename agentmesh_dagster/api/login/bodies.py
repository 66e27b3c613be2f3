"""How much may be sent: little before login, and not too much at once by all together."""

from collections.abc import Generator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.types import Message, Receive

BEFORE_LOGIN_BYTES = 16_384


class TooManyBodies(Exception):
    """As much is being sent and looked at as the server may hold."""


class Bodies:
    """The bytes of all bodies that are being read or looked at now; for one event loop."""

    def __init__(self, max_bytes: int) -> None:
        self._free = max_bytes

    @contextmanager
    def hold(self, size: int) -> Generator[None]:
        """Takes that many bytes until the end of the block. Raises TooManyBodies."""
        if size > self._free:
            raise TooManyBodies
        self._free -= size
        try:
            yield
        finally:
            self._free += size


def read_size(headers: Headers) -> int | None:
    """How many bytes a request announces; None when it does not say."""
    if "transfer-encoding" in headers:
        return None
    announced = headers.get("content-length", "0")
    return int(announced) if announced.isdigit() else None


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """None when there are more bytes than that. What was cut off in the middle is read as far as it came."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """Gives out a body that was read, and then whatever comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return first.pop() if first else await receive()

    return receive_again


def stop_behind(receive: Receive, limit: int) -> Receive:
    """As `receive`; whoever sends more bytes than that is taken for gone."""
    left = limit

    async def receive_some() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    return receive_some
