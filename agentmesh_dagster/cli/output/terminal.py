"""The terminal while a run executes in this process: the live view owns it."""

import io
import os
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from rich.console import Console

_OUT, _ERR = 1, 2


@contextmanager
def own_terminal(console: Console) -> Generator[Console]:
    """A console that writes to the same place, while all else that this process prints goes to standard error.

    What prints to a terminal that shows a live view is thrown away: Dagster keeps it with the run's logs.
    """
    try:
        descriptor = os.dup(console.file.fileno())
    except io.UnsupportedOperation:  # no real file, as under a test runner
        yield console
        return
    # Dagster redirects the descriptors 1 and 2 into its logs meanwhile, so the view needs one of its own.
    with ExitStack() as stack:
        file = stack.enter_context(os.fdopen(descriptor, "w", encoding=console.encoding, errors="replace"))
        own = Console(
            file=file,
            force_terminal=console.is_terminal,
            width=console.width,
            height=console.height,
            highlight=False,
        )
        if own.is_terminal and os.isatty(_ERR):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            stack.callback(os.close, nowhere)
            stack.enter_context(_redirected(_ERR, nowhere))
        stack.enter_context(_redirected(_OUT, _ERR))
        yield own


@contextmanager
def _redirected(descriptor: int, target: int) -> Generator[None]:
    saved = os.dup(descriptor)
    _flush()
    os.dup2(target, descriptor)
    try:
        yield
    finally:
        _flush()
        os.dup2(saved, descriptor)
        os.close(saved)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
