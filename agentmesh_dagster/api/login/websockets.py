"""Websockets stay open for long, so the guard goes on looking at them."""

import time
from collections.abc import Awaitable, Callable

from anyio import CapacityLimiter, to_thread
from starlette.types import Message, Receive, Send

from agentmesh_dagster.api.login.mutations import message_is_for_dagster
from agentmesh_dagster.api.login.rules import may_edit
from agentmesh_dagster.entities.access import Identity

POLICY_VIOLATION = 1008
_KNOWN_FOR_SECONDS = 10  # how long something may still be sent to somebody who may not come in any more


class OpenSocket:
    """A websocket that was let in, closed once its visitor may not come in any more, or tries to change things."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        find_identity: Callable[[], Awaitable[Identity | None]],
        checks: CapacityLimiter,
    ) -> None:
        self._receive = receive
        self._send = send
        self._find_identity = find_identity
        self._checks = checks
        self._known_until = time.monotonic() + _KNOWN_FOR_SECONDS
        self._is_closed = False

    async def receive(self) -> Message:
        """What the browser sends."""
        message = await self._receive()
        if message["type"] != "websocket.receive" or await self._may_say(message.get("text") or ""):
            return message
        await self._close()
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}

    async def send(self, message: Message) -> None:
        """What the browser gets."""
        if self._is_closed:
            return
        if time.monotonic() > self._known_until and await self._look_up() is None:
            await self._close()
            return
        await self._send(message)

    async def _may_say(self, text: str) -> bool:
        identity = await self._look_up()
        if identity is None:
            return False
        return await to_thread.run_sync(message_is_for_dagster, text, may_edit(identity), limiter=self._checks)

    async def _look_up(self) -> Identity | None:
        identity = await self._find_identity()
        self._known_until = time.monotonic() + _KNOWN_FOR_SECONDS
        return identity

    async def _close(self) -> None:
        self._is_closed = True
        await self._send({"type": "websocket.close", "code": POLICY_VIOLATION})
