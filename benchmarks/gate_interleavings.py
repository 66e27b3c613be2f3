"""Plays thousands of random interleavings of everything that can happen to runs that wait for people.

    python -m benchmarks.gate_interleavings --count 10000 --seed 1

Each interleaving is a random workflow with gates, waits, loops, an `each`, sub-workflows, children and caught faults,
and some twenty actions in random order: answers, double answers, passing deadlines and timers, events, callbacks,
launches at work, sensor ticks, the web server's look at children, retries, cancels, and processes that die, or are
overtaken, in the middle. What must hold is checked after each action, and after the faults against a model: see
`tests/gates`. The store and all of our code are real; Dagster's part is played by `tests/gates/driver.py`.
"""

import argparse
import os
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from agentmesh_dagster.runtime.services import Services, open_services
from tests.gates.interleavings import Interleaving, play_on
from tests.gates.watched_store import WatchedStore

BATCH = 100  # interleavings that one seed stands for
ACTIONS = 20
SHOWN_VIOLATIONS = 5


def main() -> int:
    """Plays until the count is reached, the minutes are over or too much is wrong; 1 if anything was."""
    given = _read_arguments()
    with tempfile.TemporaryDirectory(dir=_fast_folder()) as folder:
        services = _open(given.database, Path(folder))
        began = time.monotonic()
        played = actions = number = 0
        violations: list[int] = []
        while played < given.count and time.monotonic() - began < given.minutes * 60:
            this_seed = given.seed + number
            number += 1
            machine = play_on(services)
            try:
                _play(machine, this_seed, shrinks=given.shrink)
            except Exception as error:  # noqa: BLE001 whatever it is, it must not have happened
                violations.append(this_seed)
                _show(this_seed, error)
            played, actions = played + machine.played, actions + machine.actions_done
            seconds = time.monotonic() - began
            print(f"seed {this_seed}: {played:,} interleavings, {actions:,} actions, {seconds:,.0f} s", flush=True)
            if len(violations) >= SHOWN_VIOLATIONS:
                break
        print(
            f"\n{played:,} interleavings with {actions:,} actions on {given.database.partition(':')[0]},"
            f" seeds {given.seed} to {given.seed + number - 1}, {BATCH} each, in {seconds:,.0f} s:"
            f" {played / seconds:.1f} a second, {len(violations)} violations {violations or ''}"
        )
    return 1 if violations else 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="how many interleavings (default 10,000)")
    parser.add_argument("--seed", type=int, default=1, help=f"the first seed; each stands for {BATCH} interleavings")
    parser.add_argument("--database", default="sqlite", help="sqlite, or the URL of an empty PostgreSQL database")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so many minutes")
    parser.add_argument("--shrink", action="store_true", help="shrink what is found; may take minutes each")
    return parser.parse_args()


def _fast_folder() -> str | None:
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and os.access(memory, os.W_OK) else None


def _open(database: str, folder: Path) -> Services:
    os.environ["AGENTMESH_HOME"] = str(folder)
    os.environ["AGENTMESH_LEASE_SECONDS"] = "3600"  # leases end when an action says so
    if database != "sqlite":
        os.environ["AGENTMESH_DATABASE_URL"] = database
    services = open_services()
    return replace(services, store=WatchedStore(services.store.url))


def _play(machine: type[Interleaving], this_seed: int, *, shrinks: bool) -> None:
    run_state_machine_as_test(
        seed(this_seed)(machine),
        settings=settings(
            max_examples=BATCH,
            stateful_step_count=ACTIONS,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
            report_multiple_bugs=False,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _show(this_seed: int, error: Exception) -> None:
    print(f"\nVIOLATION with --seed {this_seed}: {type(error).__name__}: {error}", file=sys.stderr)
    print("\n".join(getattr(error, "__notes__", ())), file=sys.stderr)
    print("".join(traceback.format_tb(error.__traceback__)[-3:]), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
