"""`agentmesh dev` left alone for hours, with runs, answered gates and saves going on: does anything grow?

    python -m benchmarks.dev_soak [--minutes 60] [--every 5] [--output soak.json]

Run it at the repository's root, on Linux. It starts an `agentmesh dev` of its own, in a new home and with a folder of
its own for temporary files. Every `--every` seconds a run is started, in turn: one that ends by itself, one that waits
for a person, who answers. Then a workflow is saved, and what people look at is read. Every 10 seconds it is measured
what the stack holds. After the first third, which warms up, the figures must be flat; what the home grows by is told by
run.

Exit code 1 when a run was lost, the stack ended by itself, or something grew.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx2

from tests.process.documents import build_echo, build_gated
from tests.process.servers import RunningDev, run_dev, wait_until

_SAMPLE_EVERY_SECONDS = 10.0
_ENDS_WITHIN_SECONDS = 300.0  # a run; far more than it takes on a busy machine
_JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"


@dataclass(frozen=True)
class Sample:
    """What the stack held at one moment; run workers, which come and go, are counted by themselves."""

    seconds: float  # since the start
    runs: int  # ended by then
    processes: int
    workers: int
    pss: float  # units of 10⁶ bytes: pages that processes share are counted once
    rss: float  # the same, of each process in full
    descriptors: int
    threads: int
    temporary_files: int
    store_bytes: int


@dataclass(frozen=True)
class Verdict:
    """Whether one figure stayed as it was."""

    figure: str
    first: float  # medians of the first and the last tenth after the warm-up
    last: float
    growth: float  # of the straight line through all samples after the warm-up, from its begin to its end
    per_hour: float
    allowed: float
    is_flat: bool


# Figure → how much it may grow from the end of the warm-up to the end, whichever is more: absolutely, as a share.
_ALLOWED: dict[str, tuple[float, float]] = {
    "processes": (0.5, 0.0),
    "pss": (12.0, 0.03),
    "rss": (12.0, 0.03),
    "descriptors": (6.0, 0.0),
    "threads": (6.0, 0.0),
    "temporary_files": (2.0, 0.0),
}


@dataclass
class Actions:
    """What was done so far, and what went wrong."""

    runs: int = 0
    gates: int = 0
    saves: int = 0
    faults: list[str] = field(default_factory=list[str])


def measure(dev: RunningDev, temporary: Path, started: float, runs: int) -> Sample:
    """What the stack holds now."""
    pss = rss = 0.0
    descriptors = threads = processes = workers = 0
    for pid in dev.list_processes():
        folder = Path(f"/proc/{pid}")
        with suppress(OSError):  # it has just ended
            if (folder / "comm").read_text().startswith("run "):
                workers += 1
                continue
            memory = dict(_read_lines(folder / "smaps_rollup"))
            opened = len(list((folder / "fd").iterdir()))
            pss += memory["Pss"] / 1000
            rss += memory["Rss"] / 1000
            descriptors += opened
            threads += int(dict(_read_lines(folder / "status"))["Threads"])
            processes += 1
    return Sample(
        seconds=round(time.monotonic() - started, 1),
        runs=runs,
        processes=processes,
        workers=workers,
        pss=round(pss, 1),
        rss=round(rss, 1),
        descriptors=descriptors,
        threads=threads,
        temporary_files=sum(1 for _ in temporary.rglob("*")) + sum(1 for _ in (dev.home / "dev").iterdir()),
        store_bytes=sum(_size(file) for file in dev.home.rglob("*")),
    )


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size if file.is_file() else 0
    return 0


def _read_lines(file: Path) -> list[tuple[str, float]]:
    """The lines `Name:  123 kB` of a file of /proc; others are left out."""
    found: list[tuple[str, float]] = []
    for line in file.read_text().splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found.append((name, float(words[0])))
    return found


class Worker:
    """Somebody who works with the stack over HTTP."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self.actions = Actions()
        self._echo = self._save(build_echo("Soak echo"))
        self._gated = self._save(build_gated("Soak gate"))

    def _save(self, document: object) -> str:
        return str(self._client.post("/api/workflows", json=document).raise_for_status().json()["id"])

    def do_one(self) -> None:
        """One run to its end, every second one through a gate; a save; a look at what people look at."""
        actions = self.actions
        try:
            if actions.runs % 2:
                self._run(self._gated, answer=True)
                actions.gates += 1
            else:
                self._run(self._echo, answer=False)
            actions.runs += 1
            path = f"/api/workflows/{self._echo}"
            changed = self._client.get(path).json() | build_echo("Soak echo", f"hello number {actions.runs}")
            self._client.put(path, json=changed).raise_for_status()
            actions.saves += 1
            for page in ("/api/runs?limit=50", "/api/workflows", "/agentmesh/", "/overview"):
                self._client.get(page)
            self._client.post("/graphql", json={"query": _JOBS}).raise_for_status()
        except (httpx2.HTTPError, AssertionError, KeyError) as fault:
            actions.faults.append(f"after {actions.runs} runs: {type(fault).__name__}: {fault}")

    def _run(self, workflow: str, *, answer: bool) -> None:
        launched = self._client.post(f"/api/workflows/{workflow}/runs", json={"input": {"who": "Ada"}})
        path = f"/api/runs/{launched.raise_for_status().json()['runId']}"

        def look() -> dict[str, object]:
            return dict(self._client.get(path).raise_for_status().json())

        if answer:
            wait_until(lambda: look().get("waitingOn"), _ENDS_WITHIN_SECONDS)
            (step,) = (one for one in self._client.get(f"{path}/steps").json()["items"] if one["nodeId"] == "ask")
            answered = {"output": {"approved": True}}
            self._client.post(f"/api/steps/{step['id']}/human-complete", json=answered).raise_for_status()
        wait_until(lambda: look()["status"] in ("succeeded", "failed", "canceled"), _ENDS_WITHIN_SECONDS)
        assert look()["status"] == "succeeded", f"{path}: {look()}"


