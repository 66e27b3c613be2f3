"""What the web server looks after in threads of its own, beside the sensor, which does the same at its ticks."""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

_REST_SECONDS = 5.0  # after a fault

_log = logging.getLogger("dagster.agentmesh")


@contextmanager
def repeating(look: Callable[[], float], *, name: str, what: str) -> Generator[None]:
    """Looks again and again, in a daemon thread, for as long as the `with` lasts.

    `look` gives the seconds until the next time. When it raises, `what` is left to the sensor for a while.
    """
    over = threading.Event()

    def follow() -> None:
        pause = 0.0
        while not over.wait(pause):
            try:
                pause = look()
            except Exception as fault:  # noqa: BLE001 of either database, say, which restarts
                _log.warning("%s are left to the sensor: %s", what, str(fault).partition("\n")[0])
                pause = _REST_SECONDS

    thread = threading.Thread(target=follow, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=1)
