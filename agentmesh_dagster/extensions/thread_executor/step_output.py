"""What steps print side by side in one process: each whole line says in front whose it is."""

import sys
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO, cast

_STREAMS = ("stdout", "stderr")


class StepLines:
    """What one step prints; an unfinished line waits for its end, so that no two steps share a line."""

    def __init__(self, step_key: str) -> None:
        self._prefix = f"[{step_key}] "
        self._unfinished: dict[TextIO, str] = {}
        self._lock = threading.Lock()  # a step may print from several threads

    def write(self, stream: TextIO, text: str) -> None:
        with self._lock:
            *lines, rest = (self._unfinished.pop(stream, "") + text).split("\n")
            if rest:
                self._unfinished[stream] = rest
            if lines:
                _write_as_nobody(stream, "".join(f"{self._prefix}{line}\n" for line in lines))

    def finish(self) -> None:
        """Write what the step left without a line end."""
        for stream in list(self._unfinished):
            self.write(stream, "\n")


# Follows a step into the threads that are started with a copy of its context, and into its asyncio tasks.
printing_step: ContextVar[StepLines | None] = ContextVar("printing_step", default=None)


def _write_as_nobody(stream: TextIO, text: str) -> None:
    # Somebody may have put a stream of his own on top of ours: the step is in front once, not twice.
    step = printing_step.set(None)
    try:
        stream.write(text)
    finally:
        printing_step.reset(step)


class StepStream:
    """A text stream that puts the step in front of lines that a step writes, and is `stream` in all else."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        step = printing_step.get()
        if step is None:
            return self.stream.write(text)
        step.write(self.stream, text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        self.write("".join(lines))


class _Users:
    """How many runs of this process want their lines told apart; the first changes the streams, the last restores."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0


_users = _Users()


@contextmanager
def label_lines() -> Generator[None]:
    """As long as this is open, `sys.stdout` and `sys.stderr` put the step in front of each line that a step prints.

    What does not go through them has no step in front: `sys.stdout.buffer`, child processes, libraries in C.
    """
    with _users.lock:
        _users.count += 1
        if _users.count == 1:
            _put_in()
    try:
        yield
    finally:
        with _users.lock:
            _users.count -= 1
            if _users.count == 0:
                _take_out()


def _put_in() -> None:
    for name in _STREAMS:
        stream = cast("TextIO | StepStream | None", getattr(sys, name))
        if stream is not None and not isinstance(stream, StepStream):
            setattr(sys, name, StepStream(stream))


def _take_out() -> None:
    for name in _STREAMS:
        stream = getattr(sys, name)
        if isinstance(stream, StepStream):  # else somebody has replaced it meanwhile, and will put his own back
            setattr(sys, name, stream.stream)
