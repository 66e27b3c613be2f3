"""The processes that `agentmesh dev` starts, and how they end: all of them, with all that they have started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

_LOOK_EVERY_SECONDS = 0.05


class Child:
    """A process of ours at the head of a process group of its own.

    A Ctrl-C of the terminal does not reach it, so that we choose the order in which they end; and what it starts is in
    its group, and ends with it.
    """

    def __init__(self, title: str, role: str, *arguments: str, environment: Mapping[str, str]) -> None:
        """Starts `agentmesh_dagster.cli.child ROLE ARGUMENTS…`; `title` is its name for people."""
        self.title = title
        self._process = subprocess.Popen(
            [sys.executable, "-m", "agentmesh_dagster.cli.child", role, *arguments],
            stdin=subprocess.PIPE,
            env=dict(environment),
            process_group=0,
        )

    def read_exit_code(self) -> int | None:
        """None while it lives; negative when a signal has ended it."""
        return self._process.poll()

    def ask_to_end(self) -> None:
        """Lets go of the line that it hangs on; it would hang up itself if this process were killed."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
            os.killpg(self._process.pid, number)

    def has_left_nobody(self) -> bool:
        """Whether it has ended, and all that it had started."""
        if self._process.poll() is None:
            return False
        try:
            os.killpg(self._process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return True
        return False


def end_in_order(stages: Sequence[tuple[Sequence[Child], float]], *, hurry: Callable[[], bool]) -> None:
    """Asks the children of each stage to end, and gives them so many seconds; what is left then is ended by force.

    `hurry` says that nobody wants to wait any more.
    """
    everybody = [child for children, _ in stages for child in children]
    for children, seconds in stages:
        for child in children:
            child.ask_to_end()
        _wait(lambda children=children: all(child.read_exit_code() is not None for child in children), seconds, hurry)
    for number, seconds in ((signal.SIGTERM, 1.5), (signal.SIGKILL, 0.5)):
        # Code servers live on until the last of their runs has ended, and those until their last step has.
        for child in everybody:
            child.signal_group(number)
        _wait(lambda: all(child.has_left_nobody() for child in everybody), seconds, hurry)


def _wait(is_over: Callable[[], bool], seconds: float, hurry: Callable[[], bool]) -> None:
    give_up = time.monotonic() + seconds
    while not is_over() and not hurry() and time.monotonic() < give_up:
        time.sleep(_LOOK_EVERY_SECONDS)


def describe_end(exit_code: int) -> str:
    """How a process ended, for people."""
    return f"signal {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"
