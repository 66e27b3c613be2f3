"""What a loop costs that may be played a hundred times and is left in its second round, and what a round costs.

    python -m benchmarks.loops [--runs 7] [--rounds 10,50,100] [--no-stack] [--cpu] [--profile]

Run it at the repository's root. A body has five nodes that do nothing: what is measured is what surrounds them. First
through `agentmesh dev`, from the request to the end of the run; then in this process, which is warm, from a launch to
its end. Beside a loop of n rounds stands a chain of the same nodes. `--cpu` counts this process's seconds of a
processor instead, which a busy machine changes less; `--profile` says where the time of the long loop goes.
"""

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import dagster as dg
import httpx2

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.entities.models import RunStatus, Workflow
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.store.runs import get_run
from tests.process.servers import run_dev
from tests.shapes import node, save, workflow

_BODY = ("a", "b", "c", "d", "e")  # the last leads back to the first
_FEW, _MANY = 3, 100  # rounds that may be played
_PLAYED = 2


def build_loop(max_rounds: int, played: int) -> Workflow:
    """start → a → … → e → end, and from e to a again until so many rounds were played."""
    edges = [f"{one} -> {next_one}" for one, next_one in pairwise(("start", *_BODY))]
    edges += [f"e -> a if context.round < {played}, {max_rounds} rounds", "e -> end"]
    nodes = [node(name, "branch", mode="all") for name in _BODY[:-1]]
    return workflow(
        f"loop-{max_rounds}-{played}",
        [node("start", "start"), *nodes, node("e", "branch", mode="first"), node("end", "end")],
        edges,
    )


def build_chain(rounds: int) -> Workflow:
    """The same nodes as so many rounds, one behind the other."""
    names = [f"{name}{number}" for number in range(rounds) for name in _BODY]
    edges = [f"{one} -> {next_one}" for one, next_one in pairwise(("start", *names, "end"))]
    nodes = [node(name, "branch", mode="all") for name in names]
    return workflow(f"chain-{rounds}", [node("start", "start"), *nodes, node("end", "end")], edges)


def compare(run: Callable[[Workflow], float], runs: int) -> None:
    """The loop of a hundred rounds beside that of three, left in the second."""
    few, many = _take_turns(run, [build_loop(_FEW, _PLAYED), build_loop(_MANY, _PLAYED)], runs)
    for what, choose in _FIGURES.items():
        one, other = choose(few), choose(many)
        _say(f"{what}: maxRounds {_FEW} {one:.3f} s, {_MANY} {other:.3f} s; ratio {other / one:.2f}")


def measure_rounds(run: Callable[[Workflow], float], rounds: Sequence[int], runs: int) -> None:
    """What a round costs, and what its nodes cost in a chain."""
    for number in rounds:
        turns = _take_turns(run, [build_loop(max(number, 2), number), build_chain(number)], runs)
        for what, choose in _FIGURES.items():
            loop, chain = (choose(times) * 1000 / number for times in turns)
            _say(f"{what}: {number} rounds, {loop:.1f} ms each, in a chain {chain:.1f} ms, {loop - chain:+.1f} ms")


def _take_turns(run: Callable[[Workflow], float], flows: Sequence[Workflow], runs: int) -> list[tuple[float, ...]]:
    """The seconds of each workflow's runs, in turn, so that what else the machine does hits all; the first is none."""
    turns = [[run(flow) for flow in flows] for _ in range(runs + 1)][1:]
    return list(zip(*turns, strict=True))


_FIGURES: dict[str, Callable[[Sequence[float]], float]] = {
    "median": median,
    "least": min,
}  # others slow down, none helps


def run_here(
    services: Services, instance: dg.DagsterInstance, flow: Workflow, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds from the launch to the end of the run, in this process."""
    save(services, flow)
    started = clock()
    launch = prepare_launch(services, instance, flow, {}, launched_by="benchmark")
    assert run_in_place(services, instance, launch)
    seconds = clock() - started
    with services.store.read() as connection:
        assert get_run(connection, launch.run_id).status is RunStatus.SUCCEEDED
    return seconds


def run_there(client: httpx2.Client, flow: Workflow) -> float:
    """Seconds from the request to the end of the run, through a server."""
    if client.get(f"/api/workflows/{flow.id}").status_code == 404:
        assert client.post("/api/workflows", json=flow.to_wire()).status_code == 201
        time.sleep(5)  # the code location follows
    asked_at = time.time()
    run_id = client.post(f"/api/workflows/{flow.id}/runs", json={"input": {}}).json()["runId"]
    while (run := client.get(f"/api/runs/{run_id}", params={"maxValueChars": 100}).json())["status"] in _OPEN:
        time.sleep(0.1)
    assert run["status"] == "succeeded", run
    return datetime.fromisoformat(run["finishedAt"]).timestamp() - asked_at


_OPEN = ("pending", "running")


def _profile(run: Callable[[Workflow], float]) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(run, build_loop(_MANY, _PLAYED))
    pstats.Stats(profiler).sort_stats("cumtime").print_stats(70)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--rounds", default="10,50,100")
    parser.add_argument("--no-stack", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not given.no_stack:
            with run_dev(Path(folder, "dev")) as dev, dev.open_client() as client:
                _say("through `agentmesh dev`:")
                compare(lambda flow: run_there(client, flow), given.runs)
        os.environ |= {"AGENTMESH_HOME": str(Path(folder, "home")), "AGENTMESH_CONSOLE_LOG_LEVEL": "CRITICAL"}
        services = open_services()
        with open_instance(services.settings) as instance:
            _say("in a warm process:")
            clock = time.process_time if given.cpu else time.perf_counter
            compare(lambda flow: run_here(services, instance, flow, clock), given.runs)
            if given.profile:
                _profile(lambda flow: run_here(services, instance, flow))
            elif given.rounds:
                rounds = [int(number) for number in given.rounds.split(",")]
                measure_rounds(lambda flow: run_here(services, instance, flow, clock), rounds, max(3, given.runs // 2))


if __name__ == "__main__":
    main()
