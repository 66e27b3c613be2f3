"""How fast AgentMesh is, and its peers in the same benchmark: each round everybody has a turn, medians are compared.

    python -m benchmarks.speed [--rounds 5] [--output speed.json] [--plot speed.svg]

Run it at the repository's root, on Linux, on a machine that does nothing else. The report goes to standard output.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from agentmesh_dagster.errors import AgentMeshError
from benchmarks.speed.machine import CPUS, PATIENCE
from benchmarks.speed.plot import draw
from benchmarks.speed.processes import ROOT, CannotMeasure, Launchpad
from benchmarks.speed.samples import Sample
from benchmarks.speed.scripts import run_mock
from benchmarks.speed.stack import STOCK_PARTS
from benchmarks.speed.table import ROWS, judge, write_report
from benchmarks.speed.turns import Site, Task, Turn, list_turns
from benchmarks.speed.venvs import CACHE, REQUIREMENTS, Venv, list_own_packages, prepare_venv

_KEYS = (*dict.fromkeys(row.key for row in ROWS), "peers")


@dataclass
class Results:
    """What is known so far; written after each turn, so that an end too early loses nothing."""

    task: Task
    about: dict[str, Any]
    output: Path | None
    samples: list[Sample] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)  # who → why

    def write(self) -> None:
        if self.output is None:
            return
        content = {
            "about": self.about,
            "rows": [asdict(one) for one in judge(self.samples, self.task.rows)],
            "not_measured": self.not_measured,
            "samples": [sample.to_json() for sample in self.samples],
        }
        self.output.write_text(json.dumps(content, indent=1) + "\n")


def measure(task: Task, peers: Sequence[str], cache: Path, output: Path | None) -> Results:
    """All rounds; whoever could not be measured is named with the reason, and left out from then on."""
    results = Results(task, _describe(task), output)
    venvs = _prepare(peers, cache, results)
    with tempfile.TemporaryDirectory(prefix="speed-") as folder, ExitStack() as ending:
        logs = Path(folder) / "logs"
        logs.mkdir()
        pad = Launchpad(logs)
        ending.callback(pad.end_all)
        site = Site(task, pad, ending.enter_context(run_mock(pad)), venvs, Path(folder))
        turns = list_turns(site)
        for number in range(1, task.rounds + 1):
            for turn in turns:
                if turn.who not in results.not_measured and number <= (turn.rounds or task.rounds):
                    _say(f"round {number} of {task.rounds}: {turn.who}")
                    _take(turn, number, results)
                    results.write()
    return results


def _take(turn: Turn, number: int, results: Results) -> None:
    try:
        for sample in turn.take(number):
            results.samples.append(sample)
    except (CannotMeasure, AgentMeshError, httpx2.HTTPError, TimeoutError) as fault:
        results.not_measured[turn.who] = f"{type(fault).__name__} in round {number}: {fault}"
        _say(f"  not measured: {fault}")


def _prepare(peers: Sequence[str], cache: Path, results: Results) -> dict[str, Venv]:
    venvs: dict[str, Venv] = {}
    for peer in peers:
        _say(f"environment of {peer} in {cache / peer}")
        try:
            venvs[peer] = prepare_venv(peer, cache)
            results.about["packages"][peer] = venvs[peer].list_packages()
        except CannotMeasure as fault:
            results.not_measured[peer] = str(fault)
    return venvs


def _describe(task: Task) -> dict[str, Any]:
    return {
        "date": time.strftime("%FT%TZ", time.gmtime()),
        "commit": _ask_git("rev-parse", "HEAD"),
        "changed_files": len(_ask_git("status", "--porcelain").splitlines()),
        "cpus": CPUS,
        "processor": platform.processor() or platform.machine(),
        "python": sys.version,
        "load_before": os.getloadavg()[0],
        "task": asdict(task) | {"rows": sorted(task.rows)},
        "packages": {"agentmesh": list_own_packages()},
    }


def _ask_git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _say(text: str) -> None:
    print(f"{time.strftime('%T')} {text}", file=sys.stderr, flush=True)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3, help="of each graph at 0 ms in a round")
    parser.add_argument("--launches", type=int, default=4, help="of G1 through the running stack in a round")
    parser.add_argument("--burst", type=int, default=100, help="runs asked for at once, in the last round")
    parser.add_argument("--peers", default=",".join(REQUIREMENTS), help="by comma; '' for none")
    parser.add_argument("--rows", default=",".join(_KEYS), help="of the report, by comma: %(default)s")
    parser.add_argument(
        "--stock",
        nargs="?",
        const=",".join(STOCK_PARTS),
        default="",
        help="ours with Dagster's own parts, all of them or by comma: %(const)s",
    )
    parser.add_argument("--venvs", type=Path, default=CACHE, help="folder of the peers' environments: %(default)s")
    parser.add_argument("--patience", type=float, default=20.0, help="longest wait for an idle machine, in seconds")
    parser.add_argument("--output", type=Path, help="JSON file for the results, with everything measured")
    parser.add_argument("--plot", type=Path, help="SVG file for the plot (needs the extra `bench`)")
    return parser.parse_args()


def main() -> None:
    given = _read_options()
    os.environ[PATIENCE] = str(given.patience)  # the peers' processes have it from us
    # A shell's `&` has us and our children ignore it; and servers are ended by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    task = Task(
        rounds=given.rounds,
        runs=given.runs,
        launches=given.launches,
        burst=given.burst,
        rows=frozenset(_choose(given.rows, _KEYS)),
        stock=tuple(_choose(given.stock, STOCK_PARTS)),
    )
    try:
        results = measure(task, _choose(given.peers, REQUIREMENTS), given.venvs, given.output)
    except KeyboardInterrupt:
        raise SystemExit("\nInterrupted: all processes are ended; --output has what was measured before.") from None
    reached = judge(results.samples, task.rows)
    print(write_report(reached, results.samples, results.not_measured, with_peers="peers" in task.rows))
    if given.plot:
        about = results.about
        draw(results.samples, given.plot, f"medians, {CPUS} CPUs, {about['date'][:10]}, commit {about['commit'][:10]}")


def _choose(given: str, known: Sequence[str] | dict[str, Any]) -> list[str]:
    chosen = [name for name in given.split(",") if name]
    if unknown := [name for name in chosen if name not in known]:
        raise SystemExit(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return chosen


if __name__ == "__main__":
    main()
