"""The builtin `text_template`: a text with named places, filled with values."""

import re

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object, write_json
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.errors import InvalidToolInput
from agentmesh_dagster.tools.request import ToolRequest

# `{name}` because a node's own config fills `{{ … }}` before the tool sees it; models may write either.
_PATH = r"[^\W\d][\w.-]*"
_INDEX = re.compile(r"[0-9]{1,9}")
_PLACE = re.compile(rf"\{{\{{\s*(?P<spaced>{_PATH})\s*\}}\}}|\{{(?P<plain>{_PATH})\}}")


def run_text_template(request: ToolRequest, settings: Settings) -> JsonValue:
    """The template with each `{name}` or `{customer.name}` replaced by that value; other braces stay."""
    wanted = request.fields
    template: str = wanted["template"]
    values: JsonValue = wanted.get("values", {})
    pieces: list[str] = []
    size = end = 0
    for match in _PLACE.finditer(template):
        value = _look_up(values, match["spaced"] or match["plain"])
        pieces += template[end : match.start()], value if isinstance(value, str) else write_json(value)
        end = match.end()
        size += len(pieces[-1])
        if size > settings.max_value_bytes:  # a short template can name one long value many times
            raise InvalidToolInput(f"the text grows beyond {settings.max_value_bytes:,} bytes")
    return {"text": "".join(pieces) + template[end:]}


def _look_up(values: JsonValue, path: str) -> JsonValue:
    """The value at a dotted path; names look into objects, numbers into lists."""
    value = values
    for name in path.split("."):
        fields, items = as_object(value), as_list(value)
        if name in fields:
            value = fields[name]
        elif _INDEX.fullmatch(name) and int(name) < len(items):
            value = items[int(name)]
        else:
            names = ", ".join(list(fields)[:20])
            here = f"names here are {names}" if names else "nothing has a name here"
            raise InvalidToolInput(f"no value for `{path}`: {here}")
    return value
