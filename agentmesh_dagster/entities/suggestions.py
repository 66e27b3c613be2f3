"""What an author may have meant by a name that does not exist."""

import difflib
from collections.abc import Collection

from agentmesh_dagster.entities.text import join_names

_COMPARED = 20  # comparing costs time that grows with the lengths of both names
_LONGEST_COMPARED = 60  # characters


def with_hint(statement: str, word: str, known: Collection[str]) -> str:
    """`statement` as a sentence that also says what `word` may have meant, or what there is."""
    if nearest := find_nearest(word, known):
        return f"{statement}: did you mean `{nearest}`?"
    return f"{statement}: known are {join_names(known)}." if known else f"{statement}."


def find_nearest(word: str, known: Collection[str]) -> str | None:
    """The known name that looks most like `word`; None where none is near. Linear in the number of names."""
    folded = _fold(word)
    if not folded or len(word) > _LONGEST_COMPARED:
        return None
    candidates: list[str] = []
    for name in known:
        if _fold(name) == folded:
            return name
        if len(candidates) < _COMPARED and _may_be_near(word, name):
            candidates.append(name)
    return next(iter(difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)), None)


def _fold(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").casefold()


def _may_be_near(word: str, name: str) -> bool:
    if abs(len(word) - len(name)) > max(2, len(word) // 2) or not name:
        return False
    return word[0].casefold() == name[0].casefold() or word[-1] == name[-1]
