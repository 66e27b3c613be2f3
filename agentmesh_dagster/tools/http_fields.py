"""Where the fields of an input go in an http call: to the places that the tool names, and what is left elsewhere."""

import re
from collections.abc import Callable
from urllib.parse import quote

from agentmesh_dagster.entities.json_values import JsonValue, as_object, write_json
from agentmesh_dagster.tools.errors import InvalidToolInput
from agentmesh_dagster.tools.placeholders import PLACE, SPACED, look_up, write_text

_IN_URL = re.compile(rf"(?<!\$)(?:{PLACE.pattern})")  # `${NAME}` is a secret, and refused
_STEPS = re.compile(r"[/\\]")
Writer = Callable[[JsonValue], JsonValue]


class _Missing:
    """Stands for what the input does not have: the field that would hold it is left out."""


_MISSING = _Missing()


class InputFields:
    """The input of one call; it remembers which of its fields have found their place."""

    def __init__(self, value: JsonValue) -> None:
        self._value = value
        self._placed: set[str] = set()

    @property
    def has_placed(self) -> bool:
        return bool(self._placed)

    @property
    def rest(self) -> JsonValue:
        """The input without the fields that were put somewhere."""
        if not self._placed:
            return self._value
        return {name: field for name, field in as_object(self._value).items() if name not in self._placed}

    def fill_path(self, path: str) -> str:
        """`path` with each `{name}` as one segment, or part of one. Raises InvalidToolInput."""

        def write(match: re.Match[str]) -> str:
            text = self._take_text(match)
            if not text or {".", ".."} & {*_STEPS.split(text)}:
                raise InvalidToolInput(f"`{_name(match)}` goes into the path, and may not lead out of its place there")
            return quote(text, safe="")

        return _IN_URL.sub(write, path)

    def fill_query(self, query: str, write: Callable[[str], str]) -> str:
        """The query of a url with each `{name}`; what stands between is written by `write`. Raises InvalidToolInput."""
        pieces: list[str] = []
        end = 0
        for match in _IN_URL.finditer(query):
            pieces += write(query[end : match.start()]), quote(self._take_text(match), safe="")
            end = match.end()
        return "".join(pieces) + write(query[end:])

    def _take_text(self, match: re.Match[str]) -> str:
        value = self._take(_name(match))
        if not isinstance(value, str | int | float):
            raise InvalidToolInput(f"`{_name(match)}` goes into the url: it must be a text or a number")
        return write_text(value)

    def fill(self, value: JsonValue, write: Callable[[str], JsonValue]) -> JsonValue:
        """`value` with each `{{ name }}` in its texts; what stands between is written by `write`.

        A text that is one place alone becomes the value as it is; a field or item whose value is missing is left out.
        Raises InvalidToolInput where a longer text lacks a value.
        """
        filled = self._fill(value, write)
        return None if isinstance(filled, _Missing) else filled

    def _fill(self, value: JsonValue, write: Callable[[str], JsonValue]) -> "JsonValue | _Missing":
        if isinstance(value, str):
            return self._fill_text(value, write)
        if isinstance(value, list):
            items = [self._fill(item, write) for item in value]
            return [item for item in items if not isinstance(item, _Missing)]
        if isinstance(value, dict):
            fields = {name: self._fill(field, write) for name, field in value.items()}
            return {name: field for name, field in fields.items() if not isinstance(field, _Missing)}
        return value

    def _fill_text(self, text: str, write: Callable[[str], JsonValue]) -> "JsonValue | _Missing":
        if whole := SPACED.fullmatch(text.strip()):
            return self._take(whole["spaced"])
        pieces: list[str] = []
        end = 0
        for match in SPACED.finditer(text):
            value = self._take(match["spaced"])
            if isinstance(value, _Missing):
                raise InvalidToolInput(f"`{match['spaced']}` is missing: the tool puts it into a text")
            pieces += write_text(write(text[end : match.start()])), write_text(value)
            end = match.end()
        return write(text) if end == 0 else "".join(pieces) + write_text(write(text[end:]))

    def _take(self, path: str) -> "JsonValue | _Missing":
        """The value of a field; missing also where it is null."""
        name = path.partition(".")[0]
        if name not in as_object(self._value):
            return _MISSING
        self._placed.add(name)
        value = look_up(self._value, path)
        return _MISSING if value is None else value


def _name(match: re.Match[str]) -> str:
    return match["spaced"] or match["plain"]


def list_pairs(fields: JsonValue) -> list[tuple[str, str]]:
    """The fields as pairs of a query or a form: a list as one pair for each item, what is no text as JSON, no nulls."""
    pairs: list[tuple[str, str]] = []
    for name, value in as_object(fields).items():
        items = value if isinstance(value, list) else [value]
        pairs += [(name, item if isinstance(item, str) else write_json(item)) for item in items if item is not None]
    return pairs
