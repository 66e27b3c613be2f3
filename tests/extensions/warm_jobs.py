"""Jobs for workers that are forked: each does something that a test looks at from outside."""

import atexit
import gc
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg

from tests.extensions import warm_preloaded


@dg.op
def tell(context: dg.OpExecutionContext) -> None:
    """Says what kind of process it is in."""
    imported = sorted(name for name in sys.modules if name not in warm_preloaded.imported_at_fork)
    context.add_output_metadata(
        {
            "folder": os.getcwd(),
            "imported": imported,
            "kept for ever": gc.get_freeze_count(),
            "main script": str(getattr(sys.modules["__main__"], "__file__", None)),
            "parent": os.getppid(),
            "path": [str(path) for path in sys.path],
            "standard input": os.readlink("/proc/self/fd/0"),
            "worker": os.getpid(),
            "title": Path("/proc/self/comm").read_text().strip(),
        }
    )


@dg.job(executor_def=dg.in_process_executor)
def telling() -> None:
    tell()


@dg.job(executor_def=dg.multiprocess_executor)
def telling_in_a_process() -> None:
    tell()


@dg.op
def wait(context: dg.OpExecutionContext) -> None:
    """Works until somebody makes the file `go_on` in the instance's folder; one made by the op says that it does."""
    home = Path(context.instance.root_directory)
    (home / f"{context.run_id}.working").touch()
    while not (home / "go_on").exists():
        time.sleep(0.05)


@dg.job(executor_def=dg.in_process_executor)
def waiting() -> None:
    wait()


@dg.op
def fail() -> None:
    raise ValueError("as it should")


@dg.job(executor_def=dg.in_process_executor)
def failing() -> None:
    fail()


@dg.op
def die() -> None:
    os._exit(7)


@dg.job(executor_def=dg.in_process_executor)
def dying() -> None:
    die()


@dg.op
def leave_threads(context: dg.OpExecutionContext) -> None:
    """Leaves a thread that sleeps for ever, a pool of idle threads, and something to do at the end of the process."""
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    ThreadPoolExecutor().submit(len, "")
    last_words = Path(context.instance.root_directory) / "last_words"
    atexit.register(last_words.write_text, "it is over")


@dg.job(executor_def=dg.in_process_executor)
def untidy() -> None:
    leave_threads()
