"""Anthropic's Messages API."""

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.errors import MalformedReply, ReplyCutShort, ReplyWithheld
from agentmesh_dagster.providers.repair.repaired import (
    ONLY_REASONING,
    TOO_LONG,
    Repaired,
    Repairer,
    choose_id,
    is_count,
    judge_finish,
    read_counts,
    read_objects,
    read_text,
    write_arguments,
)

# The blocks that the library reads; of others it makes a TypeError.
_READ = frozenset(["text", "thinking", "redacted_thinking", "tool_use"])


def _repair(body: JsonObject, repaired: Repaired) -> JsonObject:
    usage = as_object(body.get("usage"))
    repaired.is_counted = is_count(usage.get("input_tokens")) and is_count(usage.get("output_tokens"))
    if body.get("type") != "message" or body.get("role") != "assistant":
        raise MalformedReply("it is no assistant message")
    stop = body.get("stop_reason")
    if not stop or stop in ("none", "null"):
        raise MalformedReply(f"it is not finished (stop_reason {stop or 'null'})")
    if stop == "refusal":
        raise ReplyWithheld("the model refused; change the prompt")
    finish = judge_finish(stop, "stop_reason", repaired)
    content = [_repair_block(block) for block in read_objects(body, "content")]
    used = set(repaired.used_ids)
    for number, block in enumerate(block for block in content if block["type"] == "tool_use"):
        block["id"] = choose_id(block.get("id"), used, number)
    text = "".join(read_text(block, "text") for block in content if block["type"] == "text")
    has_thought = any("thinking" in str(block["type"]) for block in content)
    has_called = any(block["type"] == "tool_use" for block in content)
    if finish == "length":
        raise ReplyCutShort(TOO_LONG if text.strip() or not has_thought else ONLY_REASONING)
    if not has_called:
        if stop == "tool_use":
            raise MalformedReply("it stopped for a tool call that is not there")
        if not text.strip():
            raise ReplyCutShort(ONLY_REASONING) if has_thought else MalformedReply("the model's answer is empty")
    if unread := sorted({str(block["type"]) for block in content} - _READ):
        repaired.echo = {"content": [*content]}
        repaired.notes.append(f"blocks of the kinds {', '.join(unread)} are not read")
    kept: list[JsonValue] = [block for block in content if block["type"] in _READ]
    return _write(body, kept, "tool_use" if has_called else "end_turn")


def _repair_block(block: JsonObject) -> JsonObject:
    kind = read_text(block, "type")
    if kind == "text" and not isinstance(block.get("text"), str):
        raise MalformedReply("`text` is missing or no text")
    if kind == "tool_use":
        if not read_text(block, "name"):
            raise MalformedReply("a tool call has no name")
        given = block.get("input")
        # What is no object stays as its text: the call is told why it cannot be made.
        return {**block, "input": given if isinstance(given, dict) else write_arguments(given)}
    if kind == "thinking":
        return {"thinking": "", "signature": "", **block}
    return {**block, "type": kind}


def _write_blank(body: JsonObject) -> JsonObject:
    return _write(body, [], "end_turn")


def _write(body: JsonObject, content: list[JsonValue], stop: str) -> JsonObject:
    none: JsonObject = {"input_tokens": 0, "output_tokens": 0}
    return {
        "id": read_text(body, "id"),
        "type": "message",
        "role": "assistant",
        "model": read_text(body, "model"),
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": none | read_counts(body.get("usage"), as_object(body.get("usage"))),
    }


CLAUDE = Repairer(_repair, _write_blank)
