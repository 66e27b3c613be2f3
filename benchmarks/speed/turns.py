"""Whose turn it is: everybody that is measured, each with the servers that it needs, started for its turn only."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.speed import names
from benchmarks.speed.machine import Meter
from benchmarks.speed.processes import Launchpad, answers, find_free_port, wait_until
from benchmarks.speed.samples import Sample, read_line
from benchmarks.speed.scripts import run_script
from benchmarks.speed.stack import Stack, choose_parts, run_agentmesh, run_dagster
from benchmarks.speed.stack_turns import (
    Setting,
    measure_answer,
    measure_burst,
    measure_launch,
    measure_memory,
    warm_up,
)
from benchmarks.speed.venvs import Venv

_SERVER_SECONDS = 180.0
_CODE_STARTS, _CODE_SECONDS = 3, 1800.0
_STACK_ROWS = frozenset({"launch", "finish", "answer", "execution", "memory", "peers"})
_PROCESS_ROWS = frozenset({"overhead", "peers"})
_ONLY_G1 = ("--graphs", "G1", "--latencies", "0")
_PEERS = {"asyncio": names.ASYNCIO, "langgraph": names.LANGGRAPH, "dbos": names.DBOS}


@dataclass(frozen=True)
class Task:
    """What the benchmark was asked for."""

    rounds: int
    runs: int  # of each graph at 0 ms in a round
    launches: int  # of G1 through the running stack in a round
    burst: int  # runs asked for at once
    rows: frozenset[str]
    stock: tuple[str, ...]  # parts of ours that stay Dagster's own


@dataclass(frozen=True)
class Site:
    """What all turns share."""

    task: Task
    pad: Launchpad
    mock: str  # the mock model's address
    venvs: Mapping[str, Venv]  # peer → where it is installed
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"OPENAI_BASE_URL": f"{self.mock}/v1", "OPENAI_API_KEY": "x", "DO_NOT_TRACK": "1"}

    def make_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder


@dataclass(frozen=True)
class Turn:
    who: str
    rows: frozenset[str]  # of the report, that it serves
    take: Callable[[int], Iterator[Sample]]  # is given the round, from 1; raises CannotMeasure
    rounds: int | None = None  # only in the first so many: it takes long, or does rounds of its own


def list_turns(site: Site) -> list[Turn]:
    """Those that serve the rows asked for, and whose environment there is, in the order of a round."""
    turns = [Turn(names.MESH_PROCESS, _PROCESS_ROWS, partial(_take_own_process, site))]
    if "dagster" in site.venvs:
        here, worker = partial(_take_dagster, site, "execute_in_process"), partial(_take_dagster, site, "in_process")
        multiprocess = partial(_take_dagster, site, "multiprocess")
        turns += [
            Turn(names.DAGSTER_HERE, _PROCESS_ROWS, here),
            Turn(names.DAGSTER_WORKER, _PROCESS_ROWS, worker),
            Turn(names.DAGSTER_STACK, _STACK_ROWS, partial(_take_dagster_stack, site)),
            Turn(names.DAGSTER_MULTIPROCESS, frozenset({"peers"}), multiprocess, rounds=1),
        ]
    turns.append(Turn(names.MESH_STACK, _STACK_ROWS | {"burst"}, partial(_take_own_stack, site)))
    turns += [
        Turn(who, frozenset({"peers"}), partial(_take_peer, site, peer))
        for peer, who in _PEERS.items()
        if peer in site.venvs
    ]
    if "prefect" in site.venvs:
        turns.append(Turn(names.PREFECT, frozenset({"peers"}), partial(_take_prefect, site)))
    turns.append(Turn(names.MESH_WORKER, frozenset({"worker"}), partial(_take_worker_start, site), rounds=1))
    turns.append(Turn(names.MESH_LOCATION, frozenset({"code"}), partial(_take_code_location, site), rounds=1))
    return [turn for turn in turns if turn.rows & site.task.rows]


def _take_own_process(site: Site, number: int) -> Iterator[Sample]:
    home = site.make_folder(f"process-{number}") / "home"
    settings = {**choose_parts(home, site.task.stock), "AGENTMESH_HOME": str(home)}
    options = ("--runs", str(site.task.runs), *([] if "peers" in site.task.rows else _ONLY_G1))
    yield from _run(site, names.MESH_PROCESS, number, sys.executable, "in_place", options, settings)


def _take_peer(site: Site, peer: str, number: int) -> Iterator[Sample]:
    options = ("--runs", str(site.task.runs))
    yield from _run(site, _PEERS[peer], number, site.venvs[peer].python, f"peers.on_{peer}", options, {})


def _take_dagster(site: Site, how: str, number: int) -> Iterator[Sample]:
    who, latencies, runs, warm = {
        "execute_in_process": (names.DAGSTER_HERE, "0", site.task.runs, 1),  # at 500 ms as the next
        "in_process": (names.DAGSTER_WORKER, "0,500", site.task.runs, 1),
        "multiprocess": (names.DAGSTER_MULTIPROCESS, "0,500", 1, 0),  # minutes for each run
    }[how]
    given = ["--how", how, "--runs", str(runs), "--warm", str(warm)]
    given += ["--graphs", "G1,G2,G3", "--latencies", latencies] if "peers" in site.task.rows else _ONLY_G1
    home = site.make_folder(f"dagster-{how}-{number}")
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    python = site.venvs["dagster"].python
    yield from _run(site, who, number, python, "peers.on_dagster", given, {"DAGSTER_HOME": str(home)})


def _take_prefect(site: Site, number: int) -> Iterator[Sample]:
    python, port = site.venvs["prefect"].python, find_free_port()
    home = site.make_folder(f"prefect-{number}")
    settings = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    command = (python, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    with site.pad.running(command, settings, folder=home) as server:
        wait_until(lambda: answers(f"{settings['PREFECT_API_URL']}/health"), server, _SERVER_SECONDS)
        options = ("--runs", str(site.task.runs))
        yield from _run(site, names.PREFECT, number, python, "peers.on_prefect", options, settings)


def _take_worker_start(site: Site, number: int) -> Iterator[Sample]:
    times = site.task.rounds * site.task.runs
    yield from _run(site, names.MESH_WORKER, number, sys.executable, "worker_start", ("--runs", str(times)), {})


def _take_code_location(site: Site, number: int) -> Iterator[Sample]:
    """The benchmark of its own that there is for that, and its figures."""
    setting = Setting(names.MESH_LOCATION, number, site.pad.benchmark, site.mock)
    output = site.folder / "code-location.json"
    starts = str(min(site.task.rounds, _CODE_STARTS))
    command = (sys.executable, "-m", "benchmarks.code_location", "--starts", starts, "--output", str(output))
    with Meter(site.pad.benchmark) as meter, site.pad.running(command, {}) as script:
        script.wait(_CODE_SECONDS)
    for each in json.loads(output.read_text())["each"]:
        yield from setting.write(meter, {"load": each["load"]})
        for seconds in each["edit"]:
            yield from setting.write(meter, {"edit": seconds})


def _run(
    site: Site,
    who: str,
    number: int,
    python: str,
    module: str,
    options: Sequence[str],
    settings: Mapping[str, str],
) -> Iterator[Sample]:
    for line in run_script(site.pad, python, module, options, {**site.environment, **settings}):
        yield from read_line(who, number, line)


def _take_own_stack(site: Site, number: int) -> Iterator[Sample]:
    setting = Setting(names.MESH_STACK, number, site.pad.benchmark, site.mock)
    folder = site.make_folder(f"stack-{number}")
    with run_agentmesh(site.pad, folder, site.environment, site.task.stock) as stack:
        warm_up(stack, times=2)
        yield from _measure_stack(site, setting, stack, site.task.launches, site.task.runs)
        if "burst" in site.task.rows and number == site.task.rounds:
            yield from measure_burst(setting, stack, site.task.burst)


def _take_dagster_stack(site: Site, number: int) -> Iterator[Sample]:
    setting = Setting(names.DAGSTER_STACK, number, site.pad.benchmark, site.mock)
    with run_dagster(
        site.pad, site.make_folder(f"dagster-dev-{number}"), site.environment, site.venvs["dagster"]
    ) as stack:
        warm_up(stack, times=1)
        yield from _measure_stack(site, setting, stack, launches=2, runs=1)  # ten seconds for each


def _measure_stack(site: Site, setting: Setting, stack: Stack, launches: int, runs: int) -> Iterator[Sample]:
    rows = site.task.rows
    if rows & {"launch", "finish", "peers"}:
        for _ in range(launches):
            yield from measure_launch(setting, stack, "G1", 0)
    if rows & {"execution", "peers"}:
        for _ in range(runs):
            yield from measure_launch(setting, stack, "G2", 500)
    if "peers" in rows:
        for graph, latency_ms in (("G1", 500), ("G2", 0), ("G3", 0), ("G3", 500)):
            yield from measure_launch(setting, stack, graph, latency_ms)
    if rows & {"answer", "peers"}:
        for _ in range(runs):
            yield from measure_answer(setting, stack)
    if "memory" in rows:
        yield from measure_memory(setting, stack)
