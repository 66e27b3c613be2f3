"""How busy the machine is, and how much of that is ours. Linux only: it reads /proc. Standard library only.

All processes of one benchmark carry its mark in their environment, also those that left their parents or sessions.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

MARK = "SPEED_BENCHMARK"  # environment variable: `<benchmark>/<part>`
PATIENCE = "SPEED_PATIENCE"  # environment variable: longest wait for an idle machine, in seconds
CPUS = os.cpu_count() or 1
_IDLE_SHARE = 0.25
_TICKS = os.sysconf("SC_CLK_TCK")


def list_marked(mark: str) -> list[int]:
    """Ids of the living processes whose mark begins like that."""
    wanted = f"{MARK}={mark}".encode()
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue  # it has just ended, or is somebody else's
            if any(entry.startswith(wanted) for entry in environment.split(b"\0")):
                found.append(int(folder.name))
    return found


def read_cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time of these processes and of their children that have ended."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime
    return ticks / _TICKS


def read_pss_megabytes(pids: Iterable[int]) -> float:
    """Memory of these processes in units of 2**20 bytes, pages that they share counted once."""
    kilobytes = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024


def read_busy_seconds() -> float:
    """CPU time that anything on this machine has used since it started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS  # without idle and iowait


def wait_until_idle() -> None:
    """Waits until the machine is mostly idle, or its patience ends."""
    deadline = time.monotonic() + float(os.environ.get(PATIENCE, "20"))
    while True:
        busy, began = read_busy_seconds(), time.monotonic()
        time.sleep(0.3)
        share = (read_busy_seconds() - busy) / ((time.monotonic() - began) * CPUS)
        if share < _IDLE_SHARE or time.monotonic() > deadline:
            return


@dataclass(frozen=True)
class Stretch:
    """What a measured stretch of time took, and how much the machine was disturbed meanwhile."""

    wall_s: float
    cpu_s: float  # of all processes of this benchmark
    others: float  # share of the machine that all other processes used
    load: float


class Meter:
    """Waits until the machine is idle, then measures what is done inside `with`."""

    def __init__(self, benchmark: str) -> None:
        """`benchmark` is the first part of its mark; this process need not carry it."""
        self._benchmark = f"{benchmark}/"
        self.stretch: Stretch | None = None  # until the end

    def __enter__(self) -> Self:
        wait_until_idle()
        self._busy, self._own = read_busy_seconds(), self._read_own()
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wall = time.perf_counter() - self._began
        cpu = self._read_own() - self._own
        others = max(0.0, read_busy_seconds() - self._busy - cpu) / (wall * CPUS)
        self.stretch = Stretch(wall, cpu, min(others, 1.0), os.getloadavg()[0])

    def _read_own(self) -> float:
        return read_cpu_seconds({*list_marked(self._benchmark), os.getpid()})
