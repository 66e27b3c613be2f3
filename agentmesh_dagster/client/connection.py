"""One HTTP connection to an AgentMesh server."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2

from agentmesh_dagster.client.faults import ApiUnreachable, raise_for

_PAGE = 200  # items asked for at once


class Connection:
    """Sends requests to `<url>/api`; whatever is no success is raised."""

    def __init__(self, url: str, token: str | None, timeout: float, transport: httpx2.BaseTransport | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url.rstrip("/")
        self._http = httpx2.Client(
            base_url=f"{self.url}/api/", headers=headers, timeout=timeout, transport=transport, follow_redirects=False
        )

    def close(self) -> None:
        self._http.close()

    def request(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of the answer; None where it has none. Raises ApiFault, ApiUnreachable."""
        with self._reaching():
            response = self._http.request(method, path, **options)
        raise_for(response)
        return response.json() if response.content else None

    def list(self, path: str, query: Mapping[str, Any]) -> Iterator[Any]:
        """The items of all pages, each page asked for when it is needed."""
        wanted = {name: value for name, value in query.items() if value is not None}
        cursor: dict[str, str] = {}
        while True:
            page = self.request("GET", path, params={"limit": _PAGE, **wanted, **cursor})
            yield from page["items"]
            if not page.get("nextCursor"):
                return
            cursor = {"cursor": page["nextCursor"]}

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Generator[httpx2.EventSource]:
        """A stream of server-sent events."""
        with self._reaching(), self._http.sse(path, headers=dict(headers)) as source:
            raise_for(source.response)
            yield source

    @contextmanager
    def _reaching(self) -> Generator[None]:
        try:
            yield
        except httpx2.TransportError as error:
            raise ApiUnreachable(f"{self.url}: {error or type(error).__name__}") from error
