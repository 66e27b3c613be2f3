"""The JSON that a model's answer holds, however it is wrapped."""

import re

from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, read_json

_FENCED = re.compile(r"```[\w-]*\n(.*?)\n\s*```", re.DOTALL)


def strip_code_fence(text: str) -> str:
    """The text inside a Markdown code fence that stands around all of it, as models like to write JSON."""
    stripped = text.strip()
    if not (stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped):
        return text
    return stripped.partition("\n")[2].removesuffix("```").strip()


def find_value(text: str, schema: JsonSchema) -> tuple[JsonValue, bool]:
    """The first value in a text that fits the schema, and whether there is one.

    It may be the text, stand in a fence or in prose, or be written as a JSON string.
    """
    for candidate in _list_candidates(text):
        try:
            value = read_json(candidate)
            if schema.list_faults(value) and isinstance(value, str):
                value = read_json(value)
        except InvalidJson:
            continue
        if not schema.list_faults(value):
            return value, True
    if schema.schema.get("type") == "string":
        return text.strip(), not schema.list_faults(text.strip())  # a text needs no quotes to be one
    return None, False


def _list_candidates(text: str) -> list[str]:
    start = min((place for place in map(text.find, "{[") if place >= 0), default=0)
    end = max(map(text.rfind, "}]")) + 1
    return list(dict.fromkeys([text, *_FENCED.findall(text), text[start:end]]))
