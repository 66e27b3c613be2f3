"""Text as a sentence names it."""

from collections.abc import Collection
from itertools import islice

_SHOWN = 8


def shorten(text: str, length: int = 60) -> str:
    """`text` as it fits into a sentence."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def quote(text: str) -> str:
    """`text` as a sentence names it."""
    return f"`{shorten(text)}`"


def join_names(names: Collection[str], last: str = "and") -> str:
    """`a`, `b` and `c`; the first few of many."""
    shown = [quote(name) for name in islice(names, _SHOWN)]
    if len(names) > _SHOWN:
        return f"{', '.join(shown)} and {len(names) - _SHOWN:,} more"
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}" if len(shown) > 1 else "".join(shown)


def escape_markdown(text: str) -> str:
    """`text` as Markdown shows it as it is, between other words."""
    return text.replace("*", "\\*").replace("<", "&lt;")
