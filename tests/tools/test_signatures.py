"""Typed functions: the schema that a model sees, and the values that the function gets."""

import datetime
import enum
import inspect
import re
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, Field

from agentmesh_dagster.tools import ToolFunction
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput

if TYPE_CHECKING:
    from tests.no_such_module import Missing


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Item(BaseModel):
    sku: str
    count: int = Field(default=1, ge=1)


@dataclass
class Address:
    street: str
    city: str = "Berlin"


class Told(TypedDict):
    name: str


class Warehouse(dg.ConfigurableResource):
    name: str


def made(call: Callable[..., object]) -> ToolFunction:
    return ToolFunction(call.__name__, call)


def find_orders(
    customer: str,
    status: Literal["open", "closed"] = "open",
    limit: Annotated[int, Field(le=50)] = 10,
    since: datetime.date | None = None,
) -> list[dict[str, str]]:
    """Finds the orders of a customer.

    Only those of this shop.

    Args:
        customer: Name or number.
        status: Which ones are wanted.

    Returns:
        The newest first.
    """
    return [{"customer": customer, "status": status, "limit": str(limit), "since": repr(since)}]


def test_the_schema_says_what_hints_defaults_and_docstring_say():
    function = made(find_orders)

    assert function.description == (
        "Finds the orders of a customer.\n\nOnly those of this shop.\n\nReturns: The newest first."
    )
    assert function.input_schema == {
        "type": "object",
        "properties": {
            "customer": {"type": "string", "description": "Name or number."},
            "status": {
                "type": "string",
                "enum": ["open", "closed"],
                "default": "open",
                "description": "Which ones are wanted.",
            },
            "limit": {"type": "integer", "maximum": 50, "default": 10},
            "since": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
        },
        "required": ["customer"],
        "additionalProperties": False,
    }
    assert function.output_schema == {
        "type": "array",
        "items": {"type": "object", "additionalProperties": {"type": "string"}},
    }


@pytest.mark.parametrize(
    "text",
    [
        "Sums up.\n\n:param first: Of them.\n:returns: The sum.",
        "Sums up.\n\nParameters\n----------\nfirst\n    Of them.\n\nReturns\n-------\nint\n    The sum.",
        "Sums up.\n\nArgs:\n    first (int): Of them.\n\nReturns:\n    int: The sum.",
    ],
)
def test_docstrings_are_read_in_the_styles_that_people_have(text: str):
    def add(first: int) -> int:
        return first

    add.__doc__ = text
    function = made(add)

    assert function.description == "Sums up.\n\nReturns: The sum."
    assert function.input_schema["properties"]["first"]["description"] == "Of them."


def test_a_docstring_that_says_nothing_of_parameters_stays_as_it_is():
    def add(first: int) -> int:
        """Sums up.

        Note: Example:
            - `add(1)`
        """
        return first

    assert made(add).description == inspect.getdoc(add)


def take(
    number: int,
    price: Decimal,
    when: datetime.datetime,
    colour: Colour,
    item: Item,
    address: Address,
    items: list[Item],
    pair: tuple[int, str],
    tags: set[str],
    key: uuid.UUID,
    file: Path,
    raw: bytes,
    untyped,
    told: Told,
) -> Any:
    given = locals()
    return {name: str(value) if isinstance(value, set) else repr(value) for name, value in given.items()}


def test_values_come_as_the_hints_want_them():
    result = made(take).run(
        {
            "number": "7",
            "price": "12.50",
            "when": "2026-11-30T12:00:00Z",
            "colour": "blue",
            "item": {"sku": "a"},
            "address": {"street": "Weg 1"},
            "items": [{"sku": "b", "count": 2}],
            "pair": [1, "x"],
            "tags": ["a", "a"],
            "key": "00000000-0000-0000-0000-000000000001",
            "file": "/tmp/a",
            "raw": "_w==",
            "untyped": {"a": [1]},
            "told": {"name": "x"},
        }
    )

    assert result == {
        "number": "7",
        "price": "Decimal('12.50')",
        "when": "datetime.datetime(2026, 11, 30, 12, 0, tzinfo=TzInfo(0))",
        "colour": "<Colour.BLUE: 'blue'>",
        "item": "Item(sku='a', count=1)",
        "address": "Address(street='Weg 1', city='Berlin')",
        "items": "[Item(sku='b', count=2)]",
        "pair": "(1, 'x')",
        "tags": "{'a'}",
        "key": "UUID('00000000-0000-0000-0000-000000000001')",
        "file": "PosixPath('/tmp/a')",
        "raw": "b'\\xff'",
        "untyped": "{'a': [1]}",
        "told": "{'name': 'x'}",
    }


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"customer": "x", "status": "opne"}, "`status` must be `open` or `closed`: did you mean `open`?"),
        ({"customer": "x", "limit": 51}, "`limit` must be at most 50."),
        ({"customer": 7, "since": "yesterday"}, "`customer` must be text"),
        ({"customer": "x", "since": "yesterday"}, "`since` must be a valid date"),
        ({"custmer": "x"}, "`custmer` is no field here: did you mean `customer`?"),
    ],
)
def test_a_value_that_does_not_fit_is_told_in_words(fields: dict[str, Any], fault: str):
    with pytest.raises(InvalidToolInput, match=f"`find_orders`: .*{re.escape(fault)}"):
        made(find_orders).run(fields)


