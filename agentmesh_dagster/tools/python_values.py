"""What a Python function returns, as JSON. One rule: as pydantic writes it in JSON mode, and besides

- sets sorted, so that the same set is always the same list;
- bytes in base64, whether or not they happen to be text;
- numpy's numbers, times and arrays.
"""

from collections.abc import Mapping, Set
from typing import Any, cast

from pydantic_core import PydanticSerializationError, to_jsonable_python

from agentmesh_dagster.entities.json_values import MAX_DEPTH, JsonValue, write_json, write_path
from agentmesh_dagster.tools.errors import InvalidToolOutput, cut_excerpt

_Path = tuple[str | int, ...]
_PLAIN = frozenset({str, int, float, bool, type(None)})


class _UnknownType(Exception):
    """Neither pydantic nor we know how to write it."""


def write_as_json(value: object, path: _Path = ()) -> JsonValue:
    """`value` in JSON's types; raises InvalidToolOutput that says which part of it has none."""
    if type(value) in _PLAIN:
        return cast("JsonValue", value)
    if len(path) > MAX_DEPTH:
        raise InvalidToolOutput(f"at {write_path(path[:8])}…: nested deeper than {MAX_DEPTH}, or in itself")
    if isinstance(value, Mapping):
        return _write_fields(cast("Mapping[object, object]", value), path)
    if isinstance(value, list | tuple):
        return [write_as_json(item, (*path, index)) for index, item in enumerate(cast("list[object]", value))]
    if isinstance(value, Set):
        return sorted((write_as_json(item, path) for item in cast("Set[object]", value)), key=write_json)
    return _ask_pydantic(value, path)


def is_of_numpy(kind: type) -> bool:
    """Whether a type is one of numpy's numbers, times and arrays; nobody need have installed it."""
    return any(base.__module__ == "numpy" and base.__name__ in ("generic", "ndarray") for base in kind.__mro__)


def _write_fields(fields: Mapping[object, object], path: _Path) -> JsonValue:
    written: dict[str, JsonValue] = {}
    for key, value in fields.items():
        name = key if type(key) is str else _write_key(key, path)
        if name in written:
            raise InvalidToolOutput(f"at {write_path(path)}: two keys are {write_json(name)} in JSON")
        written[name] = write_as_json(value, (*path, name))
    return written


def _write_key(key: object, path: _Path) -> str:
    """A key as text: of enums, numbers, dates and UUIDs, as pydantic writes it."""
    if key is None or isinstance(key, tuple):  # pydantic would find words for these
        raise InvalidToolOutput(f"at {write_path(path)}: the key {cut_excerpt(repr(cast('object', key)))} is not text")
    [text] = cast("dict[str, None]", _ask_pydantic({key: None}, path))
    return text


def _ask_pydantic(value: object, path: _Path) -> Any:
    try:
        return to_jsonable_python(value, bytes_mode="base64", fallback=_unpack)
    except _UnknownType as error:
        raise InvalidToolOutput(f"at {write_path(path)}: {error}") from None
    except (PydanticSerializationError, ValueError, TypeError, RecursionError) as error:
        why = f"{type(value).__name__} cannot be written as JSON: {cut_excerpt(str(error))}"
        raise InvalidToolOutput(f"at {write_path(path)}: {why}") from error


def _unpack(value: object) -> object:
    """What pydantic does not know."""
    kind, packed = type(value), cast("Any", value)
    if not is_of_numpy(kind):
        raise _UnknownType(f"{kind.__name__} is not a JSON type")
    if packed.dtype.kind in "mM":  # a time may have more digits than Python's
        return packed.astype(str).tolist()
    return packed.tolist()
