"""What all that runs the graphs in a process of its own has in common: what it is told, and what it tells.

It is told by its command line and environment, and tells one JSON line for each measured run on standard output:
`{"graph", "latency_ms", "values": {"wall", "cpu", "answer"?}, "others", "load"}`. Standard library only.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.speed.arrivals import wait_for_arrivals
from benchmarks.speed.graphs import GRAPHS
from benchmarks.speed.machine import MARK, Meter, Stretch


@dataclass(frozen=True)
class Answered:
    """What a run of G4 says of its gate."""

    at: float  # unix time just before the answer was given
    idle_s: float = 0.0  # that it was left waiting on purpose: no part of its time


Run = Callable[[str, int], Answered | None]  # graph, latency in milliseconds


@dataclass(frozen=True)
class Task:
    graphs: tuple[str, ...]
    latencies: tuple[int, ...]
    runs: int  # of each graph at 0 ms
    slow_runs: int  # of each graph at a higher latency
    warm: int  # of each graph before all others, not measured
    benchmark: str  # the first part of its mark
    mock: str  # the mock model's address, without `/v1`


def read_task(parser: argparse.ArgumentParser | None = None) -> tuple[Task, argparse.Namespace]:
    """From this process's command line, which may have options of its own, and environment."""
    parser = parser or argparse.ArgumentParser()
    parser.add_argument("--graphs", default=",".join(GRAPHS))
    parser.add_argument("--latencies", default="0,500", help="of the mock model, in milliseconds")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slow-runs", type=int, default=1, help="at a latency above 0")
    parser.add_argument("--warm", type=int, default=1)
    given = parser.parse_args()
    task = Task(
        graphs=tuple(given.graphs.split(",")),
        latencies=tuple(int(ms) for ms in given.latencies.split(",")),
        runs=given.runs,
        slow_runs=given.slow_runs,
        warm=given.warm,
        benchmark=os.environ[MARK].partition("/")[0],
        mock=os.environ["OPENAI_BASE_URL"].removesuffix("/v1"),
    )
    return task, given


def play(task: Task, run: Run) -> None:
    """Runs each graph at each latency, and tells what each run took."""
    for graph in task.graphs:
        for _ in range(task.warm):
            run(graph, min(task.latencies))
    for latency_ms in task.latencies:
        for graph in task.graphs:
            for _ in range(task.slow_runs if latency_ms else task.runs):
                _measure(task, run, graph, latency_ms)


def _measure(task: Task, run: Run, graph: str, latency_ms: int) -> None:
    with Meter(task.benchmark) as meter:
        answered = run(graph, latency_ms)
    stretch = meter.stretch
    assert stretch is not None
    values = {"wall": stretch.wall_s, "cpu": stretch.cpu_s}
    if answered is not None:
        values["wall"] -= answered.idle_s
        values["answer"] = wait_for_arrivals(task.mock, answered.at, 1)[0].at - answered.at
    tell(graph, latency_ms, values, stretch)


def tell(graph: str, latency_ms: int, values: Mapping[str, float], stretch: Stretch) -> None:
    line = {
        "graph": graph,
        "latency_ms": latency_ms,
        "values": {name: round(value, 5) for name, value in values.items()},
        "others": round(stretch.others, 3),
        "load": round(stretch.load, 2),
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
