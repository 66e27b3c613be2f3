"""Places in texts that values are put into: `{name}`, `{customer.name}`, `{{ name }}`."""

import re

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object, write_json
from agentmesh_dagster.tools.errors import InvalidToolInput

_PATH = r"[^\W\d][\w.-]*"
_INDEX = re.compile(r"[0-9]{1,9}")
PLACE = re.compile(rf"\{{\{{\s*(?P<spaced>{_PATH})\s*\}}\}}|\{{(?P<plain>{_PATH})\}}")
SPACED = re.compile(rf"\{{\{{\s*(?P<spaced>{_PATH})\s*\}}\}}")


def look_up(values: JsonValue, path: str) -> JsonValue:
    """The value at a dotted path; names look into objects, numbers into lists. Raises InvalidToolInput."""
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


def write_text(value: JsonValue) -> str:
    """A text as it stands, any other value as JSON."""
    return value if isinstance(value, str) else write_json(value)
