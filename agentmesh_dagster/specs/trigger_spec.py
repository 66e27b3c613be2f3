"""What a trigger type says of itself."""

from dataclasses import dataclass

from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.specs.context import Name


@dataclass(frozen=True)
class TriggerSpec:
    """A type of what starts workflows by itself."""

    type: str
    label: str  # what people call it
    first: JsonObject  # a new trigger, as documents have it
    event: tuple[Name, ...]  # what its condition and input may name
    unset: str  # what a run gets where the trigger has no `input`
