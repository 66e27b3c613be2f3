"""OpenAI's Responses API."""

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.errors import (
    MalformedReply,
    ProviderBroken,
    ProviderBusy,
    ReplyCutShort,
    ReplyWithheld,
    RequestRefused,
)
from agentmesh_dagster.providers.repair.repaired import (
    FILTERED,
    ONLY_REASONING,
    TOO_LONG,
    Repaired,
    Repairer,
    choose_id,
    is_count,
    read_counts,
    read_objects,
    read_text,
    write_arguments,
)


def _repair(body: JsonObject, repaired: Repaired) -> JsonObject:
    usage = as_object(body.get("usage"))
    repaired.is_counted = is_count(usage.get("input_tokens")) and is_count(usage.get("output_tokens"))
    _refuse_failed(body, repaired)
    output = [_repair_item(item) for item in read_objects(body, "output")]
    used = set(repaired.used_ids)
    calls = [item for item in output if item["type"] == "function_call"]
    for number, call in enumerate(calls):
        call["call_id"] = choose_id(call.get("call_id") or call.get("id"), used, number)
    parts = [part for item in output if item["type"] == "message" for part in map(as_object, as_list(item["content"]))]
    if refusal := next((part for part in parts if part.get("type") == "refusal"), None):
        raise ReplyWithheld(f"the model refused: {repaired.quote(read_text(refusal, 'refusal'))}")
    text = "".join(read_text(part, "text") for part in parts)
    has_thought = any(item["type"] == "reasoning" for item in output)
    status = read_text(body, "status")
    if status == "incomplete":
        reason = read_text(as_object(body.get("incomplete_details")), "reason")
        if reason == "content_filter":
            raise ReplyWithheld(FILTERED)
        raise ReplyCutShort(TOO_LONG if text.strip() or not has_thought else ONLY_REASONING)
    if status not in ("completed", ""):
        raise MalformedReply(f"it is not finished (status {repaired.quote(status)})")
    if not text.strip() and not calls:
        raise ReplyCutShort(ONLY_REASONING) if has_thought else MalformedReply("the model's answer is empty")
    return _write(body, [*output])


def _refuse_failed(body: JsonObject, repaired: Repaired) -> None:
    error = as_object(body.get("error"))
    if not error and read_text(body, "status") != "failed":
        return
    code = read_text(error, "code") or read_text(error, "type")
    words = repaired.quote(read_text(error, "message") or code or "no reason")
    if "rate_limit" in code:
        raise ProviderBusy(words)
    if code in ("", "server_error") or "unavailable" in code or "overloaded" in code:
        raise ProviderBroken(words)
    raise RequestRefused(f"{code}: {words}")


def _repair_item(item: JsonObject) -> JsonObject:
    kind = read_text(item, "type")
    if kind == "message":
        # A text without its lists is valid for people, and not for the library.
        parts = [{"annotations": [], **part} for part in map(as_object, as_list(item.get("content")))]
        return {"role": "assistant", "id": "", "status": "completed", **item, "content": parts}
    if kind == "function_call":
        if not read_text(item, "name"):
            raise MalformedReply("a tool call has no name")
        return {**item, "arguments": write_arguments(item.get("arguments"))}
    if kind == "reasoning":
        return {**item, "id": read_text(item, "id"), "summary": as_list(item.get("summary"))}
    return {**item, "type": kind}


def _write_blank(body: JsonObject) -> JsonObject:
    return _write({**body, "error": None, "status": "completed", "incomplete_details": None}, [])


def _write(body: JsonObject, output: list[JsonValue]) -> JsonObject:
    whole: JsonObject = {
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        **body,
        "id": read_text(body, "id"),
        "object": "response",
        "created_at": body["created_at"] if is_count(body.get("created_at")) else 0,
        "model": read_text(body, "model"),
        "status": "completed",
        "output": output,
    }
    counts = read_counts(whole.pop("usage", None), as_object(body.get("usage")))
    if counts:
        none: JsonObject = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        details: JsonObject = {
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        whole["usage"] = none | details | counts
    return whole


RESPONSES = Repairer(_repair, _write_blank, tells_errors=True)
