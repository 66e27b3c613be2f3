"""The pages of a list, one call after the other, up to a bound."""

import re
from collections.abc import Callable

import httpx2

from agentmesh_dagster.entities.http_settings import UNSAID_PAGES, HttpPaging
from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.errors import InvalidToolInput, InvalidToolOutput, ResponseTooLong
from agentmesh_dagster.tools.outgoing import Answer, is_same_server
from agentmesh_dagster.tools.placeholders import look_up, write_text

_LINK = re.compile(r"<([^>]*)>([^<]*)")
_NEXT = re.compile(r";\s*rel\s*=\s*\"?(?:[^\",;]*\s)?next(?:\s[^\",;]*)?\"?\s*(?:[;,]|$)", re.IGNORECASE)


def collect_pages(
    paging: HttpPaging, url: httpx2.URL, read: Callable[[httpx2.URL], tuple[JsonValue, Answer]], settings: Settings
) -> JsonValue:
    """`{items, pages, hasMore}`: the items of all pages; `hasMore` when the bound ended it."""
    items: list[JsonValue] = []
    seen: set[str] = set()
    size = 0
    following: httpx2.URL | None = url
    while following is not None and len(seen) < (paging.max_pages or UNSAID_PAGES):
        seen.add(str(following))
        page, answer = read(following)
        items += _find_items(page, paging.items)
        size += len(answer.body)
        if size > settings.http_max_response_bytes:
            raise ResponseTooLong(
                f"{len(seen)} pages have more than {settings.http_max_response_bytes:,} bytes"
                " (AGENTMESH_HTTP_MAX_RESPONSE_BYTES); ask for fewer by paging.maxPages"
            )
        following = _find_next(paging, following, page, answer)
        if following is not None and str(following) in seen:
            raise InvalidToolOutput(f"page {len(seen)} names one as the next that was there before")
    return {"items": items, "pages": len(seen), "hasMore": following is not None}


def _find_items(page: JsonValue, path: str | None) -> list[JsonValue]:
    found = _find(page, path) if path else page
    if not isinstance(found, list):
        where = f"`{path}` of the page" if path else "the page"
        raise InvalidToolOutput(f"{where} is no list: paging.items names the field that holds the items")
    return as_list(found)


def _find_next(paging: HttpPaging, url: httpx2.URL, page: JsonValue, answer: Answer) -> httpx2.URL | None:
    """The address of the next page; None behind the last. Raises InvalidToolOutput when it is another server's."""
    if paging.next is None:
        named: JsonValue = _read_link(", ".join(answer.headers.get_list("link")))
    else:
        named = _find(page, paging.next)
    if named is None or named is False or named == "":
        return None
    if paging.next and paging.parameter:
        return url.copy_set_param(paging.parameter, write_text(named))
    try:
        following = url.join(str(named))
    except httpx2.InvalidURL:
        raise InvalidToolOutput("the address of the next page cannot be read") from None
    if following.userinfo or not is_same_server(following, url):
        raise InvalidToolOutput("the next page is at another server, where this tool may not call")
    return following


def _find(page: JsonValue, path: str) -> JsonValue:
    if not isinstance(page, dict):
        return None
    try:
        return look_up(as_object(page), path)
    except InvalidToolInput:
        return None


def _read_link(header: str) -> str | None:
    """The target of rel="next" in a `Link` header (RFC 8288)."""
    return next((target for target, about in _LINK.findall(header) if _NEXT.search(about)), None)
