"""What the operators and functions do with JSON values: CEL's rules, with one kind of number.

Each of these raises ExpressionFault where the values do not fit. None takes longer than the size of its
operands, and none makes text or lists that are larger than them. Types are compared, as a subclass is no JSON: no
method of it is ever called.
"""

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, TypeGuard

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.graph.expressions.faults import ExpressionFault

_KINDS: Mapping[type, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "list",
    dict: "object",
    type(None): "null",
}
_ORDERED_KINDS = frozenset(("text", "number", "boolean"))
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1


class Missing(Enum):
    """The type of MISSING."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""What `find` gives for a field or item that is not there."""


def name_kind(value: object) -> str:
    """The word for the value's type in faults."""
    return _KINDS.get(type(value), "something that is not JSON")


def is_number(value: JsonValue) -> TypeGuard[int | float]:
    """Whether it is a number; true and false are none."""
    return type(value) in (int, float)


def find(value: JsonValue, key: JsonValue) -> JsonValue | Missing:
    """The field or item at `key`, or MISSING; only in real objects and lists, never a Python attribute."""
    if type(value) is dict:
        return value.get(key, MISSING) if type(key) is str else MISSING
    if type(value) is list and is_number(key) and 0 <= key < len(value) and key % 1 == 0:
        return value[int(key)]
    return MISSING


def equal(left: JsonValue, right: JsonValue) -> bool:
    """Whether two values are equal: numbers by value, otherwise never across types."""
    # A stack of iterators, not recursion: values may be nested 200 deep, and millions of items long.
    waiting: list[Iterator[tuple[JsonValue, JsonValue]]] = [iter([(left, right)])]
    while waiting:
        pair = next(waiting[-1], None)
        if pair is None:
            waiting.pop()
            continue
        left, right = pair
        if left is right:
            continue
        if type(left) is list and type(right) is list:
            if len(left) != len(right):
                return False
            waiting.append(zip(left, right, strict=True))
        elif type(left) is dict and type(right) is dict:
            if left.keys() != right.keys():
                return False
            waiting.append(_pair_fields(left, right))
        elif name_kind(left) != name_kind(right) or left != right:
            return False
    return True


def _pair_fields(left: dict[str, JsonValue], right: dict[str, JsonValue]) -> Iterator[tuple[JsonValue, JsonValue]]:
    return ((value, right[key]) for key, value in left.items())


def not_equal(left: JsonValue, right: JsonValue) -> bool:
    """The contrary of `equal`."""
    return not equal(left, right)


def is_in(element: JsonValue, container: JsonValue, column: int) -> bool:
    """Whether a list holds the element, or an object the key."""
    if type(container) is dict:
        return type(element) is str and element in container
    if type(container) is not list:
        hint = ": use .contains(…)" if type(container) is str else ""
        raise ExpressionFault(f"cannot look for {name_kind(element)} in {name_kind(container)}{hint}", column)
    if type(element) is str:
        return element in container  # Python's own search: text equals nothing but text
    return any(equal(element, item) for item in container)


def make_order(sign: str) -> Callable[[JsonValue, JsonValue, int], bool]:
    """The comparison for `<`, `<=`, `>` or `>=`: two numbers, two texts (by code point) or two booleans."""
    compare = _ORDERS[sign]

    def order(left: JsonValue, right: JsonValue, column: int) -> bool:
        kind = name_kind(left)
        if kind in _ORDERED_KINDS and kind == name_kind(right):
            return compare(left, right)
        raise ExpressionFault(f"cannot compare {kind} {sign} {name_kind(right)}", column)

    return order


def make_calculation(sign: str) -> Callable[[JsonValue, JsonValue, int], int | float]:
    """The calculation for `+`, `-`, `*`, `/` or `%`: exact for integers of 64 bits, else with floats."""
    on_integers, on_floats = _CALCULATIONS[sign]

    def calculate(left: JsonValue, right: JsonValue, column: int) -> int | float:
        if not is_number(left) or not is_number(right):
            kinds = (name_kind(left), name_kind(right))
            hint = ": a template joins text" if sign == "+" and "text" in kinds else ""
            raise ExpressionFault(f"cannot calculate {kinds[0]} {sign} {kinds[1]}{hint}", column)
        _check_number(left, column)
        _check_number(right, column)
        if right == 0 and sign in "/%":
            raise ExpressionFault("division by zero", column)
        exact = isinstance(left, int) and isinstance(right, int)
        return _check_number((on_integers if exact else on_floats)(left, right), column)

    return calculate


def negate(value: JsonValue, column: int) -> int | float:
    """`-value`."""
    if not is_number(value):
        raise ExpressionFault(f"- needs a number, not {name_kind(value)}", column)
    return _check_number(-value, column)


def require_boolean(value: JsonValue, sign: str, column: int) -> bool:
    """`value` if it is true or false, else a fault that names the operator."""
    if value is True or value is False:
        return value
    raise ExpressionFault(f"{sign} needs true or false, not {name_kind(value)}", column)


def measure_size(value: JsonValue, column: int) -> int:
    """Characters of a text, items of a list, fields of an object."""
    if type(value) is str or type(value) is list or type(value) is dict:
        return len(value)
    raise ExpressionFault(f"size() needs text, a list or an object, not {name_kind(value)}", column)


def _make_text_test(name: str, test: Callable[[str, str], bool]) -> Callable[..., bool]:
    def test_text(text: JsonValue, part: JsonValue, column: int) -> bool:
        if type(text) is not str:
            hint = ": use in" if name == "contains" and type(text) in (list, dict) else ""
            raise ExpressionFault(f".{name}() needs text before the dot, not {name_kind(text)}{hint}", column)
        if type(part) is not str:
            raise ExpressionFault(f".{name}() needs text between its brackets, not {name_kind(part)}", column)
        return test(text, part)

    return test_text


def _check_number(number: int | float, column: int) -> int | float:
    if isinstance(number, int):
        if not SMALLEST_INTEGER <= number <= LARGEST_INTEGER:
            raise ExpressionFault("an integer beyond 64 bits", column)
    elif not math.isfinite(number):
        raise ExpressionFault("a number beyond the largest float", column)
    return number


def _divide_integers(left: int, right: int) -> int:
    # Towards zero, as CEL; Python's // goes down.
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _divide_floats(left: float, right: float) -> float:
    return left / right


def _rest_of_integers(left: int, right: int) -> int:
    return left - right * _divide_integers(left, right)


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CALCULATIONS: Mapping[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "+": (operator.add, operator.add),
    "-": (operator.sub, operator.sub),
    "*": (operator.mul, operator.mul),
    "/": (_divide_integers, _divide_floats),
    "%": (_rest_of_integers, math.fmod),
}
# Name in the source → what is called with the operands and the column.
FUNCTIONS: Mapping[str, Callable[..., JsonValue]] = {
    "size": measure_size,
    "contains": _make_text_test("contains", operator.contains),
    "startsWith": _make_text_test("startsWith", str.startswith),
    "endsWith": _make_text_test("endsWith", str.endswith),
}
