"""Answers are sent compressed where that is safe: a page with megabytes of JSON in it is there in a moment."""

from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_LEAST_BYTES: Final = 1_000
_LEVEL: Final = 4  # 2 MB of JSON in some 30 ms
# How well an answer compresses says what is in it, to whoever can add to the question and see the length of the answer
# (BREACH). So nothing is compressed that holds a secret.
_SECRET: Final = ("/api/session", "/api/tokens", "/api/users", "/api/login-links", "/login", "/logout")


class CompressedAnswers:
    """Compresses what is read (GET) for those who take gzip; no event stream, nor what may hold a secret."""

    def __init__(self, app: ASGIApp, path_prefix: str = "") -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, minimum_size=_LEAST_BYTES, compresslevel=_LEVEL)
        self._secret = tuple(path_prefix + path for path in _SECRET)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_read = scope["type"] == "http" and scope["method"] == "GET"
        app = self._compressed if is_read and not self._may_hold_secret(scope["path"]) else self._plain
        await app(scope, receive, send)

    def _may_hold_secret(self, path: str) -> bool:
        return any(path == secret or path.startswith(f"{secret}/") for secret in self._secret)
