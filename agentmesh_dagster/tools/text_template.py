"""The builtin `text_template`: a text with named places, filled with values."""

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.errors import InvalidToolInput
from agentmesh_dagster.tools.placeholders import PLACE, look_up, write_text
from agentmesh_dagster.tools.request import ToolRequest


def run_text_template(request: ToolRequest, settings: Settings) -> JsonValue:
    """The template with each `{name}` or `{customer.name}` replaced by that value; other braces stay.

    `{name}` because a node's own config fills `{{ … }}` before the tool sees it; models may write either.
    """
    wanted = request.fields
    template: str = wanted["template"]
    values: JsonValue = wanted.get("values", {})
    pieces: list[str] = []
    size = end = 0
    for match in PLACE.finditer(template):
        pieces += template[end : match.start()], write_text(look_up(values, match["spaced"] or match["plain"]))
        end = match.end()
        size += len(pieces[-1])
        if size > settings.max_value_bytes:  # a short template can name one long value many times
            raise InvalidToolInput(f"the text grows beyond {settings.max_value_bytes:,} bytes")
    return {"text": "".join(pieces) + template[end:]}
