"""JSON as it passes every door: canonical, or refused with path and reason."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from agentmesh_dagster.entities.json_values import (
    MAX_DEPTH,
    InvalidJson,
    check_json,
    read_json,
    write_json,
    write_path,
)
from tests.entities.strategies import JSON


def nest(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


@settings(max_examples=100, deadline=None)
@given(value=JSON)
def test_what_is_written_is_read_again(value: object) -> None:
    assert read_json(write_json(value)) == value
    assert check_json(value) is value


REFUSED_TEXTS = {
    "NaN": ("[NaN]", "$", "NaN is not JSON"),
    "an infinity": ('{"a": -Infinity}', "$", "-Infinity is not JSON"),
    "a number that overflows": ("[1e999]", "$[0]", "inf is not JSON"),
    "a duplicate key": ('{"a": {"b": 1, "b": 2}}', "$", 'the key "b" stands twice'),
    "a lone surrogate": (r'{"a": ["\ud800"]}', "$.a[0]", "half of a surrogate pair"),
    "a lone surrogate in a key": (r'{"\udfff": 1}', "$", "half of a surrogate pair"),
    "a null character": (r'{"a b": "x\u0000"}', '$["a b"]', r"the character \u0000"),
    "a huge integer": ("1" + "0" * 400, "$", "more than 1024 bits"),
    "an integer that Python does not convert": ("1" * 5_000, "$", "too long"),
    "too deep": ("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), "$[0]", "nested deeper than 200"),
    "deeper than Python recurses": ("[" * 100_000, "$", "nested deeper than 200"),
    "a trailing comma": ('{"a": 1,}', "$", "(line 1, column"),
    "nothing": ("", "$", "(line 1, column 1)"),
}


@pytest.mark.parametrize("name", REFUSED_TEXTS)
def test_a_text_that_is_not_canonical_is_refused_with_its_place(name: str) -> None:
    text, path, reason = REFUSED_TEXTS[name]

    with pytest.raises(InvalidJson) as caught:
        read_json(text)

    assert caught.value.path.startswith(path)
    assert reason in caught.value.reason


def test_bytes_must_be_utf8() -> None:
    assert read_json('["é"]'.encode()) == ["é"]
    with pytest.raises(InvalidJson, match="not UTF-8"):
        read_json(b'["\xff"]')


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        ({"a": [1, {2, 3}]}, "$.a[1]", "set is not a JSON type"),
        ({"a": (1,)}, "$.a", "tuple is not a JSON type"),
        ({"a": {1: 2}}, "$.a", "the key 1 is not text"),
        ([float("nan")], "$[0]", "nan is not JSON"),
        (["\ud800"], "$[0]", "surrogate"),
        ({"x\x00": 1}, "$", "cannot be stored"),
        (2**1_024, "$", "more than 1024 bits"),
        (b"bytes", "$", "bytes is not a JSON type"),
    ],
)
def test_a_python_value_that_is_not_json_is_refused_with_its_place(value: object, path: str, reason: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        check_json(value)

    assert caught.value.path == path
    assert reason in caught.value.reason


def test_emoji_are_no_lone_surrogates() -> None:
    assert read_json(r'"\ud83c\udfaf"') == "🎯"


def test_depth_200_passes() -> None:
    assert check_json(nest(MAX_DEPTH)) == read_json(write_json(nest(MAX_DEPTH)))


def test_size_is_bounded_by_the_setting_or_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTMESH_MAX_VALUE_BYTES", "10")

    assert check_json("12345678") == "12345678"
    with pytest.raises(InvalidJson, match="11 bytes are more than the 10 allowed"):
        check_json("123456789")
    with pytest.raises(InvalidJson, match="11 bytes are more than the 10 allowed"):
        read_json('"ééééx"')
    assert check_json("123456789", max_bytes=11) == "123456789"


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(InvalidJson, match="nested deeper"):
        check_json(value)


def test_keys_keep_their_order() -> None:
    assert write_json(read_json('{"b":1,"a":2}')) == '{"b":1,"a":2}'


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ((), "$"),
        (("a", 0, "b_c"), "$.a[0].b_c"),
        (("first name", "", "a-b"), '$["first name"][""]["a-b"]'),
        (('say "hi"',), '$["say \\"hi\\""]'),
        (("名",), "$.名"),
    ],
)
def test_paths_are_written_like_jsonpath(path: tuple[str | int, ...], written: str) -> None:
    assert write_path(path) == written


def test_reading_is_as_strict_as_checking() -> None:
    text = json.dumps({"a": [1, 2.5, None, True, "x", {"b": {}}]})

    assert check_json(read_json(text)) == json.loads(text)
