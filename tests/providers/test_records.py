"""A reply goes into a store and comes back whole, in this process or in another; never to an older library."""

import json
import subprocess
import sys
from typing import Any

import pytest

from agentmesh_dagster.providers.chat import ChatReply, Message
from agentmesh_dagster.providers.records import NewerReply, read_reply, write_reply
from tests.providers.scripted import ScriptedServer, answer
from tests.providers.wires import ANTHROPIC, KEY, OPENAI, Wire, ask


def call_a_tool(wire: Wire) -> dict[str, Any]:
    body = wire.tool_calls(("1", "get_time", "{}"))
    if wire.is_openai_format:
        body["choices"][0]["message"] |= {"reasoning_content": "Which zone?", "reasoning_details": [{"data": "x=="}]}
    else:
        body["content"].insert(0, {"type": "thinking", "thinking": "Which zone?", "signature": "c2lnbmVk"})
    return body


def get_reply(server: ScriptedServer, wire: Wire) -> ChatReply:
    server.play(answer(call_a_tool(wire)))
    return wire.complete(server.url.replace("http://", "http://me:pass-word@"))


def test_a_reply_comes_back_as_it_was(server: ScriptedServer, wire: Wire) -> None:
    reply = get_reply(server, wire)

    stored = json.dumps(write_reply(reply))
    assert read_reply(json.loads(stored)) == reply
    assert KEY not in stored
    assert "pass-word" not in stored


def test_another_process_goes_on_from_it(server: ScriptedServer, wire: Wire) -> None:
    stored = json.dumps(write_reply(get_reply(server, wire)))
    first = server.seen[-1]
    server.play(answer(wire.text("five")))
    script = f"""
import json
from agentmesh_dagster.providers.chat import Message
from agentmesh_dagster.providers.records import read_reply
from tests.providers.wires import Wire, ask
reply = read_reply(json.loads({stored!r}))
messages = (Message("user", "?"), reply.to_message(), Message("tool", "5", tool_call_id="1"))
print(Wire({wire.provider!r}).complete({server.url!r}, ask(messages=messages)).text)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)

    assert (ended.stdout, ended.stderr) == ("five\n", "")
    sent = server.seen[-1].body["messages"][1]
    said = call_a_tool(wire)
    if wire.is_openai_format:
        assert sent["reasoning_content"] == "Which zone?"
        assert sent["reasoning_details"] == [{"data": "x=="}]
    else:
        assert sent["content"][0] == said["content"][0]
    assert first.path == server.seen[-1].path


@pytest.mark.parametrize(("version", "is_newer"), [("1.99.0", False), ("99.0.0", True)])
def test_what_a_newer_library_wrote_is_not_read(server: ScriptedServer, version: str, is_newer: bool) -> None:
    stored = write_reply(get_reply(server, OPENAI))
    stored["state"]["version"] = version

    if not is_newer:
        assert read_reply(stored).tool_calls
        return
    with pytest.raises(NewerReply, match=r"pydantic-ai 99\.0\.0"):
        read_reply(stored)


def test_nor_is_it_sent_to_a_model(server: ScriptedServer) -> None:
    reply = get_reply(server, ANTHROPIC)
    assert isinstance(reply.provider_state, dict)
    reply.provider_state["version"] = "99.0.0"

    with pytest.raises(NewerReply):
        ANTHROPIC.complete(server.url, ask(messages=(Message("user", "?"), reply.to_message())))


def test_what_another_format_says_is_not_read(server: ScriptedServer) -> None:
    with pytest.raises(NewerReply, match="format 2"):
        read_reply(write_reply(get_reply(server, OPENAI)) | {"format": 2})
