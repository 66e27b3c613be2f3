"""How much may be sent: little before login, and not too much at once by anybody, or by all together."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Message, Receive

BEFORE_LOGIN_BYTES = 16_384
BEFORE_LOGIN_TOGETHER_BYTES = 8_000_000  # apart from what is for those who are known
BEFORE_LOGIN_ADDRESS_BYTES = 1_000_000

_SMALL_BYTES = 65_536  # a login, an answer
_FOR_SMALL = 1 / 8
_FOR_ONE = 1 / 4


class TooManyBodies(Exception):
    """As much is being sent and looked at as the server may hold."""


class Bodies:
    """The bytes of all bodies that are being read or looked at now; for one event loop.

    Bytes count when they have arrived, whatever was announced. Nobody holds more than `max_of_one`, and the last eighth
    is for small bodies.
    """

    def __init__(self, max_bytes: int, max_of_one: int) -> None:
        self._free = max_bytes
        self._for_small = int(max_bytes * _FOR_SMALL)
        self._max_of_one = max_of_one
        self._held: Counter[str] = Counter()  # by whom

    @contextmanager
    def hold(self, owner: str) -> Generator["Body"]:
        """A body, until the end of the block."""
        body = Body(self, owner)
        try:
            yield body
        finally:
            self._free += body.size
            self._held[owner] -= body.size
            if not self._held[owner]:
                del self._held[owner]

    def take(self, body: "Body", size: int) -> None:
        """Counts what has arrived of it. Raises TooManyBodies."""
        reserve = 0 if body.size + size <= _SMALL_BYTES else self._for_small
        if size > self._free - reserve or self._held[body.owner] + size > self._max_of_one:
            raise TooManyBodies
        self._free -= size
        self._held[body.owner] += size
        body.size += size


@dataclass(eq=False)
class Body:
    """What has arrived of one body."""

    bodies: Bodies
    owner: str
    size: int = 0

    async def read(self, receive: Receive, limit: int) -> bytes | None:
        """None when there are more bytes than that, or who sends has gone in the middle. Raises TooManyBodies."""
        read = bytearray()
        while True:
            message = await receive()
            part = message.get("body", b"")
            if self.size + len(part) > limit or message["type"] == "http.disconnect":
                return None
            self.bodies.take(self, len(part))
            read += part
            if not message.get("more_body", False):
                return bytes(read)


def share_bodies(max_bytes: int, max_value_bytes: int) -> Bodies:
    """For those who are known: nobody holds more than a quarter, or than one body if that is more."""
    return Bodies(max_bytes, max(int(max_bytes * _FOR_ONE), max_value_bytes))


def read_size(headers: Headers) -> int | None:
    """How many bytes a request announces; None when it does not say."""
    if "transfer-encoding" in headers:
        return None
    announced = headers.get("content-length", "0")
    return int(announced) if announced.isdigit() else None


def replay(body: bytes, receive: Receive) -> Receive:
    """Gives out a body that was read, and then whatever comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return first.pop() if first else await receive()

    return receive_again
