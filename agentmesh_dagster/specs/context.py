"""What stands in `context` whatever the graph."""

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
