"""What stands in `context` whatever the graph."""

from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.errors import FaultCode

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
ROUND: JsonObject = {"type": "integer", "description": "Of the innermost loop, from 1."}
PARTITION: JsonObject = {
    "type": ["object", "null"],
    "description": "Of the asset that the run makes; null in a run that makes no version of it.",
    "properties": {
        "key": {"type": "string"},
        "start": {"type": "string", "description": "Of a time window, with its time zone."},
        "end": {"type": "string", "description": "Of a time window: the first moment that is no longer in it."},
    },
    "required": ["key"],
    "additionalProperties": False,
}
VERSION: JsonObject = {
    "type": ["object", "null"],
    "description": "Newest version of an asset that this one is made from, of the same partition where it has one.",
    "properties": {
        "runId": {"type": "string", "description": "Dagster's."},
        "timestamp": {"type": "string"},
        "metadata": {"type": "object", "description": "What stands with it in Dagster."},
        "partition": {"type": "string"},
    },
    "required": ["runId", "timestamp", "metadata"],
}

ERROR: JsonObject = {
    "type": ["object", "null"],
    "description": "What has failed and was caught; null where nothing has.",
    "properties": {
        "nodeId": {"type": "string"},
        "message": {"type": "string"},
        "code": {"type": "string", "enum": [code.value for code in FaultCode]},
        "attempts": {"type": "integer", "description": "How often it was tried."},
        "output": {"description": "What it gave all the same, such as the answer of a gate that was rejected."},
    },
    "required": ["nodeId", "message", "code", "attempts"],
    "additionalProperties": False,
}
