"""Names that Dagster accepts, made from text of any script and length."""

import hashlib
import keyword
import re
import unicodedata
from collections.abc import Container
from functools import lru_cache

# Dagster refuses these as names of ops, jobs and outputs (dagster._core.definitions.utils.DISALLOWED_NAMES).
_REFUSED = {"input", "output", "type", "config", "conf", "context", "meta", "dict", "int", "str", "float", "bool"} | {
    "arg_dict",
    "input_arg_dict",
    "output_arg_dict",
}
_MAX_LENGTH = 80


def safe_name(text: str, taken: Container[str] = ()) -> str:
    """A name for `text` of `[A-Za-z0-9_]` only, at most 100 characters, that is not in `taken`.

    Equal text and equal `taken` give an equal name. The way back is a kept map, never the name itself.
    """
    return _first_free(_clean(text), taken)


@lru_cache(maxsize=1024)  # each round of a loop has the same names
def _clean(text: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9_]+", ascii_text)
    name = "_".join(words)
    if not name.strip("_") or _is_mostly_lost(text, name):
        name = f"{name.strip('_')}_{_digest(text)}".lstrip("_") if name.strip("_") else f"n_{_digest(text)}"
    if len(name) > _MAX_LENGTH:
        name = f"{name[:_MAX_LENGTH].rstrip('_')}_{_digest(text)}"
    if keyword.iskeyword(name) or name in _REFUSED:
        name = f"{name}_"
    return name


def _is_mostly_lost(text: str, name: str) -> bool:
    letters = sum(character.isalnum() for character in text)
    return letters > 2 * sum(character.isalnum() for character in name)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _first_free(name: str, taken: Container[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
