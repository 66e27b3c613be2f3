"""Templates: `{{ expression }}` inside the strings of a JSON value."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from agentmesh_dagster.entities.json_values import MAX_DEPTH, JsonValue, write_json, write_path
from agentmesh_dagster.errors import AgentMeshError, FaultCode
from agentmesh_dagster.graph.expressions import (
    MAX_CHARACTERS,
    Expression,
    ExpressionFault,
    Reference,
    parse_expression,
)
from agentmesh_dagster.settings import get_settings

_OPENING, _CLOSING = "{{", "}}"
# What stands between the brackets: `}}` inside a text of the expression does not close it. No two alternatives begin
# alike, so nothing is tried twice. (A possessive `)*+` of a group matches wrongly before Python 3.11.5.)
_BODY = re.compile(r"""(?: [^"'}] | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*' | \}(?!\}) )* (?=\}\})""", re.VERBOSE)

_Path: TypeAlias = tuple[str | int, ...]


class TemplateFault(AgentMeshError):
    """This template cannot be read, or has no value.

    `path` is the place of the string inside the value, such as `.items[3]`, and "" for the value itself;
    `column` is 1-based inside that string, None when the fault is not about one place in it.
    """

    code = FaultCode.INVALID_INPUT

    def __init__(self, path: str, reason: str, column: int | None = None) -> None:
        self.path = path
        self.reason = reason
        self.column = column
        place = "" if column is None else f" (column {column})"
        super().__init__((f"at {path}: " if path else "") + reason + place)

    def __str__(self) -> str:
        # As with ExpressionFault: whoever shows it says which field of which node it is.
        return self.detail


@dataclass(frozen=True)
class TemplateReference(Reference):
    place: str = ""  # path of the string inside the template's value; columns count inside that string


@dataclass(frozen=True)
class TemplatedText:
    """A string with placeholders."""

    path: str
    parts: tuple[str | Expression, ...]  # one alone, if an expression, keeps the type of its value


Parsed: TypeAlias = "bool | int | float | str | TemplatedText | list[Parsed] | dict[str, Parsed] | None"
"""A JSON value as written, with a TemplatedText for each string with placeholders."""


@dataclass(frozen=True)
class Template:
    """A JSON value with its placeholders parsed."""

    references: tuple[TemplateReference, ...]
    parsed: Parsed = field(repr=False)

    @property
    def is_constant(self) -> bool:
        """Whether it gives the same whatever the context."""
        return not self.references

    @property
    def expressions(self) -> Iterator[tuple[str, Expression]]:
        """Each expression, with the path of the string that it stands in."""
        waiting = [self.parsed]
        while waiting:
            value = waiting.pop()
            if isinstance(value, TemplatedText):
                yield from ((value.path, part) for part in value.parts if isinstance(part, Expression))
            elif isinstance(value, dict):
                waiting.extend(value.values())
            elif isinstance(value, list):
                waiting.extend(value)

    def render(self, context: Mapping[str, JsonValue]) -> JsonValue:
        """The value with every placeholder filled in; raises TemplateFault.

        The result is at most `max_value_bytes` long. Objects and lists that a placeholder put in are those
        of `context`, not copies.
        """
        return _render(self.parsed, context, _Budget(get_settings().max_value_bytes))


def parse_template(value: JsonValue) -> Template:
    """Parses every string in `value`; keys stay as they are. Raises the first TemplateFault."""
    template, faults = read_template(value)
    if faults:
        raise faults[0]
    return template


def list_template_faults(value: JsonValue) -> list[TemplateFault]:
    """All that parse_template would complain of, one fault for each placeholder."""
    return read_template(value)[1]


def read_template(value: JsonValue) -> tuple[Template, list[TemplateFault]]:
    """What could be parsed of `value`, and one fault for each placeholder that could not."""
    faults: list[TemplateFault] = []
    references: list[TemplateReference] = []
    parsed = _read_value(value, (), references, faults)
    return Template(tuple(references), parsed), faults


def _read_value(
    value: JsonValue, path: _Path, references: list[TemplateReference], faults: list[TemplateFault]
) -> Parsed:
    if isinstance(value, str):
        return _read_text(value, write_path(path)[1:], references, faults) if _OPENING in value else value
    if not isinstance(value, dict | list):
        return value
    if len(path) > MAX_DEPTH:
        faults.append(TemplateFault(write_path(path[:8])[1:] + "…", f"nested deeper than {MAX_DEPTH}"))
        return None
    if isinstance(value, dict):
        return {key: _read_value(item, (*path, key), references, faults) for key, item in value.items()}
    return [_read_value(item, (*path, index), references, faults) for index, item in enumerate(value)]


def _read_text(text: str, path: str, references: list[TemplateReference], faults: list[TemplateFault]) -> TemplatedText:
    parts: list[str | Expression] = []
    end = 0
    while (start := text.find(_OPENING, end)) >= 0:
        if start > end:
            parts.append(text[end:start])
        start += len(_OPENING)
        stop = _find_closing(text, start)
        if stop < 0:
            faults.append(TemplateFault(path, "this {{ has no closing }}", start - 1))
            return TemplatedText(path, ())
        try:
            expression = parse_expression(text[start:stop], first_column=start + 1)
        except ExpressionFault as fault:
            faults.append(TemplateFault(path, fault.reason, fault.column or start + 1))
        else:
            parts.append(expression)
            references.extend(_place_references(expression, path))
        end = stop + len(_CLOSING)
    if end < len(text):
        parts.append(text[end:])
    return TemplatedText(path, tuple(parts))


def _find_closing(text: str, start: int) -> int:
    # Looked for no further than an expression may be long: a text with many `{{` stays linear.
    found = _BODY.match(text, start, start + MAX_CHARACTERS + len(_CLOSING))
    # Without a match a quote is open or the expression too long: parsing what is there will say so.
    return found.end() if found else text.find(_CLOSING, start)


def _place_references(expression: Expression, path: str) -> Iterator[TemplateReference]:
    for reference in expression.references:
        yield TemplateReference(reference.path, reference.column, reference.columns, path)


class _Budget:
    """How many bytes the rendered value may still take."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._left = size

    def spend(self, value: JsonValue, path: str) -> None:
        """Counts `value` as often as it is put in, though it is not copied; stops beyond the limit."""
        level: list[JsonValue] = [value]
        depth = 0
        while level:
            if depth > MAX_DEPTH:
                raise TemplateFault(path, f"the rendered value is nested deeper than {MAX_DEPTH}")
            deeper: list[JsonValue] = []
            for item in level:
                self._left -= _measure_alone(item)
                if self._left < 0:
                    limit = f"{self._size:,} bytes (AGENTMESH_MAX_VALUE_BYTES)"
                    raise TemplateFault(path, f"the rendered value is larger than {limit}")
                deeper.extend(_list_inner(item))
            level, depth = deeper, depth + 1


def _measure_alone(value: JsonValue) -> int:
    """Bytes of the value as JSON, escapes and what is inside it left out."""
    if isinstance(value, str):
        return 2 + _count_bytes(value)
    if isinstance(value, dict):
        return 2 + sum(4 + _count_bytes(key) for key in value)
    return 2 + len(value) if isinstance(value, list) else 4  # 4 for a number, true, false or null


def _count_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _list_inner(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _render(value: Parsed, context: Mapping[str, JsonValue], budget: _Budget) -> JsonValue:
    if isinstance(value, TemplatedText):
        return _render_text(value, context, budget)
    if isinstance(value, dict):
        return {key: _render(item, context, budget) for key, item in value.items()}
    if isinstance(value, list):
        return [_render(item, context, budget) for item in value]
    return value


def _render_text(text: TemplatedText, context: Mapping[str, JsonValue], budget: _Budget) -> JsonValue:
    written: list[str] = []
    for part in text.parts:
        value = _evaluate(part, context, text.path) if isinstance(part, Expression) else part
        budget.spend(value, text.path)
        if len(text.parts) == 1:
            return value
        written.append(value if isinstance(value, str) else write_json(value))
    return "".join(written)


def _evaluate(expression: Expression, context: Mapping[str, JsonValue], path: str) -> JsonValue:
    try:
        return expression.evaluate(context)
    except ExpressionFault as fault:
        raise TemplateFault(path, fault.reason, fault.column) from fault
