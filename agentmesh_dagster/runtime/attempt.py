"""One attempt: work that ends at its deadline, also when it does not want to."""

import contextvars
import ctypes
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from agentmesh_dagster.errors import AgentMeshError, AttemptStopped, FaultCode

Result = TypeVar("Result")

_LOOK_EVERY_SECONDS = 0.25
_GRACE_SECONDS = 0.5  # for work that watches its own deadline to say so itself


class AttemptTimedOut(AgentMeshError):
    """The attempt took too long."""

    retryable = True
    code = FaultCode.TIMEOUT


class Attempt(Generic[Result]):
    """Runs work in a thread of its own, so that the op can leave it behind when its time is over.

    A thread cannot be killed: work that sleeps in C goes on until it wakes, then it is stopped. Whatever it does
    until then it cannot write, because only the op, not the thread, holds the step's claim.
    """

    def __init__(self, work: Callable[[], Result], *, name: str) -> None:
        self._work = work
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._ended = threading.Event()
        # In a copy of the op's context: what follows a step in context variables, such as its name in front of the
        # lines it prints, follows it here too.
        in_context = partial(contextvars.copy_context().run, self._run)
        self._thread = threading.Thread(target=in_context, name=name, daemon=True)

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001 handed to the op, which raises it again
            self._error = error
        finally:
            self._ended.set()

    def finish(self, deadline: float, is_lost: Callable[[], bool], *, limit: str = "its time limit is over") -> Result:
        """Waits for the work until `deadline` (time.monotonic()); raises what it raised, or AttemptTimedOut, which
        says `limit`.

        `is_lost` is asked now and then; when it says yes, the work is stopped and AttemptTimedOut raised.
        """
        self._thread.start()
        try:
            while not self._ended.wait(
                min(_LOOK_EVERY_SECONDS, max(0.0, deadline + _GRACE_SECONDS - time.monotonic()))
            ):
                if time.monotonic() >= deadline + _GRACE_SECONDS:
                    raise AttemptTimedOut(f"{limit}; it did not stop by itself")
                if is_lost():
                    raise AttemptTimedOut("its worker lost the lease on the step")
        finally:
            if not self._ended.is_set():
                self._stop()
        if self._error is not None:
            raise self._error
        return self._result  # pyright: ignore[reportReturnType]

    def _stop(self) -> None:
        if self._thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread.ident), ctypes.py_object(AttemptStopped)
            )
