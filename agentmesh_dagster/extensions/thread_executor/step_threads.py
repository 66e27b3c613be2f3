"""Steps in threads: started, listened to, interrupted, and left behind when they do not end."""

import asyncio
import contextvars
import ctypes
import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial

import dagster as dg

from agentmesh_dagster.extensions.dagster_internals import (
    StepExecutionContext,
    dagster_event_sequence_for_step,
    trigger_hooks,
)
from agentmesh_dagster.extensions.thread_executor.step_output import StepLines, printing_step


@dataclass(frozen=True)
class Message:
    """What a step's thread tells the main thread: a Dagster event of its step, or without one that it has ended."""

    thread: "StepThread"
    event: dg.DagsterEvent | None
    error: BaseException | None = None  # what came out of Dagster's event machinery, when the thread has ended


class Mailbox:
    """Messages of the steps to the main thread, which sleeps until there is one."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._arrived = threading.Event()

    def put(self, message: Message) -> None:
        self._messages.append(message)
        self._arrived.set()

    def wait(self, seconds: float) -> None:
        """Returns once there is a message or the time is over. Raises DagsterExecutionInterruptedError on a signal."""
        # Apart from taking: an interruption must not come between a message and whoever takes it.
        with dg.raise_execution_interrupts():
            self._arrived.wait(seconds)

    def take(self) -> Iterator[Message]:
        self._arrived.clear()
        while self._messages:
            yield self._messages.popleft()


class StepThread:
    """One step in a daemon thread of its own.

    A thread for each step, no pool: an interruption then never meets the next step of the same thread. And no
    concurrent.futures: the interpreter waits at its exit for those threads, also for one that never ends.
    """

    def __init__(self, context: StepExecutionContext, mailbox: Mailbox) -> None:
        self.key = context.step.key
        self.has_outcome = False  # whether Dagster has heard success, failure or retry from it
        self._context = context
        self._mailbox = mailbox
        self._lines = StepLines(self.key)
        self._left_behind = False
        # Held while the thread must not be interrupted: an exception that comes from outside when a thread has just
        # got a lock, such as that of Dagster's log handler, leaves it held for ever. (`with lock:` itself is safe.)
        self._busy = threading.RLock()
        self._is_to_end = False
        self._is_interrupted = False
        self._event_loop = asyncio.new_event_loop()
        # Async ops side by side cannot share the one loop that Dagster makes for a run.
        context._event_loop = self._event_loop  # pyright: ignore[reportPrivateUsage]
        for handler in context.log.handlers:
            self._look_after(handler)
        work = partial(contextvars.copy_context().run, self._run)
        self._thread = threading.Thread(target=work, name=f"step {self.key}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def interrupt(self) -> bool:
        """Raise DagsterExecutionInterruptedError in the thread, once; False: it is writing something, try again.

        A thread that sleeps in C sees it when it wakes, one that writes on and on with its next record.
        """
        self._is_to_end = True
        if not self._busy.acquire(blocking=False):
            return False
        try:
            if self._thread.ident is not None and self._thread.is_alive() and not self._is_interrupted:
                self._is_interrupted = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread.ident), ctypes.py_object(dg.DagsterExecutionInterruptedError)
                )
        finally:
            self._busy.release()
        with suppress(RuntimeError):  # its loop is closed: it is about to end
            self._event_loop.call_soon_threadsafe(lambda: None)  # wakes an async op
        return True

    def leave_behind(self) -> None:
        """From now on nothing that the thread logs or tells Dagster is written."""
        self._left_behind = True

    def _look_after(self, handler: logging.Handler) -> None:
        """Let the step's log handler take its own records only, and without interruption."""
        dagsters = handler.handle

        def handle(record: logging.LogRecord) -> bool:
            # Python loggers that Dagster captures give each record to the handlers of all steps.
            if self._left_behind or printing_step.get() not in (None, self._lines):
                return False
            with self._busy:
                if self._is_to_end and not self._is_interrupted:
                    self._is_interrupted = True
                    raise dg.DagsterExecutionInterruptedError
                return bool(dagsters(record))

        handler.handle = handle

    def _report(self, event: dg.DagsterEvent | None, error: BaseException | None = None) -> None:
        with self._busy:
            self._mailbox.put(Message(self, event, error))

    def _run(self) -> None:
        printing_step.set(self._lines)
        error: BaseException | None = None
        try:
            with ExitStack() as last:
                last.callback(self._lines.finish)
                last.callback(_close, self._event_loop)
                self._execute()
        except BaseException as raised:  # noqa: BLE001 handed to the main thread, which raises it again
            error = raised
        finally:
            self._report(None, error)

    def _execute(self) -> None:
        events: list[dg.DagsterEvent] = []
        for event in dagster_event_sequence_for_step(self._context):
            events.append(event)
            self.has_outcome |= event.is_step_success or event.is_step_failure or event.is_step_up_for_retry
            self._report(event)
        for event in trigger_hooks(self._context, events):
            self._report(event)


def _close(event_loop: asyncio.AbstractEventLoop) -> None:
    event_loop.run_until_complete(event_loop.shutdown_asyncgens())
    event_loop.close()
