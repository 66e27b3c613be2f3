"""A thousand runs wait, then a thousand answers come at once: what the sensor makes of it, in figures.

    python -m benchmarks.gates_at_scale [--runs 1000] [--database-url postgresql://…]

Run it at the repository's root. Each tick is `keep_up` in a process of its own, as in a code server; nothing is
executed. Dagster's own storage is SQLite, which makes a file for each launch: that is most of the time.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import dagster as dg

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.store.gates import list_open_gates
from agentmesh_dagster.store.launches import list_launches
from tests.faults.multiply import multiply
from tests.shapes import node, save, workflow

_TICK_LIMIT_SECONDS = 60.0  # Dagster ends a sensor's tick then


@contextmanager
def _open(home: Path, database_url: str | None) -> Generator[tuple[Services, dg.DagsterInstance]]:
    os.environ |= {"AGENTMESH_HOME": str(home), "AGENTMESH_CONSOLE_LOG_LEVEL": "CRITICAL"}
    os.environ |= {"AGENTMESH_DATABASE_URL": database_url} if database_url else {}
    services = open_services()
    with open_instance(services.settings) as instance:
        yield services, instance


def measure(count: int, home: Path, database_url: str | None) -> None:
    """Prints the figures; AssertionError when a run is resumed twice or never, or a tick is too long."""
    with _open(home, database_url) as (services, instance):
        nodes = [node("start", "start"), node("gate", "human_approval"), node("end", "end")]
        flow = workflow("w", nodes, ["start -> gate", "gate -> end"])
        save(services, flow)
        launch = prepare_launch(services, instance, flow, {}, launched_by="benchmark")
        run_in_place(services, instance, launch)
        run_ids = [launch.run_id, *multiply(services, instance, launch.run_id, count - 1)]

        seconds = _time(lambda: run_maintenance(services, instance))
        _say(f"{count} runs wait: a tick takes {seconds:.2f} s")

        with services.store.read() as connection:
            waiting = [gate.step_id for gate in list_open_gates(connection, limit=count)]
        answer = Answer({"approved": True}, by="ann", via="test")
        answers = [_time(lambda step_id=step_id: answer_gate(services, step_id, answer)) for step_id in waiting]
        middle, slowest = sorted(answers)[len(answers) // 2] * 1000, max(answers) * 1000
        _say(f"{count} answers: {sum(answers):.1f} s, the middle one {middle:.1f} ms, the slowest {slowest:.1f} ms")

        resumed: Counter[str] = Counter()
        ticks: list[float] = []
        while len(resumed) < count:
            page = _tick(home, database_url)
            resumed.update(page.resumed)
            ticks.append(page.seconds)
            _say(f"tick {len(ticks)}: {len(page.resumed)} resumed in {page.seconds:.1f} s")
        _say(f"one more tick with {count} in the queue: {_tick(home, database_url).seconds:.2f} s")

        assert max(ticks) < _TICK_LIMIT_SECONDS
        assert set(resumed) == set(run_ids)
        assert set(resumed.values()) == {1}
        with services.store.read() as connection:
            assert {len(list_launches(connection, run_id)) for run_id in run_ids} == {2}
        assert instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])) == count
        _say(f"all {count} resumed, each once, in {len(ticks)} ticks and {sum(ticks):.0f} s")


@dataclass(frozen=True)
class _Page:
    """What one tick resumed."""

    resumed: list[str]  # run ids
    seconds: float


def _tick(home: Path, database_url: str | None) -> _Page:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_tick_here, args=(home, database_url, sender))
    process.start()
    resumed, seconds = receiver.recv()
    process.join()
    return _Page(resumed, seconds)


def _tick_here(home: Path, database_url: str | None, sender: Connection) -> None:
    with _open(home, database_url) as (services, instance):
        started = time.monotonic()
        resumed = run_maintenance(services, instance).resumed
        sender.send((resumed, time.monotonic() - started))


def _time(do: Callable[[], object]) -> float:
    started = time.monotonic()
    do()
    return time.monotonic() - started


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--database-url", help="an empty PostgreSQL database; SQLite unless given")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given.runs, Path(folder) / "home", given.database_url)
