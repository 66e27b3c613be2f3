"""What repairing a reply found beside the reply itself, and what all three APIs need for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object, write_json
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.errors import MalformedReply, ReplyCutShort, ReplyWithheld

TOO_LONG = "its answer reached the token limit; raise maxTokens, or ask for less"
ONLY_REASONING = (
    "all that it wrote is reasoning, and no answer came; raise maxTokens, lower the reasoning effort, or ask for less"
)
FILTERED = "the provider's content filter stopped the answer; change the prompt"


def _as_it_is(text: str) -> str:
    return text


@dataclass
class Repaired:
    """What one reply brought that has no place in the shape it was given."""

    used_ids: frozenset[str] = frozenset()  # of the tool calls before it
    quote: Callable[[str], str] = _as_it_is  # the provider's own words, as an error may show them
    reasoning: str = ""  # that stood where the SDK does not look
    echo: JsonObject = field(default_factory=dict[str, JsonValue])  # goes back beside the message in the next round
    notes: list[str] = field(default_factory=list[str])  # what was changed, in words
    is_counted: bool = False  # the reply says how many tokens were used


@dataclass(frozen=True)
class Repairer:
    """How the replies of one API are repaired."""

    repair: Callable[[JsonObject, Repaired], JsonObject]  # a ProviderError: it is a reply, and no answer
    write_blank: Callable[[JsonObject], JsonObject]  # a reply without an answer that has the tokens of this one
    tells_errors: bool = False  # `error` in a reply with status 200 is part of its shape


def read_objects(fields: JsonObject, key: str) -> list[JsonObject]:
    """The objects in the list at `key`; MalformedReply when it is something else."""
    value: JsonValue = fields.get(key)
    found = [item for item in as_list(value) if isinstance(item, dict)]
    if not isinstance(value, list) or len(found) < len(value):
        raise MalformedReply(f"`{key}` is missing or no list of objects")
    return found


def read_text(fields: JsonObject, key: str) -> str:
    """The text at `key`, "" for anything else."""
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def read_counts(usage: object, names: Iterable[str]) -> JsonObject:
    """What a `usage` counts under these names and, in objects of it, under any."""
    counts: JsonObject = {}
    for name, value in as_object(usage).items():
        if name in names and is_count(value):
            counts[name] = value
        elif isinstance(value, dict):
            counts[name] = {key: count for key, count in value.items() if is_count(count)}
    return counts


def is_count(value: JsonValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def join_text(parts: JsonValue) -> str:
    """The text of a list of content parts, in their order; "" for what is no such list."""
    return "".join(read_text(part, "text") for part in map(as_object, as_list(parts)))


def write_arguments(arguments: JsonValue) -> str:
    """The arguments of a call as the text that OpenAI's APIs have for them."""
    if isinstance(arguments, str):
        return arguments if arguments.strip() else "{}"
    return "{}" if arguments is None else write_json(arguments)


def choose_id(wanted: JsonValue, used: set[str], number: int) -> str:
    """An id that no call of the conversation has: the provider's own where it can be."""
    name = str(wanted) if isinstance(wanted, str | int) and wanted != "" else f"call_{number}"
    chosen, count = name, 1
    while chosen in used:
        count += 1
        chosen = f"{name}_{count}"
    used.add(chosen)
    return chosen


def judge_finish(reason: JsonValue, name: str, repaired: Repaired) -> str:
    """`stop` or `length`, or else a ProviderError for a reason that says there is no answer."""
    word = str(reason or "none").strip().lower()
    if word in _DONE:
        return "stop"
    if word in _CUT:
        return "length"
    if word in _WITHHELD:
        raise ReplyWithheld(FILTERED)
    if word == "model_context_window_exceeded":
        raise ReplyCutShort("the conversation fills the model's context window; send less")
    raise MalformedReply(f"it is not finished ({name} {repaired.quote(write_json(reason))})")


# Servers have many words for the same: what they say is taken, what nobody says is refused.
_DONE_WORDS = """
    stop end end_turn eos eos_token stop_sequence stop_token complete completed done finish finished normal
    tool_call tool_calls tool_use function_call function_calls none null
"""
_CUT_WORDS = "length max_tokens max_output_tokens max_completion_tokens token_limit"
_WITHHELD_WORDS = """
    content_filter content_filtered safety refusal blocklist prohibited_content spii recitation guardrail_intervened
"""
_DONE, _CUT, _WITHHELD = ({*words.split()} for words in (_DONE_WORDS, _CUT_WORDS, _WITHHELD_WORDS))
