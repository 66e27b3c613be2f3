"""Where model calls run: one event loop per process, so that a deadline ends a call wherever it hangs.

A read timeout starts anew with each byte, so a server that drips is never late. Cancelling the task that
waits ends a call in any phase: name look-up, connect, headers, body.
"""

import asyncio
import atexit
import os
import threading
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Protocol, TypeVar, cast

T = TypeVar("T")


class AsyncClient(Protocol):
    """What both SDKs' asynchronous clients have."""

    async def close(self) -> None: ...


ClientT = TypeVar("ClientT", bound=AsyncClient)


class CallLoop:
    """An event loop in a thread of its own, and the SDK clients whose connections belong to it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._clients: dict[Hashable, AsyncClient] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._loop.run_forever, name="agentmesh-model-calls", daemon=True)
        self._thread.start()

    def get_client(self, key: Hashable, build: Callable[[], ClientT]) -> ClientT:
        """The client kept under `key`, built at the first call."""
        with self._lock:
            if key not in self._clients:
                self._clients[key] = build()
            return cast("ClientT", self._clients[key])

    def run(self, call: Callable[[], Awaitable[T]], deadline: float) -> T:
        """What `call` returns; TimeoutError when `deadline` (time.monotonic()) passes first."""
        future = asyncio.run_coroutine_threadsafe(_run_until(call, deadline), self._loop)
        try:
            return future.result()
        finally:
            # An interrupt of the waiting thread (Dagster ends a step that way) must end the call too.
            future.cancel()

    def close(self) -> None:
        """Ends all calls, closes the clients' connections and the loop."""
        asyncio.run_coroutine_threadsafe(self._end_calls(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end_calls(self) -> None:
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        for client in self._clients.values():
            await client.close()
        await self._loop.shutdown_asyncgens()


async def _run_until(call: Callable[[], Awaitable[T]], deadline: float) -> T:
    async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
        return await call()


_current: CallLoop | None = None
_lock = threading.Lock()
_inherited: list[CallLoop] = []


def get_call_loop() -> CallLoop:
    """The loop of this process, started at the first call."""
    global _current
    with _lock:
        if _current is None:
            _current = CallLoop()
            atexit.unregister(close_call_loop)  # this process's own: a forked one drops what it inherited
            atexit.register(close_call_loop)
        return _current


def close_call_loop() -> None:
    """Ends the loop and what runs on it; the next call starts a new one."""
    global _current
    with _lock:
        loop, _current = _current, None
    if loop is not None:
        loop.close()


def _leave_loop_to_parent() -> None:
    """A forked child has the parent's loop without its thread, and perhaps a lock nobody will release."""
    global _current, _lock
    if _current is not None:
        # Kept for ever: collecting it would close the epoll object that it shares with the parent.
        _inherited.append(_current)
    _current, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_leave_loop_to_parent)
