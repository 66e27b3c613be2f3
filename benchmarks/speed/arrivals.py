"""When calls arrived at the mock model: a clock that neither we nor a peer can set. Standard library only."""

import json
import time
import urllib.request
from dataclasses import dataclass


@dataclass(frozen=True)
class Arrival:
    at: float  # unix time, of this same machine
    model: str
    text: str  # the beginning of the last message


def list_arrivals(mock: str, since: float) -> list[Arrival]:
    """The calls that arrived from then on, in order; `mock` is the server's address, without `/v1`."""
    with urllib.request.urlopen(f"{mock}/log?since={since!r}", timeout=30) as answer:
        return [Arrival(*line) for line in json.load(answer)]


def wait_for_arrivals(mock: str, since: float, count: int, seconds: float = 180.0) -> list[Arrival]:
    """As soon as there are so many. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while len(found := list_arrivals(mock, since)) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(found)} of {count} calls reached the mock model within {seconds:g} s")
        time.sleep(0.02)
    return found
