"""What is being streamed when the server ends: it ends, too, and in good order."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENDING_KEY = "agentmesh.ending"  # in the ASGI scope: the asyncio.Event that the server ends


class EndsWithServer:
    """Tells streams that their reader has gone once `end` was called; whatever else is being answered goes on.

    Without this the server would wait for every open stream, then cut it, and log a traceback for each.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Ends the streams; to be called in the event loop's thread."""
        self._ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the server itself tells websockets
            await self._app(scope, receive, send)
            return
        has_started = has_ended = False

        async def watched_send(message: Message) -> None:
            nonlocal has_started, has_ended
            has_started = True
            has_ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        async def watched_receive() -> Message:
            arriving = asyncio.ensure_future(receive())
            ending = asyncio.ensure_future(self._ending.wait())
            try:
                await asyncio.wait({arriving, ending}, return_when=asyncio.FIRST_COMPLETED)
                if has_started and not arriving.done():
                    return {"type": "http.disconnect"}
                return await arriving
            finally:
                arriving.cancel()
                ending.cancel()

        await self._app({**scope, ENDING_KEY: self._ending}, watched_receive, watched_send)
        if self._ending.is_set() and has_started and not has_ended:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
