"""Gates: what a person is asked, and the answer."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from agentmesh_dagster.entities.models import Entity, JsonObject, Timestamp


class GateState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"  # its deadline came first
    CANCELED = "canceled"  # with its run


class Asking(Entity):
    """One time that a person was asked."""

    state: GateState
    instructions: str
    payload: Any = None
    assignees: list[str]
    opened_at: Timestamp
    deadline: Timestamp | None = None
    answer: Any = None
    answered_by: str | None = None
    answered_at: Timestamp | None = None
    answered_via: str | None = None


class AskedRound(Asking):
    """How the same node asked in a round before."""

    step_id: str
    path: str
    round: int


class Gate(Asking):
    """A question to a person, as it was asked last."""

    step_id: str
    run_id: str
    project_id: str
    workflow_id: str
    node_id: str
    path: str = ""  # where the node stands, as a step's
    item_index: int | None = None  # inside `each`, from 0
    round: int | None = None  # of the innermost loop around it, from 1
    answer_schema: JsonObject | None = Field(default=None, alias="schema")  # JSON Schema of the answer
    taken_over_from: str | None = None  # the run whose answer this is; nobody was asked here
