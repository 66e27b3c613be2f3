"""How editors show a field of a config, beside its title, hint and limits: the keyword `x-form` of its schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agentmesh_dagster.entities.json_values import JsonValue

KEYWORD = "x-form"


@dataclass(frozen=True)
class Section:
    """Fields that are needed less often, folded together."""

    title: str
    unset: str  # what holds while none of them is given
    is_last: bool = False  # it comes after what follows the node


def form(
    *,
    control: Literal["duration", "markdown", "named_input", "node", "function", "database", "mcp_server"] | None = None,
    choices: Mapping[JsonValue, str] | None = None,
    unset: str | None = None,
    rows: int | None = None,
    section: Section | None = None,
    only_with: tuple[str, Sequence[JsonValue]] | None = None,
    is_inherited: bool = False,
    is_required: bool = False,
) -> dict[str, JsonValue]:
    """The `json_schema_extra` of a field.

    `control`: seconds as a length of time; a text with its Markdown shown; what is handed to what the node refers to;
    the id of another node; the name of a registered function, of a declared database or MCP server. `choices`: the
    values that may be chosen, and what people call them. `unset`: what holds while nothing is given. `rows`: of a text
    with more than one line. `only_with`: another field, by wire name, and the values with which this one counts; no
    values: any that is given. `is_inherited`: unless it is given, the field of the same name counts of what the node
    refers to. `is_required`: a node cannot do without it where it counts.
    """
    said: dict[str, JsonValue] = {}
    if control:
        said["control"] = control
    if choices is not None:
        said["choices"] = [{"value": value, "label": label} for value, label in choices.items()]
    if unset is not None:
        said["unset"] = unset
    if rows is not None:
        said["rows"] = rows
    if section is not None:
        said["section"] = {"title": section.title, "unset": section.unset, "isLast": section.is_last}
    if only_with is not None:
        said["onlyWith"] = {"field": only_with[0], "values": list(only_with[1])}
    if is_inherited:
        said["isInherited"] = True
    if is_required:
        said["isRequired"] = True
    return {KEYWORD: said}
