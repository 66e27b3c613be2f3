"""JSON as it passes every door: the same values accepted and refused whatever the database."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, cast

from agentmesh_dagster.errors import InvalidValue
from agentmesh_dagster.settings import get_settings

if TYPE_CHECKING:
    JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
else:  # not for pydantic to walk: values are checked below, and may be nested deeper than it recurses
    JsonValue = Any

MAX_DEPTH = 200
MAX_INTEGER_BITS = 1024


class InvalidJson(InvalidValue):
    """This is not JSON that AgentMesh accepts."""

    def __init__(self, path: str, reason: str) -> None:
        """`path` is a JSONPath-like place such as `$.items[3].name`; `reason` is a sentence."""
        self.path = path
        self.reason = reason
        super().__init__(f"at {path}: {reason}")


_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # possessive: its time is linear


def read_json(text: str | bytes, *, max_bytes: int | None = None, is_stored: bool = False) -> JsonValue:
    """The value of a JSON text; raises InvalidJson for anything that is not canonical JSON.

    Beyond the JSON grammar, refused are: NaN and infinities, duplicate keys, lone surrogates, `\\u0000`,
    depth over 200, more than `max_bytes` (the setting `max_value_bytes` unless given), and more values than the setting
    `max_values`. `is_stored`: it was accepted once, so no setting counts that may be another by now.
    """
    _check_size(len(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")), max_bytes)
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise InvalidJson("$", f"not UTF-8 (byte {error.start})") from error
    if not is_stored:
        check_value_count(decoded)
    try:
        value = json.loads(decoded, parse_constant=_refuse_constant, object_pairs_hook=_object_without_duplicates)
    except json.JSONDecodeError as error:
        raise InvalidJson("$", f"{error.msg} (line {error.lineno}, column {error.colno})") from error
    except RecursionError as error:
        raise InvalidJson("$", f"nested deeper than {MAX_DEPTH}") from error
    except ValueError as error:  # an integer with more digits than Python converts
        raise InvalidJson("$", "a number is too long") from error
    _check(value, None)
    return value


def check_value_count(text: str) -> None:
    """Raises InvalidJson for a JSON text that would become too many values: each takes more memory than its text."""
    limit = get_settings().max_values
    # At first also what stands inside strings is counted: that is quick, and mostly enough.
    if text.count(",") + text.count("[") + text.count("{") >= limit:
        bare = _STRING.sub("", text)
        if bare.count(",") + bare.count("[") + bare.count("{") >= limit:
            raise InvalidJson("$", _describe_count(limit))


def check_json(value: object, *, max_bytes: int | None = None) -> JsonValue:
    """`value` unchanged if it is canonical JSON, else InvalidJson with path and reason."""
    _check(value, get_settings().max_values)
    checked = cast("JsonValue", value)
    _check_size(len(write_json(checked).encode()), max_bytes)
    return checked


def write_json(value: JsonValue) -> str:
    """Compact JSON text of a checked value; keys stay in their order."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def as_object(value: object) -> dict[str, JsonValue]:
    """The fields of a JSON value that is an object; none of any other."""
    return cast("dict[str, JsonValue]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[JsonValue]:
    """The items of a JSON value that is a list; none of any other."""
    return cast("list[JsonValue]", value) if isinstance(value, list) else []


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson("$", f"{name} is not JSON: use a number or null")


def _object_without_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidJson("$", f"the key {json.dumps(key)} stands twice in one object")
            seen.add(key)
    return result


def _check_size(size: int, max_bytes: int | None) -> None:
    limit = get_settings().max_value_bytes if max_bytes is None else max_bytes
    if size > limit:
        raise InvalidJson("$", f"{size:,} bytes are more than the {limit:,} allowed (AGENTMESH_MAX_VALUE_BYTES)")


def _describe_count(limit: int) -> str:
    return f"more than the {limit:,} values allowed (AGENTMESH_MAX_VALUES)"


def _check(root: object, max_values: int | None) -> None:
    # An explicit stack: the value may be nested deeper than Python recurses.
    stack: list[tuple[object, tuple[str | int, ...]]] = [(root, ())]
    seen = 0
    while stack:
        value, path = stack.pop()
        seen += 1
        if max_values is not None and seen + len(stack) > max_values:
            raise InvalidJson("$", _describe_count(max_values))
        if value is None or isinstance(value, bool):
            continue
        if len(path) > MAX_DEPTH:
            raise InvalidJson(write_path(path[:8]) + "…", f"nested deeper than {MAX_DEPTH}")
        check = _CHECKS.get(type(value))
        if check is None:
            raise InvalidJson(write_path(path), f"{type(value).__name__} is not a JSON type")
        check(value, path, stack)


def _check_text(text: str, path: tuple[str | int, ...], *_: object) -> None:
    if "\x00" in text:
        raise InvalidJson(write_path(path), "the character \\u0000 cannot be stored")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidJson(write_path(path), "half of a surrogate pair is not text")


def _check_integer(number: int, path: tuple[str | int, ...], *_: object) -> None:
    if number.bit_length() > MAX_INTEGER_BITS:
        raise InvalidJson(write_path(path), f"an integer of more than {MAX_INTEGER_BITS} bits")


def _check_float(number: float, path: tuple[str | int, ...], *_: object) -> None:
    if not math.isfinite(number):
        raise InvalidJson(write_path(path), f"{number} is not JSON: use a number or null")


def _check_list(items: Sequence[object], path: tuple[str | int, ...], stack: list[Any]) -> None:
    stack.extend((item, (*path, index)) for index, item in enumerate(items))


def _check_object(fields: Mapping[object, object], path: tuple[str | int, ...], stack: list[Any]) -> None:
    for key, value in fields.items():
        if not isinstance(key, str):
            raise InvalidJson(write_path(path), f"the key {key!r} is not text")
        _check_text(key, path)
        stack.append((value, (*path, key)))


_CHECKS: Mapping[type, Callable[..., None]] = {
    str: _check_text,
    int: _check_integer,
    float: _check_float,
    list: _check_list,
    dict: _check_object,
}


def write_path(path: Sequence[str | int]) -> str:
    """`("items", 3, "first name")` as `$.items[3]["first name"]`."""
    return "$" + "".join(_write_path_step(step) for step in path)


def _write_path_step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{json.dumps(step)}]"
