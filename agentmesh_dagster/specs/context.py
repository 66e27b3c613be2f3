"""What stands in `context` whatever the graph."""

from dataclasses import dataclass

from agentmesh_dagster.entities.models import JsonObject

RUN: JsonObject = {
    "type": "object",
    "description": "Of this run.",
    "properties": {
        "id": {"type": "string"},
        "workflowId": {"type": "string"},
        "workflowName": {"type": "string"},
        "revision": {"type": "integer"},
        "startedAt": {"type": ["string", "null"]},
    },
    "required": ["id", "workflowId", "workflowName", "revision", "startedAt"],
}
INDEX: JsonObject = {"type": "integer", "description": "Place of the item, from 0."}


@dataclass(frozen=True)
class Name:
    text: str  # as it is written: context.run.id
    detail: str  # what it is, in a few words


RUN_NAMES = (
    Name("context.run.id", "text · of this run"),
    Name("context.run.workflowId", "text · of this run"),
    Name("context.run.workflowName", "text · of this run"),
    Name("context.run.revision", "number · of this run"),
    Name("context.run.startedAt", "text · of this run"),
)
# Inside of what is done once for each item.
ITEM_NAMES = (Name("context.item", "the item of the each"), Name("context.index", "number · its place, from 0"))
