"""The steps of one plan, side by side: Dagster's state machine says which may start, and is told what came of them."""

import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import dagster as dg

from agentmesh_dagster.extensions.dagster_internals import (
    ActiveExecution,
    EngineEventData,
    ErrorSource,
    PlanExecutionContext,
    SerializableErrorInfo,
    StepFailureData,
)
from agentmesh_dagster.extensions.thread_executor.step_threads import Mailbox, StepThread

Told = Generator[dg.DagsterEvent, None, bool]  # gives True if there was anything to do

_GRACE_SECONDS = 5.0  # for interrupted steps to end by themselves
_WRITING_SECONDS = 0.02  # about what an event takes
_LONGEST_WAIT_SECONDS = 15.0  # 0 from Dagster's state machine means "nothing is due", once in a million "due now"
_SHORTEST_WAIT_SECONDS = 0.01  # a pool slot may be due for long, and a tag's limit in the way of asking for it


@dataclass(frozen=True)
class Limits:
    """How many steps of a run are executed at the same time."""

    max_concurrent: int
    per_tag: list[dict[str, Any]]  # Dagster's tag_concurrency_limits

    def __post_init__(self) -> None:
        if self.max_concurrent < 1:
            raise dg.DagsterInvariantViolationError(f"max_concurrent is {self.max_concurrent}; 1 is the least.")


class SideBySide:
    """The running steps of a plan. All of this is the main thread's: `ActiveExecution` is not thread-safe.

    A step's events are stored in its own thread, where Dagster makes them, so that no step waits for the writing of
    another; what they mean for the plan is settled here.
    """

    def __init__(self, context: PlanExecutionContext, active: ActiveExecution, limits: Limits) -> None:
        self._context = context
        self._active = active
        self._limits = limits
        self._mailbox = Mailbox()
        self._running: set[StepThread] = set()

    def run(self) -> Iterator[dg.DagsterEvent]:
        """Executes the plan; an interruption, or a fault in Dagster's event machinery, ends all steps and is raised."""
        try:
            yield from self._run()
        except GeneratorExit:
            self._interrupt(self._running)
            raise
        except BaseException:
            yield from self._stop()
            raise

    def _run(self) -> Iterator[dg.DagsterEvent]:
        moved = True
        while self._running or not self._active.is_complete:
            self._mailbox.wait(0 if moved else self._read_patience())
            heard = yield from self._hear()
            skipped = yield from self._start()
            moved = heard or skipped  # what was skipped may let others be skipped

    def _read_patience(self) -> float:
        """Seconds until a retry or a pool slot is due."""
        seconds = cast("float", self._active.sleep_interval())  # 0 when nothing is due
        if seconds == 0 or len(self._running) >= self._limits.max_concurrent:
            return _LONGEST_WAIT_SECONDS
        return max(seconds, _SHORTEST_WAIT_SECONDS)

    def _hear(self) -> Told:
        heard = False
        for message in self._mailbox.take():
            heard = True
            if message.event is not None:
                yield message.event
                self._active.handle_event(message.event)
                continue
            self._running.discard(message.thread)
            if message.error is not None:
                raise message.error
            if not message.thread.has_outcome:
                self._active.verify_complete(self._context, message.thread.key)
        return heard

    def _start(self) -> Told:
        skipped = False
        for event in self._active.plan_events_iterator(self._context):
            skipped = True
            yield event
        free = self._limits.max_concurrent - len(self._running)
        steps = self._active.get_steps_to_execute(free)
        yield from self._active.concurrency_event_iterator(self._context)
        for step in steps:
            state = self._active.get_known_state()
            state = state._replace(ready_outputs=set(state.ready_outputs))  # the state machine goes on changing its own
            thread = StepThread(self._context.for_step(step, state), self._mailbox)
            self._running.add(thread)
            thread.start()
        return skipped

    def _interrupt(self, threads: set[StepThread]) -> set[StepThread]:
        """Interrupts the threads, except for those that are writing just now: it gives these back."""
        return {thread for thread in threads & self._running if not thread.interrupt()}

    def _stop(self) -> Iterator[dg.DagsterEvent]:
        """Interrupts the steps, gives them some seconds, and fails those that have not ended by then."""
        writing = self._interrupt(self._running)  # first of all: to tell of it may fail, too
        keys = sorted(thread.key for thread in self._running)
        yield dg.DagsterEvent.engine_event(self._context, "Stopping the steps", EngineEventData.interrupted(keys))
        give_up = time.monotonic() + _GRACE_SECONDS
        with suppress(dg.DagsterExecutionInterruptedError):  # a second signal ends the grace
            while self._running and time.monotonic() < give_up:
                self._mailbox.wait(_WRITING_SECONDS if writing else give_up - time.monotonic())
                yield from self._hear_out()
                writing = self._interrupt(writing)
        for thread in self._running:
            thread.leave_behind()
            if not thread.has_outcome:
                yield self._fail(thread)

    def _hear_out(self) -> Iterator[dg.DagsterEvent]:
        for message in self._mailbox.take():
            if message.event is None:
                self._running.discard(message.thread)  # that it was interrupted is known
            else:
                yield message.event
                self._active.handle_event(message.event)

    def _fail(self, thread: StepThread) -> dg.DagsterEvent:
        reason = f"The step was interrupted and did not end within {_GRACE_SECONDS:g} s; its thread was left behind.\n"
        error = SerializableErrorInfo(reason, [], dg.DagsterExecutionInterruptedError.__name__)
        context = self._context.for_step(self._active.get_step_by_key(thread.key))
        failure = StepFailureData(error=error, user_failure_data=None, error_source=ErrorSource.INTERRUPT)
        event = dg.DagsterEvent.step_failure_event(context, failure)  # pyright: ignore[reportUnknownMemberType]
        self._active.handle_event(event)  # which gives back its pool slot
        return event
