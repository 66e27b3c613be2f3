"""The processes that `agentmesh dev` forks, and how they end: all of them, with all that they have started."""

import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from agentmesh_dagster.forking import leave_all_to_parent

_FORK = multiprocessing.get_context("fork")
_LOOK_EVERY_SECONDS = 0.05

# Descriptors that a child must not hold: the ends of the pipes that our children hang on, and our locks.
_ours_alone: list[int] = []


def make_ready_to_fork() -> None:
    """Gives memory the form in which forked processes share most of it; to be called once all is imported."""
    # What is here stays for ever: a child's garbage collector would write to, and so copy, every page of it.
    gc.collect()
    gc.freeze()


def keep_from_children(descriptor: int) -> None:
    """No child that is forked from now on holds this open file: a lock on it ends with us."""
    _ours_alone.append(descriptor)


class Child:
    """A process of ours at the head of a process group of its own.

    A Ctrl-C of the terminal does not reach it, so that it ends in its own order. What it starts is in its group, and
    ends with it.
    """

    def __init__(self, title: str, work: Callable[[int], None]) -> None:
        """Forks a process that does `work`; `title` is its name for people.

        The work is given the end of a pipe that closes when we let go of it, or are killed: it should end then.
        """
        self.title = title
        childs_end, self._lifeline = os.pipe()
        _ours_alone.append(self._lifeline)
        self._process = _FORK.Process(target=_begin, args=(work, childs_end, tuple(_ours_alone)))
        self._process.start()
        os.close(childs_end)
        self._pid = self._process.pid or 0
        with suppress(OSError):  # the child does the same: whoever comes first
            os.setpgid(self._pid, self._pid)

    def read_exit_code(self) -> int | None:
        """None while it lives; negative when a signal has ended it."""
        return self._process.exitcode

    def ask_to_end(self) -> None:
        """Lets go of the line that it hangs on."""
        if self._lifeline in _ours_alone:
            _ours_alone.remove(self._lifeline)
            os.close(self._lifeline)

    def signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
            os.killpg(self._pid, number)

    def has_left_nobody(self) -> bool:
        """Whether it has ended, and all that it had started."""
        if self.read_exit_code() is None:
            return False
        try:
            os.killpg(self._pid, 0)
        except (ProcessLookupError, PermissionError):
            return True
        return False


def _begin(work: Callable[[int], None], childs_end: int, parents: Sequence[int]) -> None:
    os.setpgid(0, 0)
    for descriptor in parents:
        os.close(descriptor)
    leave_all_to_parent()
    work(childs_end)


def end(children: Sequence[Child], seconds: float, *, hurry: Callable[[], bool]) -> None:
    """Asks the children to end, and gives them so many seconds; what is left then, they or what they have started, is
    ended by force.

    `hurry` says that nobody wants to wait any more.
    """
    for child in children:
        child.ask_to_end()
    _wait(lambda: all(child.read_exit_code() is not None for child in children), seconds, hurry)
    for number, grace in ((signal.SIGTERM, 1.5), (signal.SIGKILL, 0.5)):
        # Code servers live on until the last of their runs has ended, and those until their last step has.
        for child in children:
            child.signal_group(number)
        _wait(lambda: all(child.has_left_nobody() for child in children), grace, hurry)


def _wait(is_over: Callable[[], bool], seconds: float, hurry: Callable[[], bool]) -> None:
    give_up = time.monotonic() + seconds
    while not is_over() and not hurry() and time.monotonic() < give_up:
        time.sleep(_LOOK_EVERY_SECONDS)


def describe_end(exit_code: int) -> str:
    """How a process ended, for people."""
    return f"signal {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"
