"""What a step says of its work while it does it: the events that it records, as lines for people.

A line is made from what the event holds and nothing else, so what is kept out of events is kept out of logs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from agentmesh_dagster.entities.json_values import JsonValue, as_object, write_json
from agentmesh_dagster.entities.models import EventType

_SHOWN_CHARACTERS = 2_000  # of each value

Say = Callable[[str], None]
Payload = Mapping[str, JsonValue]


class StepLog:
    """Turns the events of one attempt into lines; safe to call from several threads."""

    def __init__(self, say: Say, whole: str) -> None:
        """`whole` says where what is cut stands in full."""
        self._say = say
        self._whole = whole
        self._asked: dict[str, Payload] = {}  # tool calls without an answer yet, by idempotency key

    def add(self, event_type: EventType, payload: Payload) -> None:
        """Says what has happened, if it is something that a step's log tells."""
        match event_type:
            case EventType.AGENT_REQUEST:
                self._say(self._describe_request(payload))
            case EventType.AGENT_RESPONSE:
                self._say(self._describe_reply(payload))
            case EventType.TOOL_REQUEST:
                self._asked[str(payload["idempotencyKey"])] = payload
            case EventType.TOOL_RESPONSE:
                asked = self._asked.pop(str(payload["idempotencyKey"]), {})
                self._say(self._describe_use(asked, payload))
                for note in cast("Sequence[str]", payload.get("notes") or ()):
                    self._say(note)
            case _:
                pass

    def retry(self, fault: str, delay_seconds: float) -> None:
        """A model call failed and is made again."""
        self._say(f"The model call failed: {self._cut(fault)}\nIt is made again in {delay_seconds:.1f} s.")

    def close(self) -> None:
        """Says which calls had no answer when the attempt ended."""
        for asked in self._asked.values():
            self._say(f"Tool {asked['tool']} was called with {self._cut(asked.get('input'))} and had not answered yet.")
        self._asked.clear()

    def _describe_request(self, payload: Payload) -> str:
        about = f"Asks {payload['provider']}/{payload['model']}"
        if tools := cast("Sequence[str]", payload.get("tools")):
            about += f", with the tools {', '.join(tools)}"
        messages = cast("Sequence[Mapping[str, Any]]", payload.get("messages") or ())
        # What tools gave stands in their own lines, and what the model said before in its.
        asked = [message for message in messages if message["role"] in ("system", "user")]
        lines = [f"{message['role']}: {self._cut(message['text'])}" for message in asked]
        asks = "\n".join([f"{about}:" if lines else f"{about}, with the results of its tool calls.", *lines])
        if replayed := payload.get("replayed"):
            return f"Goes on from an earlier attempt: {replayed} replies and results of tools are taken over.\n{asks}"
        return asks

    def _describe_reply(self, payload: Payload) -> str:
        usage = as_object(payload.get("usage"))
        spent = f"{usage.get('inputTokens', 0)} tokens in, {usage.get('outputTokens', 0)} out"
        if (cost := usage.get("costUsd")) is not None:
            spent += f", {cost} USD"
        did = "did not answer" if payload.get("error") else "replied"
        lines = [f"{payload['model']} {did} in {payload['seconds']} s ({spent}):"]
        if payload.get("error"):
            lines.append(self._cut(payload["error"]))
        if payload.get("text"):
            lines.append(self._cut(payload["text"]))
        calls = cast("Sequence[Mapping[str, JsonValue]]", payload.get("toolCalls") or ())
        lines += [f"calls {call['name']} with {self._cut(call['arguments'])}" for call in calls]
        return "\n".join(lines)

    def _describe_use(self, asked: Payload, payload: Payload) -> str:
        seconds = f" in {payload['seconds']} s" if "seconds" in payload else ""
        about = f"Tool {payload['tool']}, called with {self._cut(asked.get('input'))},"
        if "error" in payload:
            return f"{about} failed{seconds}: {self._cut(payload['error'])}"
        return f"{about} gave{seconds}: {self._cut(payload.get('output'))}"

    def _cut(self, value: JsonValue) -> str:
        text = value if isinstance(value, str) else write_json(value)
        if len(text) <= _SHOWN_CHARACTERS:
            return text
        return f"{text[:_SHOWN_CHARACTERS]}… ({len(text):,} characters; the whole: {self._whole})"
