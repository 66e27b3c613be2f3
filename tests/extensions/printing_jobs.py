"""A job that prints in every way; for test_compute_logs."""

import os
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg


def count_children() -> int:
    """Living processes that this one has started."""
    tasks = Path("/proc/self/task").iterdir()
    return sum(len((task / "children").read_text().split()) for task in tasks)


@dg.op
def speak(context: dg.OpExecutionContext) -> None:
    does = os.environ["PRINTING_DOES"]
    if does == "print":
        print("python says", flush=True)
        subprocess.run(["echo", "a child says"], check=True)
        os.write(1, b"the file descriptor says\n")
        print("python complains", file=sys.stderr)
        print(f"other processes: {count_children()}")
    elif does == "flood":
        for _ in range(1000):
            print("x" * 1000)
    else:
        print("before the end", flush=True)
        (Path(context.instance.root_directory) / "hangs").touch()
        time.sleep(600)


@dg.job(executor_def=dg.in_process_executor)
def printing() -> None:
    speak()
