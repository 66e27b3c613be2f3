"""Text that matches a regular expression, for the expressions that people write in schemas."""

import re
from dataclasses import dataclass

from agentmesh_dagster.entities.patterns import InvalidPattern, compile_pattern

_CLASS_SAMPLES = {"d": "7", "w": "a", "s": " ", "D": "x", "W": "-", "S": "x"}
_GUESSES = ("a", "A", "1", "aa", "AA1", "abc", "ABC-1234", "a1", "123", "2026-01-15", "a@example.com", "")
_MOST_REPEATS = 1000
_LONGEST = 100_000  # characters


class _NotUnderstood(Exception):
    """The expression uses something that is left to luck."""


@dataclass
class _Reader:
    """A place in the expression."""

    pattern: str
    place: int = 0

    def peek(self) -> str:
        return self.pattern[self.place : self.place + 1]

    def take(self) -> str:
        character = self.peek()
        if not character:
            raise _NotUnderstood
        self.place += 1
        return character


def write_matching_text(pattern: str) -> str | None:
    """A short text that the expression accepts; None when none is found. `pattern` must compile."""
    try:
        reader = _Reader(pattern)
        candidate = _write_choice(reader)
        if reader.peek():
            raise _NotUnderstood
        candidates = [candidate]
    except _NotUnderstood:
        candidates = []
    candidates += _GUESSES
    return next((text for text in candidates if compile_pattern(pattern).search(text)), None)


def _write_choice(reader: _Reader) -> str:
    """The first alternative; the others are read and dropped."""
    chosen = _write_sequence(reader)
    while reader.peek() == "|":
        reader.take()
        _write_sequence(reader)
    return chosen


def _write_sequence(reader: _Reader) -> str:
    written = ""
    while reader.peek() not in ("", "|", ")"):
        atom = _write_atom(reader)
        repeats = _read_repeats(reader)
        if len(written) + len(atom) * repeats > _LONGEST:
            raise _NotUnderstood
        written += atom * repeats
    return written


def _write_atom(reader: _Reader) -> str:
    character = reader.take()
    if character in "^$":
        return ""
    if character == ".":
        return "a"
    if character == "[":
        return _write_class(reader)
    if character == "\\":
        return _write_escape(reader.take())
    if character == "(":
        if reader.peek() == "?":
            opening = re.compile(r"\?(:|P?<\w+>)").match(reader.pattern, reader.place)
            if opening is None:
                raise _NotUnderstood  # look-around, flags
            reader.place = opening.end()
        inner = _write_choice(reader)
        if reader.take() != ")":
            raise _NotUnderstood
        return inner
    return character


def _write_escape(character: str) -> str:
    if character in _CLASS_SAMPLES:
        return _CLASS_SAMPLES[character]
    if character in "bBAZ":
        return ""
    if character.isalnum():
        raise _NotUnderstood  # back-references, \x41, \p{L}
    return character


def _write_class(reader: _Reader) -> str:
    """One character of a class such as [A-Za-z0-9_]."""
    start = reader.place - 1
    reader.place += 1 if reader.peek() == "^" else 0
    reader.place += 1 if reader.peek() == "]" else 0
    while (character := reader.take()) != "]":
        if character == "\\":
            reader.take()
    try:
        members = compile_pattern(reader.pattern[start : reader.place])
    except InvalidPattern as error:
        raise _NotUnderstood from error
    likely = "aA7x0-_ ." + reader.pattern[start : reader.place] + "\xf1\u4e2d"
    for candidate in (*likely, *map(chr, range(33, 127))):
        if members.fullmatch(candidate):
            return candidate
    raise _NotUnderstood


def _read_repeats(reader: _Reader) -> int:
    character = reader.peek()
    if character and character in "*+?":
        reader.take()
        repeats = 1
    elif counted := re.compile(r"\{(\d+)(,(\d*))?\}").match(reader.pattern, reader.place):
        reader.place = counted.end()
        repeats = int(counted[1] or 0)
        if counted[2] and counted[3] != "0":
            repeats = max(repeats, 1)
    else:
        return 1
    if reader.peek() in ("?", "+"):
        reader.take()  # lazy, possessive: the same text matches
    return min(repeats, _MOST_REPEATS)
