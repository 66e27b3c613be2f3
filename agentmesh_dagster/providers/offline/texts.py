"""Texts that fit a JSON Schema's string keywords, made from what a prompt says."""

import re
from dataclasses import dataclass
from hashlib import sha256

from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.providers.offline.patterns import write_matching_text
from agentmesh_dagster.providers.offline.words import find_in_text, find_key_words, find_matching_token

_LONGEST = 100_000  # characters
_FILLER = "offline "
_SHORT_NAMES = frozenset(("category", "headline", "label", "name", "subject", "tag", "theme", "title", "topic"))
# What a field's name or format asks for, where to look in the prompt, and what to say otherwise.
_KINDS = {
    "email": ("email", "someone@example.com"),
    "idn-email": ("email", "someone@example.com"),
    "uri": ("url", "https://example.com/"),
    "url": ("url", "https://example.com/"),
    "date": ("date", "2026-01-15"),
    "expression": ("arithmetic", "1 + 1"),
    "formula": ("arithmetic", "1 + 1"),
}
_FORMATS = {
    "date-time": "2026-01-15T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri-reference": "/",
}


@dataclass(frozen=True)
class Hints:
    """What the values are made from."""

    text: str  # the prose of the prompt
    sentence: str  # what a text field says
    fields: JsonObject  # values by name, taken where they fit
    seed: str

    def find_number(self, kind: str) -> float | int | None:
        """The first number, or the first integer, of the prompt."""
        found = find_in_text(kind, self.text)
        if found is None:
            return None
        return float(found) if "." in found else int(found)


def write_text(flat: JsonObject, hints: Hints, path: tuple[str | int, ...], *, plain: bool) -> str:
    """A text for the field at `path`; `plain` leaves the prompt aside, where it does not lead to a fit."""
    least, most = min(flat.get("minLength", 0), _LONGEST), flat.get("maxLength")
    if pattern := flat.get("pattern"):
        said = None if plain else find_matching_token(pattern, hints.text)
        text = said or write_matching_text(pattern) or ""
        # More of its last character often still matches.
        return text + text[-1:] * (least - len(text))
    text = _write_format(flat.get("format", ""), hints) or ("" if plain else _write_meaning(hints, path))
    if len(text) < least or not text:
        text = (text + " " + _FILLER * (least // len(_FILLER) + 1))[: max(least, len(text) + 8)].strip()
        text = text.ljust(least, ".")
    if most is not None and len(text) > most:
        cut = text[:most]
        text = cut.rsplit(" ", 1)[0] if " " in cut and len(cut.rsplit(" ", 1)[0]) >= least else cut
    return text


def _write_format(name: str, hints: Hints) -> str | None:
    if name in _KINDS:
        kind, otherwise = _KINDS[name]
        return find_in_text(kind, hints.text) or otherwise
    if name == "uuid":
        digest = sha256(hints.seed.encode()).hexdigest()
        return re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12}).*", r"\1-\2-\3-\4-\5", digest)
    return _FORMATS.get(name)


def _write_meaning(hints: Hints, path: tuple[str | int, ...]) -> str:
    if path and isinstance(path[-1], int):
        words = find_key_words(hints.text, count=path[-1] + 1)
        return words[path[-1]] if path[-1] < len(words) else f"item {path[-1] + 1}"
    name = str(path[-1]).lower() if path else ""
    if name in _KINDS:
        return _write_format(name, hints) or ""
    if name in _SHORT_NAMES:
        return " ".join(find_key_words(hints.text, count=3)).capitalize()
    return hints.sentence
