"""Replies that come as a stream of events, put together to the one that would have come at once."""

from collections.abc import Callable, Iterator

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, as_list, as_object, read_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.errors import MalformedReply
from agentmesh_dagster.providers.repair.repaired import read_text

_DONE = "[DONE]"
_CUT = "the stream broke off before the reply was whole"


def join_events(path: str, body: bytes, max_bytes: int) -> JsonObject:
    """The whole reply, or the first event that says it is an error; MalformedReply for a stream that broke off."""
    texts = list(_read_texts(body))
    events = [_read_event(text, max_bytes) for text in texts if text != _DONE]
    failed = next((event for event in events if event.get("error") or event.get("type") == "error"), None)
    if failed is not None and not isinstance(failed.get("response"), dict):
        return {"error": failed.get("error") or failed}
    return _JOINERS[path](events, texts[-1:] == [_DONE])


def _read_texts(body: bytes) -> Iterator[str]:
    """The data of each event."""
    lines: list[str] = []
    for line in [*body.decode("utf-8", "replace").splitlines(), ""]:
        name, _, value = line.partition(":")
        if name == "data":
            lines.append(value.removeprefix(" "))
        elif not line and lines:
            yield "\n".join(lines)
            lines = []


def _read_event(text: str, max_bytes: int) -> JsonObject:
    try:
        return as_object(read_json(text, max_bytes=max_bytes))
    except InvalidJson as error:
        raise MalformedReply(f"an event of its stream is not JSON ({error.reason})") from None


def _join_chat(events: list[JsonObject], is_done: bool) -> JsonObject:
    whole: JsonObject = {}
    message: JsonObject = {}
    calls: list[JsonObject] = []
    finish: JsonValue = None
    for event in events:
        whole |= {key: value for key, value in event.items() if value is not None and key != "choices"}
        for choice in map(as_object, as_list(event.get("choices"))[:1]):
            finish = choice.get("finish_reason") or finish
            delta = as_object(choice.get("delta"))
            for call in map(as_object, as_list(delta.pop("tool_calls", None))):
                _add_call(calls, call)
            _add(message, delta)
    if not finish and not is_done:
        raise MalformedReply(_CUT)
    if calls:
        message["tool_calls"] = [{key: part for key, part in call.items() if key != "index"} for call in calls]
    return {**whole, "choices": [{"index": 0, "message": {"content": None, **message}, "finish_reason": finish}]}


def _add_call(calls: list[JsonObject], delta: JsonObject) -> None:
    """A part of a call; where servers give every call the same index, a name or another id begins the next one."""
    index, call_id = delta.get("index"), delta.get("id")
    function = as_object(delta.get("function"))
    current = next((call for call in reversed(calls) if call.get("index") == index), None)
    if current is None or _begins_anew(current, call_id, function):
        calls.append({"index": index, "function": {}})
        current = calls[-1]
    rest = {key: value for key, value in delta.items() if key not in ("index", "id", "type", "function")}
    if call_id:
        current["id"] = call_id
    if function.get("name") == as_object(current["function"]).get("name"):
        function = {key: part for key, part in function.items() if key != "name"}  # said again with each part
    _add(as_object(current["function"]), function)
    _add(current, rest)


def _begins_anew(current: JsonObject, call_id: JsonValue, function: JsonObject) -> bool:
    if call_id and current.get("id") and call_id != current["id"]:
        return True
    if not function.get("name"):
        return False
    try:
        before = read_json(read_text(as_object(current["function"]), "arguments"))
    except InvalidJson:
        return False
    return isinstance(before, dict)  # the name again, and the arguments before it were whole


def _add(whole: JsonObject, delta: JsonObject) -> None:
    """Texts and lists grow, all else is what was said last."""
    for key, value in delta.items():
        before: JsonValue = whole.get(key)
        if value is None:
            continue
        if isinstance(value, str) and isinstance(before, str) and key != "role":
            whole[key] = before + value
        elif isinstance(value, list) and isinstance(before, list):
            whole[key] = [*before, *value]
        else:
            whole[key] = value


def _join_claude(events: list[JsonObject], _: bool) -> JsonObject:
    whole: JsonObject = {}
    blocks: dict[JsonValue, JsonObject] = {}
    inputs: dict[JsonValue, str] = {}
    for event in events:
        index, delta = event.get("index"), as_object(event.get("delta"))
        match event.get("type"):
            case "message_start":
                whole = as_object(event.get("message"))
            case "content_block_start":
                blocks[index] = as_object(event.get("content_block"))
            case "content_block_delta" if index in blocks and "partial_json" in delta:
                inputs[index] = inputs.get(index, "") + read_text(delta, "partial_json")
            case "content_block_delta" if index in blocks:
                _add(blocks[index], {key: part for key, part in delta.items() if key != "type"})
            case "message_delta":
                usage = as_object(whole.get("usage")) | as_object(event.get("usage"))
                whole |= {**delta, "usage": usage}
            case _:
                pass
    if not any(event.get("type") == "message_stop" for event in events):
        raise MalformedReply(_CUT)
    for index, text in inputs.items():
        try:
            blocks[index]["input"] = read_json(text) if text.strip() else {}
        except InvalidJson:
            blocks[index]["input"] = text
    return {**whole, "content": [*blocks.values()]}


def _join_responses(events: list[JsonObject], _: bool) -> JsonObject:
    ends = [as_object(event["response"]) for event in events if event.get("type") in _ENDS and event.get("response")]
    if not ends:
        raise MalformedReply(_CUT)
    if not ends[-1].get("output"):  # some servers leave out at the end what they told before
        done = [event["item"] for event in events if event.get("type") == "response.output_item.done"]
        return {**ends[-1], "output": done}
    return ends[-1]


_ENDS = ("response.completed", "response.incomplete", "response.failed")
_JOINERS: dict[str, Callable[[list[JsonObject], bool], JsonObject]] = {
    "completions": _join_chat,
    "messages": _join_claude,
    "responses": _join_responses,
}
