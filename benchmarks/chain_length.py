"""Whether a node costs the same in a graph of 1,000 nodes as in one of 10, in figures.

    python -m benchmarks.chain_length [--nodes 10,100,1000] [--runs 3] [--executor in_process] [--profile]

Run it at the repository's root. A chain, and as many nodes side by side before one join: each node adds two numbers,
so what is measured is what surrounds it. Both are executed in this process, through Dagster, on SQLite. `--profile`
says how much of the time of the largest graph is spent where.
"""

import argparse
import cProfile
import os
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import dagster as dg

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.entities.models import RunStatus, Tool, Workflow
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.store.runs import get_run
from tests.shapes import node, save, workflow

_TOOL = Tool.model_validate(
    {"id": "calculate", "name": "Calculate", "type": "builtin", "config": {"functionName": "calculator"}}
)
_PARTS = ("agentmesh_dagster", "dagster", "sqlalchemy")  # whose functions the profile counts together


def build_chain(count: int) -> Workflow:
    """start → n1 → … → end."""
    names = ["start", *(f"n{number}" for number in range(count)), "end"]
    edges = [f"{one} -> {next_one}" for one, next_one in pairwise(names)]
    return workflow(f"chain-{count}", _nodes(count), edges)


def build_fan(count: int) -> Workflow:
    """start → n1, n2, … → end."""
    edges = [edge for number in range(count) for edge in (f"start -> n{number}", f"n{number} -> end")]
    return workflow(f"fan-{count}", _nodes(count), edges)


def _nodes(count: int) -> list[dict[str, object]]:
    adds = [node(f"n{number}", "tool", toolId="calculate", input={"expression": "1 + 1"}) for number in range(count)]
    return [node("start", "start"), *adds, node("end", "end")]


def measure(services: Services, instance: dg.DagsterInstance, flow: Workflow, runs: int) -> float:
    """The median time of a run, in ms for each of its nodes."""
    save(services, flow)
    times = [_run(services, instance, flow) for _ in range(runs)]
    return statistics.median(times) * 1000 / len(flow.graph.nodes)


def _run(services: Services, instance: dg.DagsterInstance, flow: Workflow) -> float:
    launch = prepare_launch(services, instance, flow, {}, launched_by="benchmark")
    started = time.perf_counter()
    assert run_in_place(services, instance, launch)
    seconds = time.perf_counter() - started
    with services.store.read() as connection:
        assert get_run(connection, launch.run_id).status is RunStatus.SUCCEEDED
    return seconds


def _profile(services: Services, instance: dg.DagsterInstance, flow: Workflow) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(_run, services, instance, flow)
    stats = pstats.Stats(profiler)
    spent = dict.fromkeys((*_PARTS, "other"), 0.0)
    for (file, _, _), (_, _, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        spent[next((part for part in _PARTS if f"/{part}/" in file), "other")] += own
    total = sum(spent.values())
    _say(f"{flow.id}: " + ", ".join(f"{part} {own / total:.0%}" for part, own in spent.items()))
    stats.sort_stats("tottime").print_stats(25)
    stats.sort_stats("cumtime").print_stats("agentmesh_dagster", 25)


def _show(build: Callable[[int], Workflow], counts: Sequence[int], figures: Sequence[float]) -> None:
    shown = ", ".join(f"{count:,} nodes {figure:.1f} ms" for count, figure in zip(counts, figures, strict=True))
    name = build.__name__.removeprefix("build_")
    _say(f"{name}: {shown} for each node; ratio {figures[-1] / figures[0]:.2f}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nodes", default="10,100,1000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--executor")
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    counts = [int(count) for count in given.nodes.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"AGENTMESH_HOME": str(Path(folder, "home")), "AGENTMESH_CONSOLE_LOG_LEVEL": "CRITICAL"}
        os.environ |= {"AGENTMESH_EXECUTOR": given.executor} if given.executor else {}
        services = open_services()
        with open_instance(services.settings) as instance:
            save(services, _TOOL)
            for build in (build_chain, build_fan):
                measure(services, instance, build(3), 1)  # the first run of a process imports and compiles
                figures = [measure(services, instance, build(count), given.runs) for count in counts]
                _show(build, counts, figures)
                if given.profile:
                    _profile(services, instance, build(counts[-1]))


if __name__ == "__main__":
    main()
