"""What is measured on a running stack: launches, answers, memory, and a hundred runs at once."""

import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.speed.arrivals import wait_for_arrivals
from benchmarks.speed.graphs import GRAPHS, RUN_INPUT, name_workflow
from benchmarks.speed.machine import Meter, wait_until_idle
from benchmarks.speed.processes import CannotMeasure
from benchmarks.speed.samples import Sample, Series
from benchmarks.speed.stack import AgentMeshStack, Stack

_BURST_SECONDS = 1800.0
_SETTLED_SECONDS = 5.0
_LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Setting:
    """Where the samples of one stack in one round belong."""

    who: str
    round: int
    benchmark: str
    mock: str  # the mock model's address

    def write(
        self, meter: Meter, values: Mapping[str, float], graph: str = "", latency_ms: int = 0
    ) -> Iterator[Sample]:
        stretch = meter.stretch
        assert stretch is not None
        for what, value in values.items():
            series = Series(self.who, what, graph, latency_ms)
            yield Sample(series, value, self.round, round(stretch.others, 3), round(stretch.load, 2))


def warm_up(stack: Stack, times: int) -> None:
    for _ in range(times):
        stack.follow(stack.launch("G1", 0))


def measure_launch(setting: Setting, stack: Stack, graph: str, latency_ms: int) -> Iterator[Sample]:
    """One run, from before it is asked for to when the client knows that it has ended; times in seconds.

    `first step` is the stack's own account (our event `step.started` of the first step, Dagster's STEP_START); `first
    call` is when the mock model was first called.
    """
    with Meter(setting.benchmark) as meter:
        asked_at = time.time()
        seen = stack.follow(stack.launch(graph, latency_ms))
    values = {
        "first step": seen.first_step_at - asked_at,
        "first call": wait_for_arrivals(setting.mock, asked_at, 1)[0].at - asked_at,
        "ended": seen.ended_at - asked_at,
        "wall": seen.finished_at - asked_at,
        "overhead": GRAPHS[graph].overhead_ms(latency_ms, seen.finished_at - asked_at),
        "execution": seen.execution_s,
    }
    yield from setting.write(meter, values, graph, latency_ms)


def measure_answer(setting: Setting, stack: Stack) -> Iterator[Sample]:
    """G4: from before its gate is answered to when the next call arrives at the mock model, in seconds."""
    gate = stack.wait_for_gate(stack.launch("G4", 0))
    with Meter(setting.benchmark) as meter:
        answered_at = time.time()
        run_id = stack.answer(gate)
        arrived_at = wait_for_arrivals(setting.mock, answered_at, 1)[0].at
        stack.follow(run_id)
    yield from setting.write(meter, {"answer": arrived_at - answered_at}, "G4")


def measure_memory(setting: Setting, stack: Stack) -> Iterator[Sample]:
    """The stack at rest, after it has run something, and what a run of G1 at 500 ms adds at its peak, in megabytes."""
    time.sleep(_SETTLED_SECONDS)
    wait_until_idle()
    idle = statistics.median(stack.server.read_memory() for _ in range(3))
    peak = _Peak(stack)
    with Meter(setting.benchmark) as meter, peak:
        stack.follow(stack.launch("G1", 500))
    yield from setting.write(meter, {"idle memory": idle, "added memory": peak.megabytes - idle})


class _Peak:
    """The most memory that a stack has while something is done inside `with`."""

    def __init__(self, stack: Stack) -> None:
        self.megabytes = 0.0
        self._stack = stack
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_EVERY_SECONDS):
            self.megabytes = max(self.megabytes, self._stack.server.read_memory())


def measure_burst(setting: Setting, stack: AgentMeshStack, count: int) -> Iterator[Sample]:
    """So many runs of G1 at 0 ms asked for at once; the longest wait is from asking to the run's start, in seconds."""
    workflow_id = name_workflow("G1", 0)
    asked_at: dict[str, float] = {}

    def ask(_number: int) -> None:
        began = time.time()
        asked_at[stack.client.launch(workflow_id, RUN_INPUT)] = began

    with Meter(setting.benchmark) as meter:
        with ThreadPoolExecutor(count) as clients:
            list(clients.map(ask, range(count)))
        ended = _wait_for_all(stack, set(asked_at))
    last = max(run.finished_at.timestamp() for run in ended if run.finished_at)
    values = {
        "failed runs": float(sum(run.status.value != "succeeded" for run in ended)),
        "runs a minute": count / (last - min(asked_at.values())) * 60,
        "longest wait": max(run.started_at.timestamp() - asked_at[run.id] for run in ended if run.started_at),
    }
    yield from setting.write(meter, values, "G1")


def _wait_for_all(stack: AgentMeshStack, run_ids: set[str]) -> list:
    deadline = time.monotonic() + _BURST_SECONDS
    while True:
        time.sleep(1)
        runs = [run for run in stack.client.list_runs(workflow_id=name_workflow("G1", 0)) if run.id in run_ids]
        if len(runs) == len(run_ids) and all(run.status.is_end for run in runs):
            return runs
        if time.monotonic() > deadline:
            ended = sum(run.status.is_end for run in runs)
            raise CannotMeasure(f"{ended} of {len(run_ids)} runs had ended after {_BURST_SECONDS:g} s")
