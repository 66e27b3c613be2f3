"""Leases: a worker that lives says so every few seconds; one that does not has lost its step."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from agentmesh_dagster.store import StoreUnavailable

_RENEWALS_PER_LEASE = 3
_TRIES_PER_LEASE = 30  # while the store is not to be reached: once it is, nobody shall take the worker for dead


class Lease:
    """Whether this worker still holds what it works on."""

    def __init__(self) -> None:
        self._lost = threading.Event()

    def is_lost(self) -> bool:
        return self._lost.is_set()

    def lose(self) -> None:
        self._lost.set()


@contextmanager
def keep_lease(renew: Callable[[], bool], lease_seconds: float, *, name: str) -> Generator[Lease]:
    """Calls `renew` three times per lease from a thread of its own; once it gives False, the lease is lost."""
    lease = Lease()
    over = threading.Event()

    def renew_until_over() -> None:
        is_reached = True
        while not over.wait(lease_seconds / (_RENEWALS_PER_LEASE if is_reached else _TRIES_PER_LEASE)):
            try:
                held = renew()
                is_reached = True
            except StoreUnavailable:
                is_reached = False  # the database restarts: the lease runs on, and the next renewal tells if it held
                continue
            if not held:
                lease.lose()
                return

    keeper = threading.Thread(target=renew_until_over, name=name, daemon=True)
    keeper.start()
    try:
        yield lease
    finally:
        over.set()
        keeper.join(timeout=lease_seconds)
