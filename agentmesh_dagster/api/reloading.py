"""Reloads: the code location follows the catalogue, once for a burst of saves."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from agentmesh_dagster.errors import AgentMeshError

LOOK_EVERY_SECONDS = 2.0  # for saves of other processes; a save of this one is told at once
_QUIET_SECONDS = 0.3  # a burst is over when nothing was saved for so long
_PATIENCE_SECONDS = 2.0  # …but somebody who saves all day sees reloads too
_REST_SECONDS = 2.0  # a reload costs seconds of a processor: between two, others may have it
_FIRST_RETRY_SECONDS = 15.0
_LAST_RETRY_SECONDS = 600.0

_log = logging.getLogger("dagster.agentmesh")


@dataclass(frozen=True)
class Location:
    """The code location as this thread sees it."""

    newest: Callable[[], int]  # the catalogue's revision
    loaded: Callable[[], int | None]  # the revision that was loaded; None: none could be
    reload: Callable[[], None]  # returns when the location is loaded again, seconds later


class Reloads:
    """A thread that reloads the code location whenever the catalogue has gone ahead of it.

    It is the only one that does, so reloads never pile up; and it looks at the catalogue itself, so a save by
    `agentmesh apply` in another process is seen too.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._wanted = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="agentmesh-reloads", daemon=True)
        self._tried = -1  # the newest revision when it was last reloaded
        self._retry_after = _FIRST_RETRY_SECONDS
        self._retry_at = 0.0

    def start(self) -> None:
        self._thread.start()

    def soon(self) -> None:
        """Says that something was saved; returns at once."""
        self._wanted.set()

    def stop(self) -> None:
        """Ends the thread; a reload that has begun is not waited for."""
        self._over.set()
        self._wanted.set()
        self._thread.join(timeout=1)

    def _follow(self) -> None:
        while not self._over.is_set():
            self._wanted.wait(LOOK_EVERY_SECONDS)
            self._wanted.clear()
            try:
                if not self._over.is_set() and self._is_due():
                    self._let_the_burst_end()
                    self._reload()
            except (AgentMeshError, dg.DagsterError) as fault:
                _log.warning("The code location could not be reloaded: %s", fault)
                self._over.wait(_REST_SECONDS)

    def _is_due(self) -> bool:
        newest, loaded = self._location.newest(), self._location.loaded()
        if loaded is not None and loaded >= newest:
            self._retry_after = _FIRST_RETRY_SECONDS
            return False
        if newest > self._tried:
            return True
        # It was tried. One that could not be loaded is tried again, ever more rarely; one that was loaded and stands
        # behind all the same has a code server that cannot reload, or that reads another store.
        return loaded is None and time.monotonic() >= self._retry_at

    def _let_the_burst_end(self) -> None:
        give_up = time.monotonic() + _PATIENCE_SECONDS
        seen = -1
        while seen != (newest := self._location.newest()) and time.monotonic() < give_up:
            seen = newest
            self._over.wait(_QUIET_SECONDS)

    def _reload(self) -> None:
        if self._over.is_set():
            return
        self._tried = self._location.newest()  # before: what is saved during the reload may come too late for it
        self._location.reload()
        loaded = self._location.loaded()
        if loaded is None:
            _log.warning("The code location cannot be loaded; the next try is in %d s.", self._retry_after)
            self._retry_at = time.monotonic() + self._retry_after
            self._retry_after = min(2 * self._retry_after, _LAST_RETRY_SECONDS)
        elif loaded < self._tried:
            _log.warning(
                "The code location still shows revision %d of the catalogue, not %d: its code server cannot reload "
                "(`dagster code-server start` can), or it reads another store.",
                loaded,
                self._tried,
            )
        self._over.wait(_REST_SECONDS)
