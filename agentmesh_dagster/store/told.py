"""What a transaction has recorded of runs, for those who are told before it is committed, and after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventType


@dataclass(frozen=True)
class Event:
    """An event before it is recorded."""

    type: EventType
    payload: dict[str, JsonValue]
    step_id: str | None = None


@dataclass(frozen=True)
class Told:
    """Events of one run that were recorded together."""

    run_id: str
    project_id: str
    moment: datetime
    events: Sequence[Event]


Observer = Callable[[Told], None]

TOLD = "agentmesh_told"  # in a connection's info: a list of these, while a transaction writes
