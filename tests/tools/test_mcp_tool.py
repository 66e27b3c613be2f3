"""Tools of type `mcp`: servers of the official SDK, over stdio and streamable HTTP, that are slow, change and die."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agentmesh_dagster.declared import Declared, McpServer
from agentmesh_dagster.entities.models import Tool
from agentmesh_dagster.settings import Settings, get_settings
from agentmesh_dagster.tools import Sessions, ToolRequest, call_tool, describe_tool, expand_tool, pin_tool
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput, ToolError
from agentmesh_dagster.tools.mcp_session import McpLost, McpTimedOut, McpUnreachable
from agentmesh_dagster.tools.mcp_tool import McpFailed
from tests.tools.servers import make_tool

SERVER = Path(__file__).with_name("mcp_server.py")
DIES = "exit('no s3cret-token')"
FUNCTIONS = ["add", "greet", "say", "draw", "environment", "fail", "sleep", "die", "process_id"]


@dataclass
class Served:
    """A server as the operator declares it, and a session of one step with it."""

    settings: Settings
    marks: Path
    sessions: Sessions = field(default_factory=Sessions)
    notes: list[str] = field(default_factory=list)

    def call(self, tool: Tool, value: Any = None, *, within: float = 60) -> Any:
        deadline = time.monotonic() + within
        request = ToolRequest(tool, value, "key", deadline, report=self.notes.append, sessions=self.sessions)
        return call_tool(request, self.settings)

    def do(self, function: str, *, within: float = 60, **arguments: Any) -> Any:
        return self.call(make_tool("mcp", server="office", include=[function]), arguments, within=within)

    def count(self, name: str) -> int:
        return self.marks.read_text().split().count(name) if self.marks.exists() else 0


def declare(home: Path, table: str) -> Settings:
    home.mkdir(parents=True, exist_ok=True)
    (home / "agentmesh.toml").write_text(f"[mcp.office]\n{table}\n")
    get_settings.cache_clear()
    return get_settings()


def by_stdio(home: Path, marks: Path, *more: str) -> Settings:
    args = [str(SERVER), str(marks), *more]
    return declare(home, f"command = {sys.executable!r}\nargs = {args}\nenv = {{API_TOKEN = 's3cret-token'}}")


@contextmanager
def run_http(marks: Path, port: int = 0) -> Generator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, str(SERVER), str(marks), "http", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(params=["stdio", "http"])
def served(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Iterator[Served]:
    marks = tmp_path / "marks"
    if request.param == "stdio":
        with closing(Served(by_stdio(home, marks), marks).sessions) as sessions:
            yield Served(get_settings(), marks, sessions)
        return
    with run_http(marks) as (_, port), closing(Sessions()) as sessions:
        yield Served(declare(home, f"url = 'http://127.0.0.1:{port}/mcp'"), marks, sessions)


def test_functions_are_called_in_one_session_and_each_content_is_json(served: Served):
    several = make_tool("mcp", server="office")

    assert served.do("add", a=1, b=2) == {"result": 3}
    assert served.call(several, {"function": "add", "arguments": {"a": 2, "b": 3}}) == {"result": 5}
    assert served.do("say", text="plain") == {"text": "plain"}
    assert served.do("say", text='{"a": [1]}') == {"a": [1]}
    assert served.do("draw") == {"text": "a dot", "content": [{"type": "image", "mimeType": "image/png", "bytes": 6}]}
    assert served.do("process_id") == served.do("process_id")
    with pytest.raises(McpFailed, match="no such ticket"):
        served.do("fail")
    with pytest.raises(McpFailed, match="validation error"):
        served.do("add", a="x")
    with pytest.raises(InvalidToolInput, match="'function' is a required property"):
        served.call(several, {"a": 1})
    with pytest.raises(InvalidToolInput, match="no function `add`"):
        served.call(make_tool("mcp", server="office", exclude=["a*"]), {"function": "add", "arguments": {}})
    assert not served.notes


def test_a_slow_function_ends_at_its_deadline_and_the_session_goes_on(served: Served):
    served.do("add", a=1, b=2)
    started = time.monotonic()

    with pytest.raises(McpTimedOut) as raised:
        served.do("sleep", within=0.7, seconds=20)

    assert time.monotonic() - started < 5
    assert not raised.value.retryable


def test_calls_of_several_threads_go_side_by_side(served: Served):
    served.do("add", a=1, b=2)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(served.do("say", text="x"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [{"text": "x"}] * 8


def test_a_server_that_dies_in_a_call_is_not_called_again_and_the_next_call_has_a_new_one(home: Path, tmp_path: Path):
    marks = tmp_path / "marks"
    with closing(Sessions()) as sessions:
        served = Served(by_stdio(home, marks), marks, sessions)
        with pytest.raises(McpLost, match="out of memory") as raised:
            served.do("die")
        assert served.count("die") == 1
        assert not raised.value.retryable

        first = served.do("process_id")["result"]
        os.kill(first, signal.SIGKILL)
        assert served.do("add", a=1, b=1) == {"result": 2}
        assert served.count("add") == 1


def test_a_server_over_http_that_goes_and_comes_back_is_found_again(home: Path, tmp_path: Path):
    marks = tmp_path / "marks"
    with closing(Sessions()) as sessions:
        with run_http(marks) as (process, port):
            served = Served(declare(home, f"url = 'http://127.0.0.1:{port}/mcp'"), marks, sessions)
            served.do("add", a=1, b=1)
            threading.Timer(0.5, process.kill).start()
            with pytest.raises(McpLost):
                served.do("sleep", within=15, seconds=20)
        with pytest.raises(McpUnreachable):
            served.do("add", a=1, b=1)
        with run_http(marks, port):
            assert served.do("add", a=2, b=2) == {"result": 4}
    assert (served.count("sleep"), served.count("add")) == (1, 2)


def test_a_started_server_has_only_what_was_declared_and_shows_no_key(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-worker")
    with closing(Sessions()) as sessions:
        has = Served(by_stdio(home, tmp_path / "marks"), tmp_path / "marks", sessions).do("environment")

    assert has["API_TOKEN"] == "***"
    assert set(has) <= {"API_TOKEN", "HOME", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "USER"}


def test_a_server_that_never_answers_is_given_up_and_ended(home: Path, tmp_path: Path):
    note = tmp_path / "pid"
    code = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    settings = declare(home, f"command = {sys.executable!r}\nargs = ['-c', {json.dumps(code)}]")
    with closing(Sessions()) as sessions, pytest.raises(McpUnreachable, match="did not answer in time"):
        Served(settings, home, sessions).do("add", within=2)

    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_the_server_ends_with_the_session(home: Path, tmp_path: Path):
    with closing(Sessions()) as sessions:
        started = Served(by_stdio(home, tmp_path / "marks"), tmp_path / "marks", sessions).do("process_id")["result"]
        os.kill(started, 0)

    with pytest.raises(ProcessLookupError):
        os.kill(started, 0)


def test_what_was_pinned_is_what_a_model_is_shown_and_a_change_is_told_once(home: Path, tmp_path: Path):
    marks = tmp_path / "marks"
    settings = by_stdio(home, marks)
    tool = make_tool("mcp", server="office", include=["g*", "add"])

    pinned = pin_tool(tool, settings, time.monotonic() + 60)
    assert [one.name for one in pinned.functions or ()] == FUNCTIONS
    with closing(Sessions()) as sessions:
        served = Served(by_stdio(home, marks, "changed"), marks, sessions)
        add, greet = expand_tool(pinned, served.settings, sessions, time.monotonic() + 60)
        assert (add.name, greet.name) == ("the tool_add", "the tool_greet")
        assert describe_tool(greet).text == "Greets."
        assert list(describe_tool(greet).input_schema["properties"]) == ["name"]  # type: ignore[call-overload]
        assert served.call(greet, {"name": "Ada"}) == {"result": "Hello Ada"}
        assert served.call(greet, {"name": "Bo"}) == {"result": "Hello Bo"}
        assert served.call(add, {"a": 1, "b": 2}) == {"result": 3}

    [note] = served.notes
    assert note.startswith("`greet` of the MCP server `office` is not what it was when the tool was saved")
    assert "Save the tool again" in note


def test_what_was_not_pinned_is_asked_for(home: Path, tmp_path: Path):
    settings = by_stdio(home, tmp_path / "marks")
    tool = make_tool("mcp", server="office", exclude=["d*", "s*"])
    with closing(Sessions()) as sessions:
        offered = expand_tool(tool, settings, sessions, time.monotonic() + 60)

    assert [one.name.removeprefix("the tool_") for one in offered] == [
        name for name in FUNCTIONS if name[0] not in "ds"
    ]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("url = 'http://127.0.0.1:1/mcp?token=s3cret-token'", "connection"),
        ("command = '/nowhere/server'\nenv = {API_TOKEN = 's3cret-token'}", "nowhere"),
        (f"command = {sys.executable!r}\nargs = ['-c', {DIES!r}]\nenv.A_TOKEN = 's3cret-token'", "it said: no"),
    ],
)  # fmt: skip
def test_a_server_that_is_not_there_is_told_without_its_keys(table: str, why: str, home: Path):
    with closing(Sessions()) as sessions, pytest.raises(ToolError, match=why) as raised:
        Served(declare(home, table), home, sessions).do("add", within=20)

    assert isinstance(raised.value, McpUnreachable)
    assert raised.value.retryable
    assert "s3cret" not in str(raised.value)


def test_a_server_that_nobody_declared_is_named(home: Path):
    with closing(Sessions()) as sessions, pytest.raises(InvalidTool, match="declares no MCP server `office`"):
        Served(Settings(home=home), home, sessions).do("add")


def test_an_example_ships_with_us_unless_the_operator_has_one():
    own = McpServer(url="https://tickets.example/mcp")

    assert Declared().with_example.mcp["example"].args == ("-m", "agentmesh_dagster.example_mcp")
    assert Declared(mcp={"example": own}).with_example.mcp["example"] is own
