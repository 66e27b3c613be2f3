"""Field faults: what pydantic found wrong with a record, in the words of whoever wrote it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from agentmesh_dagster.entities.json_values import JsonValue, as_object, write_path
from agentmesh_dagster.entities.suggestions import find_nearest, with_hint
from agentmesh_dagster.entities.text import join_names

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class FieldFault:
    code: str  # missing-field, unknown-field or bad-value
    path: Path  # inside the record
    reason: str  # what is said of the field: `must be a number.`
    meant: str | None = None  # of an unknown field: the one that its author probably meant

    @property
    def field(self) -> str:
        """The field as it is shown: `retry.maxAttempts`."""
        return write_path(self.path)[1:].lstrip(".")


def list_field_faults(error: ValidationError, value: JsonValue, model: type[BaseModel]) -> list[FieldFault]:
    """All that is wrong with `value`, which was read as `model`; one fault for each place."""
    faults: dict[Path, FieldFault] = {}
    for detail in error.errors(include_url=False):
        path = _read_place(detail["loc"], value)
        fault = _describe(detail, path, lambda place: _list_fields(model, place, value))
        if fault.path in faults:  # each way to read a union has its say
            reason = f"{faults[fault.path].reason.rstrip('.')}, or it {fault.reason}"
            fault = FieldFault(fault.code, fault.path, reason)
        faults[fault.path] = fault
    # A misspelt field and the missing one are one mistake.
    misspelt = {(*fault.path[:-1], fault.meant) for fault in faults.values() if fault.meant}
    return [fault for fault in faults.values() if fault.code != "missing-field" or fault.path not in misspelt]


def describe_kind(value: JsonValue) -> str:
    """What a JSON value is, for a sentence: `a list`."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return kinds.get(cast("type[Any]", type(value)), "a number")


def _read_place(location: Path, value: JsonValue) -> Path:
    """The place in `value`: pydantic's own, without the names that it gives to the members of a union."""
    place: list[str | int] = []
    current = value
    for number, step in enumerate(location):
        is_last = number == len(location) - 1
        if isinstance(current, dict):
            if not is_last and (current.get("type") == step or step not in current):
                continue
            place.append(step)
            current = current.get(str(step))
        elif isinstance(current, list) and isinstance(step, int):
            place.append(step)
            current = current[step] if step < len(current) else None
    return tuple(place)


def _describe(detail: ErrorDetails, path: Path, list_fields: Callable[[Path], list[str]]) -> FieldFault:
    kind, given, details = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "missing":
        return FieldFault("missing-field", path, "is missing: add it.")
    if kind == "union_tag_not_found":
        return FieldFault("missing-field", (*path, "type"), "is missing: add it.")
    if kind == "extra_forbidden":
        name, known = str(path[-1]), list_fields(path[:-1])
        return FieldFault("unknown-field", path, with_hint("is no field here", name, known), find_nearest(name, known))
    if kind == "union_tag_invalid":
        return FieldFault("bad-value", (*path, "type"), _describe_choice(details["tag"], details["expected_tags"]))
    if kind in ("enum", "literal_error"):
        return FieldFault("bad-value", path, _describe_choice(given, details["expected"]))
    write = _REASONS.get(kind)
    return FieldFault("bad-value", path, write(details, given) if write else _soften(detail["msg"]))


def _describe_choice(given: JsonValue, expected: str) -> str:
    allowed = re.findall(r"'([^']*)'", expected)
    nearest = find_nearest(given, allowed) if isinstance(given, str) else None
    return f"must be {join_names(allowed, 'or')}" + (f": did you mean `{nearest}`?" if nearest else ".")


def _describe_text(_: Mapping[str, Any], given: JsonValue) -> str:
    if isinstance(given, dict | list | None):
        return f"must be text, not {describe_kind(given)}."
    return "must be text: write it in quotes."


def _describe_too_long(details: Mapping[str, Any], given: JsonValue) -> str:
    what = "characters" if isinstance(given, str) else "entries"
    return f"has {details['actual_length']:,} {what}; at most {details['max_length']:,} are allowed."


def _soften(words: str) -> str:
    return words.replace("Input should", "must", 1) + "."


def _say(text: str) -> Callable[[Mapping[str, Any], JsonValue], str]:
    return lambda details, given: text.format(kind=describe_kind(given), **details)


_REASONS: Mapping[str, Callable[[Mapping[str, Any], JsonValue], str]] = {
    "string_type": _describe_text,
    "too_long": _describe_too_long,
    "string_too_long": lambda details, given: _describe_too_long(dict(details, actual_length=len(str(given))), given),
    "value_error": _say("{error}."),
    "string_pattern_mismatch": _say("must not hold blanks or be empty."),
    "greater_than_equal": _say("must be at least {ge:,.15g}."),
    "greater_than": _say("must be more than {gt:,.15g}."),
    "less_than_equal": _say("must be at most {le:,.15g}."),
    "less_than": _say("must be less than {lt:,.15g}."),
    **dict.fromkeys(("bool_type", "bool_parsing"), _say("must be true or false.")),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _say("must be an integer.")),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _say("must be a number.")),
    **dict.fromkeys(
        ("dict_type", "model_type", "model_attributes_type"),
        _say("must be an object (lines of `name: value`), not {kind}."),
    ),
    "list_type": _say("must be a list (lines that begin with `- `), not {kind}."),
}


def _list_fields(model: type[BaseModel], path: Path, value: JsonValue) -> list[str]:
    """The fields, in their wire words, that the record at `path` may have."""
    candidates, current = [model], value
    for step in path:
        if isinstance(step, str):  # a number stays inside the list that its field holds
            record = _choose_model(candidates, current)
            field = _by_alias(record).get(step) if record else None
            candidates = list(_list_models(field.annotation)) if field else []
        current = _look_inside(current, step)
    found = _choose_model(candidates, current)
    return list(_by_alias(found)) if found else []


def _look_inside(value: JsonValue, step: str | int) -> JsonValue:
    if isinstance(value, list) and isinstance(step, int):
        return value[step]
    return as_object(value)[str(step)]


def _by_alias(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _choose_model(candidates: list[type[BaseModel]], value: JsonValue) -> type[BaseModel] | None:
    """The model that `value` was read as: of several, the one whose `type` is that of the value."""
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    return next((model for model in candidates if as_object(value).get("type") in get_args(_type_of(model))), None)


def _type_of(model: type[BaseModel]) -> Any:
    return model.model_fields["type"].annotation


def _list_models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _list_models(inner)
