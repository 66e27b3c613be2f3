"""What a forked process leaves to its parent: it owns nothing of it, and so ends nothing of it."""

import atexit
import logging
import os
import socket
import stat
import sys
import weakref
from collections.abc import Collection
from multiprocessing import process, util
from pathlib import Path
from typing import Any


def leave_all_to_parent(keep: Collection[int] = ()) -> None:
    """To be called first in a forked process: of what stands in its memory, nothing is its own to end.

    What was registered for the parent's end is forgotten without being done: `atexit`, `weakref.finalize` (on which
    temporary folders hang), that of multiprocessing, log handlers. What is registered later is done at this one's end.
    Sockets that listen, and files with a lock where the system tells, are closed but for the descriptors in `keep`: a
    port or a lock is free when its owner has ended.
    """
    atexit._clear()  # pyright: ignore
    finalize: Any = weakref.finalize
    for finalizer in list(finalize._registry):
        finalizer.detach()  # else it would also act once its object is collected here
    finalize._registered_with_atexit = False
    util._finalizer_registry.clear()  # pyright: ignore
    process._children.clear()  # pyright: ignore
    logging._handlerList.clear()  # pyright: ignore
    # What the standard library registered when it was imported: now it knows of this process's own alone.
    atexit.register(util._exit_function)  # pyright: ignore
    atexit.register(logging.shutdown)
    for descriptor in map(int, os.listdir("/dev/fd")):
        if descriptor not in keep and (_listens(descriptor) or _is_locked(descriptor)):
            os.close(descriptor)


def _listens(descriptor: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return False
        with socket.socket(fileno=os.dup(descriptor)) as same:
            return bool(same.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:  # the one with which the folder was read; a socket of another kind
        return False


def _is_locked(descriptor: int) -> bool:
    """Whether the open file, which parent and child now share, has a lock of `flock`; False where nothing tells."""
    try:
        return "FLOCK" in Path(f"/proc/self/fdinfo/{descriptor}").read_text()
    except OSError:
        return False


def write_out() -> None:
    """To be called before a fork: what waits to be written would be written by the child as well."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # pyright: ignore[reportUnnecessaryComparison]: it is in a process without a terminal
            stream.flush()
