"""The journal of an agent's step, as an attempt sees it: what was done before, and need not be done again."""

import hashlib
from collections.abc import Callable, Mapping

from agentmesh_dagster.entities.json_values import JsonValue, write_json


def _read_nothing() -> Mapping[str, JsonValue]:
    return {}


class Journal:
    """Gives back what earlier attempts kept. What is new is kept with the event that tells of it: see `Work.record`."""

    def __init__(self, read: Callable[[], Mapping[str, JsonValue]] = _read_nothing) -> None:
        """`read` gives what was kept, by the digest of what it answers; it is asked once, and only if need be."""
        self._read = read
        self._kept: Mapping[str, JsonValue] | None = None

    def find(self, digest: str) -> JsonValue:
        """What was kept for this; None: nothing was."""
        if self._kept is None:
            self._kept = self._read()
        return self._kept.get(digest)


def digest_asked(asked: JsonValue) -> str:
    """Of all that an answer depends on, as SHA-256 in hex: what was kept holds for the very same alone."""
    return hashlib.sha256(write_json(asked).encode()).hexdigest()
