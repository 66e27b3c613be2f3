"""The words and signs of an expression."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, NoReturn

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.graph.expressions.faults import ExpressionFault

MAX_CHARACTERS = 1_000
LONGEST_QUOTE = 30  # characters of the source that a fault repeats


# A NamedTuple, as a parse makes hundreds of them and must refuse what is too long within a millisecond.
class Token(NamedTuple):
    """One word, sign or literal; `and`, `in` and `true` are names too, as after a dot they are fields."""

    kind: str  # "number", "text", "name", "end", or the sign itself
    source: str  # as written; "" at the end
    column: int  # 1-based
    value: JsonValue = None  # of a number or a text


# Possessive quantifiers: a text that is not closed must not be tried twice.
_TOKEN = re.compile(
    r"""
    [ \t\r\n\f]*+ (?:
      (?P<name>   [^\W\d] \w*+ )
    | (?P<number> (?: [0-9]++ (?:\.[0-9]++)? | \.[0-9]++ ) (?:[eE][+-]?[0-9]++)? )
    | (?P<text>   " (?: [^"\\\r\n] | \\. )* " | ' (?: [^'\\\r\n] | \\. )* ' )
    | (?P<sign>   == | != | <= | >= | && | \|\| | [-+*/%<>!()\[\],.?:] )
    | (?P<end>    \Z )
    | (?P<unknown> . )
    )
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"""\\(?: (?P<short>[abfnrtv\\'"`?]) | [xX](?P<byte>[0-9a-fA-F]{2}) | u(?P<four>[0-9a-fA-F]{4})
            | U(?P<eight>[0-9a-fA-F]{8}) | (?P<octal>[0-3][0-7]{2}) | (?P<unknown>.) )""",
    re.VERBOSE,
)
_SHORT_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NOT_STORED = re.compile("[\x00\ud800-\udfff]")

_HINTS = {
    "=": "use == to compare",
    "&": "use && for and",
    "|": "use || for or",
    "{": "an object cannot be written here",
    "~": "there are no regular expressions",
    "“": 'use " for text',
    "”": 'use " for text',
    "\u2018": "use ' for text",  # curly single quotes
    "\u2019": "use ' for text",
}


def read_tokens(source: object, first_column: int) -> Iterator[Token]:
    """The tokens of `source`, with END last; raises ExpressionFault where a word or sign cannot be read."""
    text = _check_source(source, first_column)
    place = 0
    while found := _TOKEN.match(text, place):
        kind = str(found.lastgroup)
        word, column = found[kind], found.start(kind) + first_column
        yield Token(word, word, column) if kind == "sign" else _READERS[kind](word, column)
        if kind == "end":
            return
        place = found.end()


def quote(text: str) -> str:
    """A piece of the author's source for a fault: short, and visible."""
    shown = text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…"
    return f"'{shown}'" if shown.isprintable() else " ".join(f"U+{ord(character):04X}" for character in shown[:3])


def _check_source(source: object, first_column: int) -> str:
    if not isinstance(source, str):
        raise ExpressionFault(f"an expression is text, not {type(source).__name__}")
    if len(source) > MAX_CHARACTERS:
        raise ExpressionFault(f"the expression has {len(source):,} characters; at most {MAX_CHARACTERS:,}")
    if found := _NOT_STORED.search(source):
        raise ExpressionFault(f"unexpected {quote(found.group())}", found.start() + first_column)
    return source


def _read_name(word: str, column: int) -> Token:
    return Token("name", word, column)


def _read_end(word: str, column: int) -> Token:
    return Token("end", word, column)


def _read_unknown(character: str, column: int) -> NoReturn:
    if character in "\"'":
        raise ExpressionFault(f"the text that starts here has no closing {character}", column)
    hint = _HINTS.get(character)
    raise ExpressionFault(f"unexpected {quote(character)}" + (f": {hint}" if hint else ""), column)


def _read_number(word: str, column: int) -> Token:
    number = int(word) if word.isdecimal() else float(word)
    if isinstance(number, float) and not math.isfinite(number):
        raise ExpressionFault("the number is too large", column)
    return Token("number", word, column, number)


def _read_text(word: str, column: int) -> Token:
    inner = word[1:-1]
    if "\\" in inner:
        inner = _ESCAPE.sub(lambda found: _read_escape(found, column + 1 + found.start()), inner)
    return Token("text", word, column, inner)


def _read_escape(found: re.Match[str], column: int) -> str:
    kind, digits = str(found.lastgroup), found.group(str(found.lastgroup))
    if kind == "short":
        return _SHORT_ESCAPES.get(digits, digits)
    if kind == "unknown":
        raise ExpressionFault(f"unknown escape {quote(found.group())}: write \\\\ for a backslash", column)
    code = int(digits, 8 if kind == "octal" else 16)
    if code > 0x10FFFF or _NOT_STORED.match(chr(code)):
        raise ExpressionFault(f"{quote(found.group())} is not a character that can be stored", column)
    return chr(code)


_READERS: Mapping[str, Callable[[str, int], Token]] = {
    "name": _read_name,
    "number": _read_number,
    "text": _read_text,
    "end": _read_end,
    "unknown": _read_unknown,
}
