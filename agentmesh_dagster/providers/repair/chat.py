"""Chat completions: OpenAI's, and those of the many servers that speak like it."""

import re

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.errors import MalformedReply, ReplyCutShort, ReplyWithheld
from agentmesh_dagster.providers.repair.repaired import (
    ONLY_REASONING,
    TOO_LONG,
    Repaired,
    Repairer,
    choose_id,
    is_count,
    join_text,
    judge_finish,
    read_counts,
    read_objects,
    read_text,
    write_arguments,
)

_REASONING = ("reasoning_content", "reasoning", "thinking")  # fields of a message, as servers name it
_OURS = frozenset({"role", "content", "tool_calls", "function_call", "refusal", "annotations", "audio"})
_OF_A_CALL = frozenset({"id", "type", "index", "function"})
_THOUGHT = re.compile(
    r"\s*<(think|thinking|thought|reasoning)>(?P<inner>.*?)</\1>\s*|(?P<open>.*?)</think>\s*", re.DOTALL
)


def _repair(body: JsonObject, repaired: Repaired) -> JsonObject:
    usage = as_object(body.get("usage"))
    repaired.is_counted = is_count(usage.get("prompt_tokens")) and is_count(usage.get("completion_tokens"))
    choices = read_objects(body, "choices")
    if not choices:
        raise MalformedReply("it has no choices")
    message: JsonValue = choices[0].get("message")
    if not isinstance(message, dict):
        raise MalformedReply("`message` is missing or no object")
    if refusal := message.get("refusal"):
        raise ReplyWithheld(f"the model refused: {repaired.quote(str(refusal))}")
    said = choices[0].get("finish_reason")
    finish = judge_finish(said, "finish_reason", repaired)
    repaired.echo = {key: value for key, value in message.items() if key not in _OURS and value is not None}
    text = _read_content(message, repaired)
    calls = _read_calls(message, repaired)
    if finish == "length":
        raise ReplyCutShort(TOO_LONG if text.strip() or not repaired.reasoning else ONLY_REASONING)
    if not calls:
        if said in ("tool_calls", "function_call"):
            raise MalformedReply("it stopped for a tool call that is not there")
        if not text.strip():
            empty = "the model's answer is empty" if "content" in message else "`content` is missing"
            raise ReplyCutShort(ONLY_REASONING) if repaired.reasoning else MalformedReply(empty)
    whole: JsonObject = {"role": "assistant", "content": text or None}
    if calls:
        whole["tool_calls"] = calls
    return _write(body, whole, "tool_calls" if calls else "stop")


def _write_blank(body: JsonObject) -> JsonObject:
    return _write(body, {"role": "assistant", "content": ""}, "stop")


def _write(body: JsonObject, message: JsonObject, finish: str) -> JsonObject:
    whole: JsonObject = {
        "id": read_text(body, "id"),
        "object": "chat.completion",
        "created": body["created"] if is_count(body.get("created")) else 0,
        "model": read_text(body, "model"),
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    if tier := read_text(body, "service_tier"):
        whole["service_tier"] = tier
    counts = read_counts(body.get("usage"), as_object(body.get("usage")))
    if counts:
        none: JsonObject = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        whole["usage"] = none | counts
    return whole


def _read_content(message: JsonObject, repaired: Repaired) -> str:
    """The text of the answer; reasoning is apart from it, wherever the server put it."""
    content: JsonValue = message.get("content")
    for name in _REASONING:
        if text := message.get(name):
            repaired.reasoning = text if isinstance(text, str) else repaired.reasoning
            break
    if isinstance(content, list):
        repaired.echo["content"] = content  # who writes parts wants parts back
        if any(not isinstance(part, dict) for part in content):
            raise MalformedReply("`content` is a list of something else than parts")
        thoughts = (part.get("thinking") for part in map(as_object, content))
        repaired.reasoning += "".join(text if isinstance(text, str) else join_text(text) for text in thoughts)
        return "".join(read_text(part, "text") for part in map(as_object, content) if part.get("type") != "thinking")
    if content is not None and not isinstance(content, str):
        raise MalformedReply("`content` is no text")
    found = _THOUGHT.match(content or "")
    if found is None:
        return content or ""
    repaired.echo["content"] = content
    repaired.reasoning += (found["inner"] or found["open"] or "").strip()
    return (content or "")[found.end() :]


def _read_calls(message: JsonObject, repaired: Repaired) -> list[JsonValue]:
    written = read_objects(message, "tool_calls") if message.get("tool_calls") else []
    if not written and isinstance(message.get("function_call"), dict):
        written = [{"function": message["function_call"]}]  # as servers wrote it before there were several
    used = set(repaired.used_ids)
    calls: list[JsonValue] = []
    extras: list[JsonValue] = []
    for number, call in enumerate(written):
        function = as_object(call.get("function"))
        name = read_text(function, "name")
        if not name:
            raise MalformedReply("a tool call has no name")
        calls.append(
            {
                "id": choose_id(call.get("id"), used, number),
                "type": "function",
                "function": {"name": name, "arguments": write_arguments(function.get("arguments"))},
            }
        )
        extras.append({key: value for key, value in call.items() if key not in _OF_A_CALL and value is not None})
    if any(extras):
        repaired.echo["tool_calls"] = extras
    return calls


def apply_echo(echo: JsonObject, message: JsonObject) -> None:
    """Puts what the server sent beside a message into the message that goes back to it."""
    message.update({key: value for key, value in echo.items() if key != "tool_calls"})
    for call, extra in zip(as_list(message.get("tool_calls")), as_list(echo.get("tool_calls")), strict=False):
        as_object(call).update(as_object(extra))


CHAT = Repairer(_repair, _write_blank)
