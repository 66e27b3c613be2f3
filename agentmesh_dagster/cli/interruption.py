"""Ctrl-C while a run executes in this process: the run ends as canceled, in Dagster and in the store."""

import _thread
import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg

from agentmesh_dagster.cli.exit_codes import ExitCode


class Interruption:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.happened = False


@contextmanager
def cancel_on_interrupt(instance: dg.DagsterInstance, run_id: str) -> Generator[Interruption]:
    """Turns Ctrl-C into a cancellation of the Dagster run; a second one ends the process at once."""
    # Dagster calls an interrupted run failed unless it was asked to cancel it before. So the signal goes to a thread
    # that asks first, and only then lets the main thread feel it.
    interruption, over = Interruption(), threading.Event()

    def wait_for_interrupts() -> None:
        signal.sigwait({signal.SIGINT})
        if over.is_set():
            return
        interruption.happened = True
        if dagster_run := instance.get_run_by_id(run_id):
            instance.report_run_canceling(dagster_run)
        _thread.interrupt_main()
        signal.sigwait({signal.SIGINT})
        if not over.is_set():
            os._exit(ExitCode.INTERRUPTED)

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    watcher = threading.Thread(target=wait_for_interrupts, name="interrupts", daemon=True)
    watcher.start()
    try:
        yield interruption
    finally:
        over.set()
        assert watcher.ident is not None
        signal.pthread_kill(watcher.ident, signal.SIGINT)
        watcher.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
