"""Function tools: only what was registered, called with the input's fields."""

import asyncio
import os.path
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from agentmesh_dagster.errors import AttemptStopped
from agentmesh_dagster.tools import ToolError, ToolFunction, lookup_function, tool
from agentmesh_dagster.tools.errors import (
    InvalidTool,
    InvalidToolInput,
    InvalidToolOutput,
    ToolFunctionFailed,
    ToolTimedOut,
    UnknownFunction,
)
from agentmesh_dagster.tools.functions import FunctionRegistry
from tests.costs import FAR_TOO_LONG_SECONDS
from tests.tools.servers import call, make_tool


@tool
def sample_add(left: int, right: int = 1) -> dict[str, int]:
    """Adds two numbers."""
    return {"sum": left + right}


@tool(name="tests: with key")
def sample_key(idempotency_key: str, **fields: Any) -> dict[str, Any]:
    return {"key": idempotency_key, "fields": fields}


@tool("tests: spoil")
def sample_spoil(items: list[int]) -> int:
    items.append(99)
    return len(items)


class FinalRefusal(ToolError):
    """The stock is closed."""


@tool("tests: give")
def sample_give(what: str) -> Any:
    results: dict[str, Any] = {
        "text": "hello",
        "none": None,
        "list": [1],
        "zero": "a\x00b",
        "nan": float("nan"),
    }
    results |= {"object": object(), "inside": {"a": [object()]}, "number": 7, "key": {(1, 2): 3}}
    return results[what]


@tool("tests: fail")
def sample_fail(how: str) -> None:
    if how == "final":
        raise FinalRefusal("until Monday")
    raise ValueError(f"bad {how}\x00 " + "x" * 1_000)


def add(**fields: Any) -> Any:
    return call(make_tool("function", function_name="sample_add"), fields)


def test_a_function_gets_the_fields_of_the_input():
    assert add(left=2, right=3) == {"sum": 5}
    assert add(left=2) == {"sum": 3}


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, "`left` is missing: add it"),
        ({"left": 1, "rihgt": 2}, "`rihgt` is no field here: did you mean `right`"),
        ({"left": "one"}, "`left` must be an integer"),
    ],
)
def test_fields_that_do_not_fit_the_parameters_are_a_clear_error(fields: dict[str, Any], fault: str):
    with pytest.raises(InvalidToolInput, match=rf"`sample_add`: {fault}"):
        add(**fields)


@pytest.mark.parametrize("value", [[1], "text", 7, True])
def test_a_function_takes_only_an_object(value: Any):
    with pytest.raises(InvalidToolInput, match="object"):
        call(make_tool("function", function_name="sample_add"), value)


def test_a_function_that_asks_for_the_idempotency_key_gets_ours():
    result = call(
        make_tool("function", function_name="tests: with key"),
        {"idempotency_key": "theirs", "a": 1},
        key="run/n/0",
    )

    assert result == {"key": "run/n/0", "fields": {"a": 1}}


def test_no_input_stands_for_no_fields():
    assert call(make_tool("function", function_name="tests: with key"))["fields"] == {}


def test_a_function_cannot_change_the_input():
    value = {"items": [1]}

    assert call(make_tool("function", function_name="tests: spoil"), value) == 2
    assert value == {"items": [1]}


@pytest.mark.parametrize(
    ("what", "result"), [("text", {"text": "hello"}), ("none", None), ("list", [1]), ("number", 7)]
)
def test_json_comes_back_as_it_is_and_text_as_an_object(what: str, result: Any):
    assert call(make_tool("function", function_name="tests: give"), {"what": what}) == result


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("object", r"\$: object is not a JSON type"),
        ("inside", r"\$\.a\[0\]: object is not a JSON type"),
        ("nan", "nan is not JSON"),
        ("zero", "cannot be stored"),
        ("key", r"the key \(1, 2\) is not text"),
    ],
)
def test_a_result_that_is_no_json_is_a_clear_error(what: str, fault: str):
    with pytest.raises(InvalidToolOutput, match=fault):
        call(make_tool("function", function_name="tests: give"), {"what": what})


def test_what_a_function_raises_is_named_and_chained_and_may_be_retried():
    with pytest.raises(ToolFunctionFailed, match="ValueError: bad luck") as raised:
        call(make_tool("function", function_name="tests: fail"), {"how": "luck"})

    assert raised.value.retryable
    assert isinstance(raised.value.__cause__, ValueError)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 600


def test_a_function_may_say_that_a_retry_is_useless():
    with pytest.raises(FinalRefusal, match="The stock is closed: until Monday") as raised:
        call(make_tool("function", function_name="tests: fail"), {"how": "final"})

    assert not raised.value.retryable


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "tests.tools.test_functions.sample_add"])
def test_nothing_can_be_imported_by_name(name: str):
    with pytest.raises(UnknownFunction) as raised:
        call(make_tool("function", function_name=name), {})

    assert f"`{name}`" in str(raised.value)


def test_an_unknown_name_comes_with_the_nearest_known_ones():
    with pytest.raises(UnknownFunction, match="`sample_add`"):
        lookup_function("sampel_add")


def test_a_tool_without_a_function_name_is_a_clear_error():
    with pytest.raises(InvalidTool, match=r"config\.functionName is missing"):
        call(make_tool("function"))


def test_the_decorator_leaves_the_function_as_it_is():
    assert sample_add(1, 2) == {"sum": 3}
    assert lookup_function("sample_add").call is sample_add
    assert lookup_function("sample_add").description == "Adds two numbers."


