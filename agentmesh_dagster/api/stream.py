"""Live events: a stream for each reader, and one look at the store for all of them.

A stream ends by itself after some seconds, so that a server can stop; the reader comes back with the last id it saw.
Ids of one run rise in the order of their commits, so nothing is missed and nothing comes twice.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.entities.models import EventLog
from agentmesh_dagster.store import Store, StoreUnavailable
from agentmesh_dagster.store.events import RunTail, page_events, read_tails

_log = logging.getLogger(__name__)

MEDIA_TYPE = "text/event-stream"
_LOOK_EVERY_SECONDS = 0.25
_HEARTBEAT_SECONDS = 3.0
_RETRY_MILLISECONDS = 1_000
_EVENTS_AT_ONCE = 100
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx would hold the events back


def accepts_stream(request: Request) -> bool:
    """Whether the caller asks for a stream rather than for a page."""
    return any(part.split(";")[0].strip() == MEDIA_TYPE for part in request.headers.get("accept", "").split(","))


@dataclass
class _Watch:
    """One reader who waits for news of a run."""

    run_id: str
    tail: RunTail | None = None  # None: nobody has looked yet
    news: asyncio.Event = field(default_factory=asyncio.Event)


class EventStreams:
    """The streams of one process."""

    def __init__(self, store: Store, *, stream_seconds: float = 10.0) -> None:
        self._store = store
        self._stream_seconds = stream_seconds
        self._watches: list[_Watch] = []
        self._watcher: asyncio.Task[None] | None = None

    def open(self, run_id: str, after: int, max_chars: int | None = None) -> StreamingResponse:
        """The stream of a run's events behind the id `after`, without values of more than `max_chars` characters."""
        return StreamingResponse(self._follow(run_id, after, max_chars), media_type=MEDIA_TYPE, headers=_HEADERS)

    async def _follow(self, run_id: str, after: int, max_chars: int | None) -> AsyncIterator[str]:
        yield f"retry: {_RETRY_MILLISECONDS}\n\n"
        end = time.monotonic() + self._stream_seconds
        with self._watching(run_id) as watch:
            while time.monotonic() < end:
                watch.news.clear()  # before the look: what comes while events are sent must wake us again
                tail = watch.tail
                while tail is not None and tail.last_event > after:
                    try:
                        events = await run_in_threadpool(self._read, run_id, after, max_chars)
                    except StoreUnavailable as fault:
                        _log.warning("%s", fault)
                        return  # the reader comes back
                    for event in events:
                        yield _write(event)
                    after = events[-1].id if events else tail.last_event
                if tail is not None and tail.status.is_end:
                    yield f"event: end\ndata: {write_json({'status': tail.status.value})}\n\n"
                    return
                if not await _wait(watch, end):
                    yield ": still here\n\n"

    def _read(self, run_id: str, after: int, max_chars: int | None) -> tuple[EventLog, ...]:
        with self._store.read() as connection:
            page = page_events(connection, run_id, after=after, limit=_EVENTS_AT_ONCE, max_chars=max_chars)
        return page.items

    @contextmanager
    def _watching(self, run_id: str) -> Generator[_Watch]:
        watch = _Watch(run_id)
        self._watches.append(watch)
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch())
        try:
            yield watch
        finally:
            self._watches.remove(watch)

    async def _watch(self) -> None:
        """Looks how far the runs have come, as long as somebody waits, and wakes whom it concerns."""
        while self._watches:
            run_ids = {watch.run_id for watch in self._watches}
            try:
                tails = await run_in_threadpool(self._read_tails, run_ids)
            except StoreUnavailable as fault:
                _log.warning("%s", fault)
                tails = {}
            for watch in self._watches:
                tail = tails.get(watch.run_id)
                if tail is not None and tail != watch.tail:
                    watch.tail = tail
                    watch.news.set()
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    def _read_tails(self, run_ids: set[str]) -> dict[str, RunTail]:
        with self._store.read() as connection:
            return read_tails(connection, run_ids)


async def _wait(watch: _Watch, end: float) -> bool:
    """Waits for news; False when it was quiet for as long as a connection should be."""
    seconds = min(_HEARTBEAT_SECONDS, end - time.monotonic())
    try:
        await asyncio.wait_for(watch.news.wait(), max(0.0, seconds))
    except TimeoutError:
        return False
    return True


def _write(event: EventLog) -> str:
    return f"id: {event.id}\nevent: {event.type.value}\ndata: {write_json(event.to_wire())}\n\n"
