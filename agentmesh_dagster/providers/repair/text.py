"""The bytes of a reply, before they are JSON."""

import re

from agentmesh_dagster.providers.repair.repaired import Repaired

_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_NO_TEXT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})")


def repair_text(body: bytes, repaired: Repaired) -> bytes:
    """The JSON text with U+FFFD for each NUL and each half of a surrogate pair, which no text may hold; and no BOM."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if _NO_TEXT.search(body) is None:
        return body
    count = 0

    def replace(match: re.Match[bytes]) -> bytes:
        nonlocal count
        if _NO_TEXT.fullmatch(match[0]) is None:
            return match[0]
        count += 1
        return b"\\ufffd"

    body = _ESCAPE.sub(replace, body)
    if count:
        repaired.notes.append(f"{count} characters of the reply that no text may hold were replaced")
    return body
