"""A recorder outside of the system: each call of the tool, with its idempotency key."""

from dataclasses import dataclass
from typing import Any

from agentmesh_dagster.tools import tool
from tests.gates.nodes import digest


@dataclass(frozen=True)
class Call:
    """One call of the tool, as a recorder outside of the system saw it."""

    key: str
    what: str
    saw: Any


CALLS: list[Call] = []


@tool
def keep_note(what: str, saw: Any, idempotency_key: str, fails: bool = False) -> Any:
    CALLS.append(Call(idempotency_key, what, saw))
    if fails:
        raise ValueError("this one always fails")
    return {"by": what, "saw": digest(saw)}
