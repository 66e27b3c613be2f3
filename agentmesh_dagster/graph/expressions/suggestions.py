"""What to write instead: the hints in faults about unexpected tokens and unknown names."""

import difflib
from collections.abc import Mapping, Sequence

from agentmesh_dagster.graph.expressions.faults import ExpressionFault
from agentmesh_dagster.graph.expressions.tokens import Token, quote

CONTEXT_FIELDS = ("input", "last_output", "outputs", "item", "index", "run")

_LONGEST_COMPARED = 30  # characters; comparing names takes time that grows with their length
_UNEXPECTED_HINTS: Mapping[str, str] = {
    "if": "write condition ? a : b",
    "is": "use == to compare",
    "not": "write !(a in b)",
    "?": "put ( ) around a choice inside a choice",
}
_UNKNOWN_HINTS: Mapping[str, str] = {
    "undefined": "write null",
    "nil": "write null",
    "TRUE": "write true",
    "FALSE": "write false",
}
_FUNCTION_HINTS: Mapping[str, str] = {
    "len": "use size(x)",
    "length": "use size(x)",
    "count": "use size(x)",
    "includes": "use .contains(x) on text, x in list on a list",
    "matches": "there are no regular expressions: use .contains(x)",
    **dict.fromkeys(
        ("all", "exists", "exists_one", "filter", "map"), "there are no loops: use a branch with mode each"
    ),
}


def explain_unexpected(token: Token, before: Token | None, expected: str = "") -> ExpressionFault:
    """The fault for a token that cannot stand where it does; `before` is the one in front of it."""
    if token.kind == "end":
        return ExpressionFault("the expression ends too early", token.column)
    # A text of the author's may be long or private: its kind says enough.
    what = "text" if token.kind == "text" else quote(token.source)
    if expected:
        return ExpressionFault(f"unexpected {what}: here stands {expected}", token.column)
    hint = _UNEXPECTED_HINTS.get(token.source, "")
    if not hint and before is not None and before.kind == "name":
        hint = _explain_after_name(token)
    return ExpressionFault(f"unexpected {what}" + (f": {hint}" if hint else ""), token.column)


def _explain_after_name(token: Token) -> str:
    if token.kind == "name":
        return 'a field with a space is written ["two words"]'
    if token.kind == "number" and token.source.startswith("."):
        return "an item is written [0]"
    return ""


def explain_unknown_name(name: Token, before: Token | None) -> ExpressionFault:
    """The fault for a name that is neither `context` nor a constant."""
    return ExpressionFault(f"unknown name {quote(name.source)}: {_suggest_name(name, before)}", name.column)


def _suggest_name(name: Token, before: Token | None) -> str:
    if name.source in _UNKNOWN_HINTS:
        return _UNKNOWN_HINTS[name.source]
    if before is not None and before.kind == "-" and before.column + 1 == name.column:
        return 'a field with a dash is written ["my-field"]'
    nearest = _find_nearest(name.source, ("context", *CONTEXT_FIELDS))
    if nearest == "context":
        return "write context"
    if nearest:
        return f"write context.{nearest}"
    return "values start with context, and text stands in quotes"


def explain_unknown_function(name: Token, known: Sequence[str], dot: str) -> ExpressionFault:
    """The fault for a call of something that is no function; `dot` is "." for calls on a value."""
    hint = _FUNCTION_HINTS.get(name.source)
    if hint is None:
        nearest = _find_nearest(name.source, known)
        hint = f"write {dot}{nearest}()" if nearest else "known are " + ", ".join(f"{dot}{word}()" for word in known)
    return ExpressionFault(f"unknown function {quote(name.source)}: {hint}", name.column)


def _find_nearest(word: str, known: Sequence[str]) -> str:
    if len(word) > _LONGEST_COMPARED:
        return ""
    return next(iter(difflib.get_close_matches(word, known, n=1)), "")
