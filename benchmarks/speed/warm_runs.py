"""What `profile_run` looks at: AgentMesh in this process, warm, then as many runs of G1 as it is told, on a signal."""

import argparse
import signal
import tempfile
import time
from pathlib import Path

from benchmarks.speed.graphs import name_workflow
from benchmarks.speed.in_place import open_home, run_graph

_WARM = 3


def main() -> None:
    """Prints `ready`, waits for SIGUSR1, and prints the seconds of each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, required=True)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder, open_home(Path(folder) / "home") as (services, instance, workflows):
        g1 = workflows[name_workflow("G1", 0)]
        for _ in range(_WARM):
            run_graph(services, instance, g1)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        print("ready", flush=True)
        signal.sigwait({signal.SIGUSR1})
        for _ in range(runs):
            began = time.perf_counter()
            run_graph(services, instance, g1)
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
