"""Headers that every answer on this port has: what a browser may do with it."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OURS = ("/api", "/agentmesh", "/login", "/logout")
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Dagster shows notebooks in frames of its own pages, so these may be framed by themselves.
_DAGSTER = {"X-Frame-Options": "SAMEORIGIN", "Content-Security-Policy": "frame-ancestors 'self'; object-src 'none'"}
_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class SafeHeaders:
    """Adds to each answer the headers that it has not set itself; outermost, so refusals have them too."""

    def __init__(self, app: ASGIApp, path_prefix: str = "") -> None:
        self._app = app
        self._ours = tuple(path_prefix + path for path in _OURS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = _ALWAYS | self._choose_by_path(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _choose_by_path(self, path: str) -> dict[str, str]:
        if any(path == own or path.startswith(f"{own}/") for own in self._ours):
            return {"X-Frame-Options": "DENY", "Content-Security-Policy": _NOTHING, "Cache-Control": "no-store"}
        return _DAGSTER
