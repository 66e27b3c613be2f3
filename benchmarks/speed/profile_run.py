"""Where the time of a warm run of G1 goes: the largest costs, by part, as py-spy sees them from outside.

    python -m benchmarks.speed.profile_run [--runs 30]

Run it at the repository's root, with the extra `bench`. Threads that wait are not counted; a sample belongs to the
innermost frame whose file is listed below, so that SQLAlchemy's time is its caller's. Where the system refuses to let
one process look into another (ptrace), py-spy says so: run it as root.
"""

import argparse
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks.speed.processes import CannotMeasure, Launchpad, read_last_words, wait_until
from benchmarks.speed.scripts import run_mock

_RATE = 200  # looks a second
_SECONDS = 120.0
_SHOWN = 5

# Innermost frames of threads that wait, which py-spy takes for work.
_WAITS = ("Condition.wait (", "EpollSelector.select (", "_worker (", "Thread._wait_for_tstate_lock (", "sigwait (")

# The first that a frame's file contains says to what it belongs.
_PARTS = (
    ("agentmesh_dagster/store/", "our store: steps, events, runs"),
    ("agentmesh_dagster/providers/", "model calls: openai SDK and HTTP"),
    ("/openai/", "model calls: openai SDK and HTTP"),
    ("/httpx2/", "model calls: openai SDK and HTTP"),
    ("/httpcore2/", "model calls: openai SDK and HTTP"),
    ("agentmesh_dagster/extensions/sqlite", "Dagster's storage: its events and runs"),
    ("/dagster/_core/execution/compute_logs", "Dagster's capture of what is printed"),
    ("/dagster/_core/storage/local_compute_log", "Dagster's capture of what is printed"),
    ("/dagster/_core/storage/", "Dagster's storage: its events and runs"),
    ("/dagster_shared/serdes/", "Dagster's events as JSON"),
    ("/dagster/_serdes/", "Dagster's events as JSON"),
    ("/dagster/_core/events/", "Dagster's events: making them"),
    ("/dagster/_core/log_manager", "Dagster's events: making them"),
    ("agentmesh_dagster/extensions/", "our executor"),
    ("agentmesh_dagster/runtime/", "our runtime: what a step does"),
    ("agentmesh_dagster/graph/", "our runtime: what a step does"),
    ("agentmesh_dagster/translator/", "our translator, control and code location"),
    ("agentmesh_dagster/control/", "our translator, control and code location"),
    ("agentmesh_dagster/code_location/", "our translator, control and code location"),
    ("/dagster/_config/", "Dagster's definitions, config and plan"),
    ("/dagster/_core/definitions/", "Dagster's definitions, config and plan"),
    ("/dagster/_core/execution/", "Dagster's execution of steps"),
    ("/dagster/_core/executor/", "Dagster's execution of steps"),
    ("/dagster/", "Dagster, the rest"),
)


def name_part(stack: str) -> str:
    """To what a stack of py-spy's belongs: `function (file);function (file);…`, the innermost last."""
    for frame in reversed(stack.split(";")):
        for path, part in _PARTS:
            if path in frame:
                return part
    return "Python, the rest"


def count_parts(lines: Iterable[str]) -> Counter[str]:
    """Part → samples of threads at work, from py-spy's raw format: a stack, a space and how often it was seen."""
    counted: Counter[str] = Counter()
    for line in lines:
        stack, _, seen = line.rpartition(" ")
        if stack and not stack.rpartition(";")[2].startswith(_WAITS):
            counted[name_part(stack)] += int(seen)
    return counted


def profile(runs: int) -> str:
    """The table. Raises CannotMeasure when py-spy is not there, or may not look."""
    spy = shutil.which("py-spy", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
    if spy is None:
        raise CannotMeasure("py-spy is not installed: pip install -e '.[bench]'")
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        pad, raw = Launchpad(Path(folder)), Path(folder) / "stacks.txt"
        with run_mock(pad) as mock:
            command = (sys.executable, "-m", "benchmarks.speed.warm_runs", "--runs", str(runs))
            environment = {"OPENAI_BASE_URL": f"{mock}/v1", "OPENAI_API_KEY": "x"}
            with pad.running(command, environment, output=subprocess.PIPE) as looked_at:
                assert looked_at.process.stdout is not None
                if looked_at.process.stdout.readline().strip() != "ready":
                    raise CannotMeasure(read_last_words(looked_at.log))
                pid = str(looked_at.process.pid)
                options = ("--pid", pid, "--rate", str(_RATE), "--format", "raw", "--full-filenames", "--nolineno")
                with pad.running((spy, "record", *options, "--output", str(raw)), {}) as looking:
                    wait_until(lambda: "Sampling process" in looking.log.read_text(), looking, _SECONDS)
                    looked_at.process.send_signal(signal.SIGUSR1)
                    walls = [float(line) for line in looked_at.process.stdout]
                    looking.wait(_SECONDS)
        return _write(count_parts(raw.read_text().splitlines()), walls)


def _write(counted: Counter[str], walls: list[float]) -> str:
    total = sum(counted.values())
    lines = [
        f"G1 at 0 ms, warm, one process: median {statistics.median(walls) * 1000:.0f} ms a run while it is looked at;",
        f"its threads are at work for {total / _RATE / len(walls) * 1000:.0f} ms of a run ({total} samples).",
        "",
        "| cost | ms a run | share |",
        "|---|---|---|",
    ]
    for part, seen in counted.most_common(_SHOWN):
        lines.append(f"| {part} | {seen / _RATE / len(walls) * 1000:.1f} | {seen / total:.0%} |")
    rest = sum(seen for _, seen in counted.most_common()[_SHOWN:])
    lines.append(f"| all others | {rest / _RATE / len(walls) * 1000:.1f} | {rest / total:.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30)
    print(profile(parser.parse_args().runs))
