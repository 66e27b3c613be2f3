"""What the offline model finds in a text: its first sentence, its key words, numbers and addresses."""

import re
from collections import Counter

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, as_list, as_object, read_json
from agentmesh_dagster.entities.patterns import compile_pattern

# The escapes are the full stops, exclamation and question marks of Chinese and Japanese.
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n|(?<=[\u3002\uff01\uff1f])")
_WORD = re.compile(r"[^\W\d_](?:[\w'\u2019-]*\w)?")
_COMMON_WORDS = """
    about after again also been before being both cannot could does doing done each every from have
    having here into just like make many more most much must need only other ours over please same
    should since some such than that their them then there these they this those through under until
    very want well were what when where which while will with without would write your yours the and for
    are but not you all any can had her was one our out has him his how its may new now see two way who
    did get let say she too use
"""
_COMMON = frozenset(_COMMON_WORDS.split())
# Possessive, and begun only where a word begins: each must take linear time.
_FINDERS = {
    "integer": re.compile(r"(?<![\w.-])-?\d{1,15}(?![\w-]|[.,]\d)"),
    "number": re.compile(r"(?<![\w.-])-?\d{1,15}(?:\.\d{1,15})?(?![\w-]|[.,]\d)"),
    "email": re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+"),
    "url": re.compile(r"https?://[^\s\"'<>)\]}]+[^\s\"'<>)\]}.,;:!?]"),
    "date": re.compile(r"\b\d{4}-\d{2}-\d{2}\b"),
    "arithmetic": re.compile(r"(?:(?<![-(])[-(]++|(?<![-(\d.]))\d++(?:\.\d+)?(?:\s*[-+*/%]\s*[-(]*\d+(?:\.\d+)?\)*)+"),
}


def read_prompt(text: str) -> tuple[str, JsonValue]:
    """The prose of a prompt, and its value when the prompt is JSON: then the prose is its longest text."""
    try:
        value = read_json(text)
    except InvalidJson:
        return text, None
    texts = list(_walk_texts(value))
    return (max(texts, key=len) if texts else text), value


def _walk_texts(value: JsonValue) -> list[str]:
    # Canonical JSON is at most 200 deep, so plain recursion will do.
    if isinstance(value, str):
        return [value]
    parts = [*as_object(value).values(), *as_list(value)]
    return [text for part in parts for text in _walk_texts(part)]


def find_first_sentence(text: str, longest: int = 200) -> str:
    """The first sentence on one line, cut at a word when it is longer than `longest` characters."""
    sentence = " ".join(_SENTENCE_END.split(text.strip(), maxsplit=1)[0].split())
    if len(sentence) <= longest:
        return sentence
    return sentence[: longest - 1].rsplit(" ", 1)[0] + "…"


def find_key_words(text: str, count: int = 5) -> list[str]:
    """The words that stand out, the most frequent first, in lower case."""
    words = [word.lower() for word in _WORD.findall(text[:20_000])]
    telling = [word for word in words if len(word) > 3 and word not in _COMMON]
    return [word for word, _ in Counter(telling or words).most_common(count)]


def find_in_text(kind: str, text: str) -> str | None:
    """The first integer, number, email, url, date or arithmetic in a text."""
    match = _FINDERS[kind].search(text[:20_000])
    return match.group().strip() if match else None


def find_matching_token(pattern: str, text: str) -> str | None:
    """The first word of the text, without punctuation around it, that a regular expression accepts."""
    for token in text[:20_000].split():
        word = token.strip(".,;:!?()[]{}\"'")
        if 0 < len(word) <= 100 and compile_pattern(pattern).search(word):
            return word
    return None