def test_two_functions_cannot_have_one_name():
    def sample_add() -> None: ...

    with pytest.raises(InvalidTool, match="two functions are named `sample_add`"):
        tool(sample_add)

    assert add(left=1) == {"sum": 2}


def test_a_module_that_is_loaded_again_brings_its_newer_function():
    def define(result: int) -> Callable[[], int]:
        def answer() -> int:
            return result

        return answer

    functions = FunctionRegistry(dict)
    functions.register(define(1), "answer")
    functions.register(define(2), "answer")

    assert functions.look_up("answer").run({}, "") == 2


# Functions that are awaited, and functions that end more than themselves


@tool("tests: later")
async def sample_later(seconds: float = 0, how: str = "") -> dict[str, bool]:
    await asyncio.sleep(seconds)
    if how == "exit":
        sys.exit(3)
    if how == "timeout":
        raise TimeoutError("of its own")
    return {"done": True}


def later(*, within: float = 5, **fields: Any) -> Any:
    return call(make_tool("function", function_name="tests: later"), fields, seconds=within)


def test_an_async_function_is_awaited():
    assert later() == {"done": True}


def test_an_async_function_ends_at_the_deadline_of_the_node():
    with pytest.raises(ToolTimedOut, match="raise its timeoutSeconds"):
        later(seconds=FAR_TOO_LONG_SECONDS, within=0.05)


def test_a_timeout_of_the_functions_own_is_its_own_fault():
    with pytest.raises(ToolFunctionFailed, match="TimeoutError: of its own"):
        later(how="timeout")


def test_an_async_function_cannot_end_the_program_either():
    with pytest.raises(ToolFunctionFailed, match=r"it called sys.exit\(3\)"):
        later(how="exit")


def test_a_function_that_yields_asynchronously_is_refused_when_it_is_registered():
    async def several() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(InvalidTool, match="return a list"):
        tool(several)


class Panic(BaseException):
    """As extensions in Rust raise it."""


class Untold(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


@tool("tests: end")
def sample_end(how: str) -> Iterator[int]:
    yield 1
    if how == "recursion":
        sample_end_again()
    raise {"exit": SystemExit(), "interrupt": KeyboardInterrupt(), "panic": Panic("at 7"), "untold": Untold()}[how]


def sample_end_again() -> None:
    sample_end_again()


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ("exit", r"it called sys.exit\(None\): let it return"),
        ("interrupt", "KeyboardInterrupt"),
        ("panic", "Panic: at 7"),
        ("recursion", "RecursionError: it calls itself without end"),
        ("untold", "Untold$"),
    ],
)
def test_what_would_end_the_worker_fails_the_call_alone(how: str, fault: str):
    with pytest.raises(ToolFunctionFailed, match=fault):
        call(make_tool("function", function_name="tests: end"), {"how": how})


def test_the_end_of_an_attempt_is_held_up_by_no_function():
    def stop() -> None:
        raise AttemptStopped

    with pytest.raises(AttemptStopped):
        ToolFunction("stop", stop).run({})


# Entry points


def points(**values: str) -> FunctionRegistry:
    found = {name: EntryPoint(name, value, "agentmesh.tools") for name, value in values.items()}
    return FunctionRegistry(lambda: found)


def test_a_broken_entry_point_costs_only_its_own_name():
    functions = points(name="os.path:basename", gone="no_such_package:f", lost="os:no_such", data="os:sep")

    assert functions.look_up("name").call is os.path.basename
    for name, fault in (("gone", "ModuleNotFoundError"), ("lost", "AttributeError"), ("data", "no function")):
        with pytest.raises(InvalidTool, match=f"`{name}` cannot be loaded: .*{fault}"):
            functions.look_up(name)


def test_entry_points_are_loaded_when_asked_for_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "loud_tools.py").write_text(
        "from pathlib import Path\n"
        "with (Path(__file__).parent / 'loaded').open('a') as file: file.write('x')\n"
        "raise SyntaxError('half-written')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    functions = points(base="os.path:basename", loud="loud_tools:f")

    functions.look_up("base")
    assert not (tmp_path / "loaded").exists()
    for _ in range(3):
        with pytest.raises(InvalidTool, match="SyntaxError: half-written"):
            functions.look_up("loud")
    assert (tmp_path / "loaded").read_text() == "x"


def test_an_unknown_name_says_which_entry_points_are_broken():
    with pytest.raises(UnknownFunction, match="`shop` cannot be loaded: ModuleNotFoundError"):
        points(shop="no_such_shop").look_up("order")


def test_an_installed_package_brings_functions_and_modules(tmp_path: Path):
    (tmp_path / "shop_tools.py").write_text(
        textwrap.dedent("""
            from agentmesh_dagster.tools import tool

            @tool
            def from_module(): return "module"

            def from_point(): return "point"
        """)
    )
    metadata = tmp_path / "shop_tools-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-tools\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[agentmesh.tools]\nfrom_point = shop_tools:from_point\nmodule = shop_tools\n"
    )
    program = "\n".join(
        [
            f"import sys; sys.path.insert(0, {str(tmp_path)!r})",
            "from agentmesh_dagster.tools import lookup_function",
            "assert 'shop_tools' not in sys.modules",
            "print(lookup_function('from_point').run({}, ''), lookup_function('from_module').run({}, ''))",
        ]
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout == "point module\n"
