"""What holds for every kind of tool."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools import ToolError, tool
from agentmesh_dagster.tools import errors as tool_errors
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput, InvalidToolOutput
from tests.tools.servers import LOCAL, Recorder, call, make_tool


@tool("tests: echo")
def sample_echo(**fields: Any) -> Any:
    return fields.get("give", fields)


def echo(value: Any, settings: Settings = LOCAL, **schemas: Any) -> Any:
    return call(make_tool("function", function_name="tests: echo", **schemas), value, settings)


ORDER = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": {"properties": {"price": {"type": "number"}}}}},
}


def test_input_that_does_not_fit_the_schema_is_named_by_its_path():
    assert echo({"items": [{"price": 1}]}, input_schema=ORDER) == {"items": [{"price": 1}]}

    with pytest.raises(InvalidToolInput, match=r"at \$\.items\[1\]\.price: 'dear' is not of type 'number'"):
        echo({"items": [{}, {"price": "dear"}]}, input_schema=ORDER)
    with pytest.raises(InvalidToolInput, match=r"at \$: 'items' is a required property"):
        echo({}, input_schema=ORDER)


def test_a_result_that_does_not_fit_the_schema_is_named_by_its_path():
    with pytest.raises(InvalidToolOutput, match=r"at \$\.items\[0\]\.price"):
        echo({"items": [{"price": None}]}, output_schema=ORDER)


def test_text_is_checked_as_the_object_that_it_becomes():
    schema = {"type": "object", "required": ["text"]}

    assert echo({"give": "hello"}, output_schema=schema) == {"text": "hello"}


@pytest.mark.parametrize("field", ["input_schema", "output_schema"])
@pytest.mark.parametrize(
    "schema", [{"type": "objekt"}, {"$ref": "#/nowhere"}, {"$ref": "http://127.0.0.1/s"}, {"$ref": "#"}]
)
def test_a_schema_that_is_none_is_the_tools_fault(field: str, schema: Any):
    with pytest.raises(InvalidTool):
        echo({"a": 1}, **{field: schema})


def test_a_broken_output_schema_is_found_before_the_call(recorder: Recorder):
    with pytest.raises(InvalidTool, match="outputSchema"):
        call(make_tool("http", url=recorder.url, output_schema={"type": 7}))

    assert not recorder.received


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": "\x00"}, {"a": "\ud800"}, {"a": {1}}, {1: 2}])
def test_input_that_is_no_json_is_refused(value: Any):
    with pytest.raises(InvalidToolInput, match=r"at \$"):
        echo(value)


def test_input_and_result_are_bounded():
    settings = Settings(max_value_bytes=1_000)

    with pytest.raises(InvalidToolInput, match="1,000 allowed"):
        echo({"a": "x" * 1_000}, settings)
    with pytest.raises(InvalidToolOutput, match="1,000 allowed"):
        call(make_tool("function", function_name="tests: long"), {}, settings)


@tool("tests: long")
def sample_long() -> str:
    return "x" * 1_000


def test_every_fault_says_whether_a_retry_may_help():
    classes = [value for value in vars(tool_errors).values() if isinstance(value, type)]
    kinds = [kind for kind in classes if issubclass(kind, ToolError)]

    assert {kind.__name__ for kind in kinds if kind.retryable} == {
        "HttpBusy",
        "HttpFailed",
        "HttpTimedOut",
        "HttpUnreachable",
        "ToolFunctionFailed",
        "ToolTimedOut",
    }
    for kind in kinds:
        assert str(kind()).endswith(".")


def test_many_threads_may_call_at_once():
    together = threading.Barrier(16)

    def one(number: int) -> Any:
        together.wait()
        # A schema of its own each time, so that they are compiled at once too.
        return echo({"n": number}, input_schema={"properties": {"n": {"const": number}}})

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(one, range(16))) == [{"n": number} for number in range(16)]
