"""Waits whose time comes, or whose event, while the web server runs: it ends them at once, and their runs go on.

Without it, and where it fails, the sensor does the same at its next tick.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.continuation import has_gone_on
from agentmesh_dagster.api.repeating import repeating
from agentmesh_dagster.control.children import do_all_in_silence, tend_children
from agentmesh_dagster.runtime.arrivals import look_for_event
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.awaited_events import list_waits_to_look
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.waits import Wait, find_first_due, list_due_waits

_LOOK_EVERY_SECONDS = 0.5  # for waits that other processes have begun
_REST_SECONDS = 5.0  # for a wait with which something went wrong
_TRIES = 20  # to go on with a run whose launch has not ended yet

_log = logging.getLogger("dagster.agentmesh")


def ending_due_waits(context: ApiContext) -> AbstractContextManager[None]:
    """Ends waits when their time comes, in a thread, for as long as the `with` lasts."""
    return repeating(_DueWaits(context).look, name="agentmesh-waits", what="Waits whose time is over")


class _DueWaits:
    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._tries: dict[str, int] = {}  # by run that is to go on
        self._left_until: dict[str, float] = {}  # by step whose wait could not be looked at

    def look(self) -> float:
        """Ends what is due; after how many seconds to look again."""
        services = self._context.services
        with services.store.read() as connection:
            due, first, moment = list_due_waits(connection), find_first_due(connection), now(connection)
            looking = list_waits_to_look(connection)
        self._left_until = {step: until for step, until in self._left_until.items() if until > time.monotonic()}
        ended = [wait for wait in due if self._try(wait, end_due_wait)]
        ended += [wait for wait in looking if self._try(wait, look_for_event)]
        self._tries |= {wait.run_id: _TRIES for wait in ended}
        tended = tend_children(services, self._context.instance, do_all_in_silence)
        self._tries |= dict.fromkeys(tended.run_ids, _TRIES)
        self._go_on()
        return _LOOK_EVERY_SECONDS if self._left_until else _pause_until(first, moment)

    def _try(self, wait: Wait, end: Callable[[Services, Wait], bool]) -> bool:
        """Whether the wait has ended. What goes wrong with one does not hold up the others."""
        if wait.step_id in self._left_until:
            return False
        try:
            return end(self._context.services, wait)
        except Exception as fault:  # noqa: BLE001 whatever it is, it comes again at the next look
            reason = str(fault).partition("\n")[0]
            _log.warning("A wait of the run %s is left to the sensor for a while: %s", wait.run_id, reason)
            self._left_until[wait.step_id] = time.monotonic() + _REST_SECONDS
            return False

    def _go_on(self) -> None:
        for run_id, tries in list(self._tries.items()):
            self._tries[run_id] = tries - 1
            if has_gone_on(self._context, run_id, is_first=tries == _TRIES) or tries == 1:
                del self._tries[run_id]


def _pause_until(first: datetime | None, moment: datetime) -> float:
    if first is None:
        return _LOOK_EVERY_SECONDS
    return min(_LOOK_EVERY_SECONDS, max(0.05, (first - moment).total_seconds()))
