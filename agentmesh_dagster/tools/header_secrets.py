"""Secrets of the environment in a tool's headers: put in at the call, taken out of all that comes back."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import quote, quote_plus

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput

_VARIABLE = re.compile(r"\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MASK = "***"
_MIN_RESULT_SECRET = 8
"""Shorter values are left in results: a variable that holds `de` is no secret, and `mo***l` is no result."""


@dataclass(frozen=True)
class Secrets:
    """The values that must not be seen again."""

    values: tuple[str, ...] = field(default=(), repr=False)

    def scrub_text(self, text: str, min_length: int = 1) -> str:
        """`text` with `***` for every secret of at least `min_length` characters, however it is quoted."""
        shown = {form for value in self.values if len(value) >= min_length for form in _list_spellings(value)}
        for form in sorted(shown, key=len, reverse=True):
            text = text.replace(form, _MASK)
        return text

    def scrub_result(self, value: JsonValue) -> JsonValue:
        """`value` with every secret of 8 characters or more replaced in its texts and keys."""
        if not any(len(secret) >= _MIN_RESULT_SECRET for secret in self.values):
            return value
        return self._scrub(value)

    def _scrub(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return self.scrub_text(value, _MIN_RESULT_SECRET)
        if isinstance(value, list):
            return [self._scrub(item) for item in cast("list[JsonValue]", value)]
        if isinstance(value, dict):
            fields = cast("dict[str, JsonValue]", value)
            return {self._scrub(key): self._scrub(item) for key, item in fields.items()}
        return value


def resolve_variables(
    headers: Mapping[str, str], environment: Mapping[str, str] = os.environ
) -> tuple[dict[str, str], Secrets]:
    """`headers` with each `${NAME}` replaced by that environment variable, and the values that were put in.

    Blanks and line ends around a variable's value are dropped. Raises InvalidTool, naming the variable and
    never a value, when one is unset or empty.
    """
    found: dict[str, None] = {}

    def look_up(match: re.Match[str]) -> str:
        name = match[1]
        if not _NAME.fullmatch(name) or not match[0].endswith("}"):
            raise InvalidTool(f"`{match[0]}` in a header: write ${{NAME}}, the name of a variable")
        value = environment.get(name, "").strip()
        if not value:
            raise InvalidTool(f"the environment variable {name}, which a header needs, is not set")
        found[value] = None
        return value

    resolved = {name: _VARIABLE.sub(look_up, value) for name, value in headers.items()}
    return resolved, Secrets(tuple(found))


def refuse_variables(headers: Mapping[str, str]) -> None:
    """Raises InvalidToolInput for a `${NAME}` in headers that do not come from a tool's own configuration."""
    for name, value in headers.items():
        if "${" in value:
            raise InvalidToolInput(f"header `{name}`: only an http tool's own headers may hold ${{NAME}}")


def _list_spellings(secret: str) -> set[str]:
    """The secret as it stands, inside JSON text, and inside a URL."""
    in_json = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)} | in_json
