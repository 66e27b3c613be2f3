"""What a tool says of itself."""

from dataclasses import dataclass, field

from agentmesh_dagster.entities.models import JsonObject


@dataclass(frozen=True)
class ToolDescription:
    """What a model or an editor is told about a tool."""

    text: str = ""
    input_schema: JsonObject = field(default_factory=dict[str, object])  # {} takes anything
    output_schema: JsonObject = field(default_factory=dict[str, object])
