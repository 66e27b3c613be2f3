"""Waits whose time comes, or whose event, while the web server runs: it ends them at once, and their runs go on.

Without it, and where it fails, the sensor does the same at its next tick.
"""

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime

from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.continuation import try_to_resume
from agentmesh_dagster.control.children import tend_children
from agentmesh_dagster.runtime.arrivals import look_for_event
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.store.awaited_events import list_waits_to_look
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.waits import find_first_due, list_due_waits

_LOOK_EVERY_SECONDS = 0.5  # for waits that other processes have begun
_REST_SECONDS = 5.0  # after a fault
_TRIES = 20  # to go on with a run whose launch has not ended yet

_log = logging.getLogger("dagster.agentmesh")


@contextmanager
def ending_due_waits(context: ApiContext) -> Generator[None]:
    """Ends waits when their time comes, in a thread, for as long as the `with` lasts."""
    thread = _DueWaits(context)
    thread.start()
    try:
        yield
    finally:
        thread.stop()


class _DueWaits:
    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="agentmesh-waits", daemon=True)
        self._tries: dict[str, int] = {}  # by run that is to go on

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(timeout=1)

    def _follow(self) -> None:
        pause = 0.0
        while not self._over.wait(pause):
            try:
                pause = self._look()
            except Exception as fault:  # noqa: BLE001 of either database, say, which restarts
                _log.warning("Waits whose time is over are left to the sensor: %s", str(fault).partition("\n")[0])
                pause = _REST_SECONDS

    def _look(self) -> float:
        """Ends what is due; after how many seconds to look again."""
        store = self._context.services.store
        with store.read() as connection:
            due, first, moment = list_due_waits(connection), find_first_due(connection), now(connection)
            looking = list_waits_to_look(connection)
        ended = [wait for wait in due if end_due_wait(self._context.services, wait)]
        ended += [wait for wait in looking if look_for_event(self._context.services, wait)]
        self._tries |= {wait.run_id: _TRIES for wait in ended}
        self._tries |= dict.fromkeys(tend_children(self._context.services, self._context.instance), _TRIES)
        self._go_on()
        return _pause_until(first, moment)

    def _go_on(self) -> None:
        for run_id, tries in list(self._tries.items()):
            if try_to_resume(self._context, run_id, is_first=tries == _TRIES) or tries == 1:
                del self._tries[run_id]
            else:
                self._tries[run_id] = tries - 1


def _pause_until(first: datetime | None, moment: datetime) -> float:
    if first is None:
        return _LOOK_EVERY_SECONDS
    return min(_LOOK_EVERY_SECONDS, max(0.05, (first - moment).total_seconds()))
