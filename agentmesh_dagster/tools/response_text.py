"""What a server's answer means as JSON."""

import mimetypes
import re
from collections.abc import Mapping
from email.message import Message

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, read_json

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_JSON_TYPE = re.compile(r"(application|text)/([\w.+-]+\+)?json")
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_TEXT_TYPE = re.compile(
    r"text/.*|.*\+(json|xml)|.*/xml|application/(json|javascript|ecmascript|x-www-form-urlencoded|yaml|x-yaml|x-ndjson)"
)
_FILE_TYPE = re.compile(r"(image|audio|video|font)/.*|application/(pdf|zip|gzip|x-tar|vnd\..*)")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
_LONGEST_NAME = 200
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


def is_file(body: bytes, content_type: str) -> bool:
    """Whether an answer is no text: by what it calls itself, and where that says nothing, by its bytes."""
    media_type = content_type.partition(";")[0].strip().lower()
    if not body or _TEXT_TYPE.fullmatch(media_type):
        return False
    if _FILE_TYPE.fullmatch(media_type):
        return True
    try:
        return "\x00" in body.decode("utf-8")
    except UnicodeDecodeError:
        return not _CHARSET.search(content_type)


def read_media_type(content_type: str) -> str:
    """The type alone, where it is one."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"


def name_file(disposition: str, content_type: str) -> str:
    """The name that a server gives a file in `Content-Disposition`, as far as one can be kept; else one by its type."""
    message = Message()
    message["content-disposition"] = disposition
    given = message.get_filename() or ""
    name = "".join(each for each in re.split(r"[/\\]", given)[-1] if each.isprintable()).strip(". ")[:_LONGEST_NAME]
    ending = mimetypes.guess_extension(content_type.partition(";")[0].strip().lower()) or ".bin"
    return name or f"file{ending}"


def decode_text(body: bytes, headers: Mapping[str, str]) -> str:
    """`body` as text that can be stored: what its charset does not know, and `\\u0000`, becomes `\\ufffd`."""
    charset = _CHARSET.search(headers.get("content-type", ""))
    known = charset and _KNOWN_CHARSET.fullmatch(charset[1])
    text = body.decode(known[0] if known else "utf-8", errors="replace")
    return text.replace("\x00", "\ufffd")
