"""One call of a tool, as every kind of tool gets it."""

from dataclasses import dataclass

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Tool


@dataclass(frozen=True)
class ToolRequest:
    tool: Tool
    input: JsonValue
    idempotency_key: str  # the same at every attempt of one step
    deadline: float  # time.monotonic() value
