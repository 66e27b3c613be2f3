"""What functions return, as JSON."""

import datetime
import enum
import uuid
from collections import namedtuple
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from agentmesh_dagster.tools.errors import InvalidToolOutput
from agentmesh_dagster.tools.python_values import write_as_json


class Size(enum.IntEnum):
    SMALL = 1


class Item(BaseModel):
    price: Decimal


@dataclass
class Order:
    items: list[Item]
    count: Any


Point = namedtuple("Point", "x y")
LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC), "2026-01-02T03:00:00Z"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.timedelta(hours=1), "PT1H"),
        (Decimal("1.50"), "1.50"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Path("/tmp/a"), "/tmp/a"),
        (Size.SMALL, 1),
        (b"a\xff", "Yf8="),
        ((1, {2, 1}), [1, [1, 2]]),
        ({"b", "a"}, ["a", "b"]),
        (Point(1, (2,)), [1, [2]]),
        (Order([Item(price=Decimal("0.1"))], np.int64(3)), {"items": [{"price": "0.1"}], "count": 3}),
        ({uuid.UUID(int=1): 1, 2: 2, Size.SMALL: 3}, {"00000000-0000-0000-0000-000000000001": 1, "2": 2, "1": 3}),
        (np.float32(1.5), 1.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.datetime64("2026-01-02T00:00:00.000000001"), "2026-01-02T00:00:00.000000001"),
        (pd.Timestamp("2026-01-02"), "2026-01-02T00:00:00"),
        ({"a": 1}.keys(), ["a"]),
    ],
)
def test_a_value_is_json_by_one_rule(value: object, written: object):
    result = write_as_json(value)

    assert result == written
    assert type(result) is type(written)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"rows": [1, pd.DataFrame()]}, r"at \$\.rows\[1\]: DataFrame is not a JSON type"),
        (Order([], object()), r"at \$: object is not a JSON type"),
        ([lambda: 1], r"at \$\[0\]: function is not a JSON type"),
        ({(1, 2): 3}, r"at \$: the key \(1, 2\) is not text"),
        ({"a": {None: 3}}, r"at \$\.a: the key None is not text"),
        ({1: 2, "1": 3}, r'at \$: two keys are "1" in JSON'),
        (LOOP, "nested deeper than 200, or in itself"),
    ],
)
def test_what_has_no_json_is_named_with_its_place(value: object, fault: str):
    with pytest.raises(InvalidToolOutput, match=fault):
        write_as_json(value)
