"""Paths: an id may hold a slash, which then stands in an address as `%2F` and parts nothing."""

from urllib.parse import quote, unquote

from starlette.types import Scope

_STAND_IN = "\ue02f"  # for private use: nobody writes it


def keep_slashes(scope: Scope) -> Scope:
    """The scope with a path in which such slashes are not yet slashes; see `read_part`."""
    # Servers decode the path before anybody can tell one slash from the other.
    raw: bytes = scope.get("raw_path") or b""
    if scope["type"] != "http" or b"%2f" not in raw.lower():
        return scope
    text = raw.decode("latin-1")
    for slash in ("%2F", "%2f"):
        text = text.replace(slash, quote(_STAND_IN))
    return {**scope, "path": unquote(text)}


def read_part(part: str) -> str:
    """One part of a path as it was meant."""
    return part.replace(_STAND_IN, "/")