def judge(samples: Sequence[Sample]) -> list[Verdict]:
    """Whether each figure stayed flat after the first third of the time."""
    warm = [one for one in samples if one.seconds >= samples[-1].seconds / 3]
    times = [one.seconds for one in warm]
    span = times[-1] - times[0]
    verdicts: list[Verdict] = []
    for figure, (absolute, share) in _ALLOWED.items():
        values = [float(getattr(one, figure)) for one in warm]
        slope = statistics.linear_regression(times, values).slope
        tenth = max(len(values) // 10, 1)
        allowed = max(absolute, share * statistics.median(values))
        verdicts.append(
            Verdict(
                figure,
                first=round(statistics.median(values[:tenth]), 1),
                last=round(statistics.median(values[-tenth:]), 1),
                growth=round(slope * span, 1),
                per_hour=round(slope * 3600, 1),
                allowed=round(allowed, 1),
                is_flat=slope * span <= allowed,
            )
        )
    return verdicts


def tell(samples: Sequence[Sample], verdicts: Sequence[Verdict], actions: Actions) -> None:
    """Prints a table."""
    minutes = samples[-1].seconds / 60
    print(f"{minutes:.0f} minutes: {actions.runs} runs, {actions.gates} gates answered, {actions.saves} saves")
    print(f"{'after warm-up':16}{'first':>9}{'last':>9}{'growth':>9}{'an hour':>9}{'allowed':>9}")
    for one in verdicts:
        word = "flat" if one.is_flat else "GROWS"
        numbers = "".join(f"{number:9.1f}" for number in (one.first, one.last, one.growth, one.per_hour, one.allowed))
        print(f"{one.figure:16}{numbers}  {word}")
    warm = [one for one in samples if one.seconds >= samples[-1].seconds / 3]
    more_runs = warm[-1].runs - warm[0].runs
    if more_runs:
        grown = warm[-1].store_bytes - warm[0].store_bytes
        print(f"the home: {samples[-1].store_bytes / 1e6:.1f} MB, {grown / more_runs / 1000:.1f} kB a run")
    for fault in actions.faults:
        print(f"FAULT {fault}")


def soak(minutes: float, every: float, output: Path | None) -> bool:
    """Whether nothing was lost and nothing grew."""
    with tempfile.TemporaryDirectory(prefix="dev-soak-") as name:
        folder = Path(name)
        temporary = folder / "tmp"
        temporary.mkdir()
        with run_dev(folder, environment={"TMPDIR": str(temporary)}) as dev, dev.open_client() as client:
            worker = Worker(client)
            started = time.monotonic()
            samples: list[Sample] = []
            over = threading.Event()

            def sample() -> None:
                while not over.is_set():
                    samples.append(measure(dev, temporary, started, worker.actions.runs))
                    if len(samples) % 6 == 1:
                        print(json.dumps(asdict(samples[-1])), flush=True)
                    over.wait(_SAMPLE_EVERY_SECONDS)

            sampler = threading.Thread(target=sample, daemon=True)
            sampler.start()
            _work(worker, every, lambda: time.monotonic() - started > minutes * 60 or dev.process.poll() is not None)
            over.set()
            sampler.join()
            if dev.process.poll() is not None:
                worker.actions.faults.append(f"agentmesh dev ended by itself: {dev.log.read_text()[-2000:]}")
    verdicts = judge(samples)
    tell(samples, verdicts, worker.actions)
    if output is not None:
        report = {
            "actions": asdict(worker.actions),
            "verdicts": [asdict(one) for one in verdicts],
            "samples": [asdict(one) for one in samples],
        }
        output.write_text(json.dumps(report, indent=1))
    return not worker.actions.faults and all(one.is_flat for one in verdicts)


def _work(worker: Worker, every: float, is_over: Callable[[], bool]) -> None:
    while not is_over():
        began = time.monotonic()
        worker.do_one()
        time.sleep(max(0.0, every - (time.monotonic() - began)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=5, help="seconds from one run's start to the next, at least")
    parser.add_argument("--output", type=Path, help="a JSON file for all samples")
    given = parser.parse_args()
    sys.exit(0 if soak(given.minutes, given.every, given.output) else 1)