def test_what_is_left_out_is_as_the_function_has_it():
    first: list[int] = []

    def gather(some: str = None, told: list[int] = first, limit: int = Field(5, ge=1)) -> Any:  # type: ignore[assignment]  # noqa: RUF013
        return {"some": some, "same": told is first, "limit": limit}

    assert made(gather).run({"some": None}) == {"some": None, "same": True, "limit": 5}
    assert made(gather).input_schema["properties"]["limit"] == {"type": "integer", "minimum": 1, "default": 5}


def test_every_kind_of_parameter_gets_its_fields():
    def gather(first: int, /, second: int = 2, *more: int, third: int, **rest: int) -> Any:
        return [first, second, list(more), third, rest]

    schema = made(gather).input_schema

    assert made(gather).run({"first": 1, "third": 3}) == [1, 2, [], 3, {}]
    assert made(gather).run({"first": "1", "more": ["4"], "third": 3, "p0": "6"}) == [1, 2, [4], 3, {"p0": 6}]
    assert schema["additionalProperties"] == {"type": "integer"}
    assert schema["required"] == ["first", "third"]


def test_names_that_pydantic_has_taken_are_names_of_parameters_too():
    def gather(schema: str, copy: int, model_config: bool, _private: int = 1) -> Any:
        return [schema, copy, model_config, _private]

    assert made(gather).run({"schema": "a", "copy": 1, "model_config": True, "_private": 2}) == ["a", 1, True, 2]


def test_a_hint_for_type_checkers_alone_costs_nothing_but_itself():
    def gather(unknown: "Missing", known: "datetime.date", default: object = object()) -> "Missing":
        return {"unknown": unknown, "known": known}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        function = made(gather)
        assert function.input_schema["properties"]["known"] == {"type": "string", "format": "date"}
    assert function.run({"unknown": [1], "known": "2026-01-01"}) == {"unknown": [1], "known": "2026-01-01"}
    assert function.output_schema == {}


def test_a_parameter_that_no_json_becomes_is_told_unless_it_can_be_left_out():
    def plot(frame: pd.DataFrame) -> None: ...
    def name(text: str, how: Callable[[str], str] = str.upper) -> str:
        return how(text)

    with pytest.raises(InvalidTool, match="`plot` takes `DataFrame` as `frame`, which no JSON can be read as"):
        _ = made(plot).input_schema
    assert list(made(name).input_schema["properties"]) == ["text"]
    assert made(name).run({"text": "a"}) == "A"


def test_a_result_that_can_never_be_json_is_told_before_the_function_acts():
    acted: list[int] = []

    def act() -> pd.DataFrame:
        acted.append(1)
        return pd.DataFrame()

    with pytest.raises(InvalidTool, match="`act` returns `DataFrame`, which is no JSON: return texts"):
        made(act).run({})
    assert not acted


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (str, {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}),
        (Item | None, {"anyOf": [{"$ref": "#/$defs/Item"}, {"type": "null"}]}),
        (np.int64, {}),
        (Iterator[int], {"type": "array"}),
        (Any, {}),
        (None, {"type": "null"}),
        (Told, {}),
        (Decimal, {"type": "object"}),
    ],
)
def test_what_a_function_says_that_it_returns_is_a_schema(hint: Any, schema: dict[str, Any]):
    def give(): ...

    give.__annotations__["return"] = hint
    given = made(give).output_schema

    assert {key: value for key, value in given.items() if key in schema} == schema


def test_resources_and_the_key_are_no_fields():
    def count(
        table: str,
        warehouse: Warehouse,
        idempotency_key: str,
        other: Warehouse | None = None,
        raw: dg.ResourceParam[Any] = None,
    ) -> Any:
        return [table, warehouse.name, idempotency_key, other, raw]

    function = made(count)
    given = {"warehouse": Warehouse(name="w"), "raw": 5}

    assert list(function.input_schema["properties"]) == ["table"]
    assert function.run({"table": "t"}, "key", given) == ["t", "w", "key", None, 5]
    with pytest.raises(InvalidToolInput, match="`other` is no field here"):
        function.run({"table": "t", "other": {"name": "mine"}}, "key", given)
