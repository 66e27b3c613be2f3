"""What a server's answer means as JSON."""

import re
from collections.abc import Mapping

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, read_json

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_JSON_TYPE = re.compile(r"(application|text)/([\w.+-]+\+)?json")
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
# Python knows more codecs than these, and some of them are slow or no encodings of text at all.
_KNOWN_CHARSET = re.compile(
    r"utf-?8|utf-?16(le|be)?|(us-)?ascii|iso-8859-\d+|latin-?1|windows-125\d|cp125\d|koi8-[ru]"
    r"|shift_jis|euc-jp|iso-2022-jp|euc-kr|gb2312|gbk|gb18030|big5",
    re.IGNORECASE,
)


def read_response(body: bytes, content_type: str, max_bytes: int) -> JsonValue:
    """The JSON that a server sent, else its text as `{"text": …}`.

    An answer that calls itself JSON must be canonical JSON, else InvalidJson. Any other is JSON when it
    reads as an object or a list.
    """
    body = body.removeprefix(_BYTE_ORDER_MARK)
    media_type = content_type.partition(";")[0].strip().lower()
    if _JSON_TYPE.fullmatch(media_type) and body.strip():
        return read_json(body, max_bytes=max_bytes)
    if body.lstrip()[:1] in (b"{", b"["):
        try:
            return read_json(body, max_bytes=max_bytes)
        except InvalidJson:
            pass  # it only looked like JSON, and it did not claim to be any
    return {"text": decode_text(body, {"content-type": content_type})}


def decode_text(body: bytes, headers: Mapping[str, str]) -> str:
    """`body` as text that can be stored: what its charset does not know, and `\\u0000`, becomes `\\ufffd`."""
    charset = _CHARSET.search(headers.get("content-type", ""))
    known = charset and _KNOWN_CHARSET.fullmatch(charset[1])
    text = body.decode(known[0] if known else "utf-8", errors="replace")
    return text.replace("\x00", "\ufffd")
