"""What was measured, and the figures that are made of it."""

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.speed.graphs import GRAPHS


@dataclass(frozen=True)
class Series:
    """Which samples belong together."""

    who: str
    what: str  # wall, overhead, answer, first step, first call, finished, execution, …
    graph: str = ""
    latency_ms: int = 0


@dataclass(frozen=True)
class Sample:
    """One measurement."""

    series: Series
    value: float  # seconds; overhead in milliseconds; memory in megabytes
    round: int
    others: float  # share of the machine that other processes used meanwhile
    load: float

    def to_json(self) -> dict[str, Any]:
        return {**vars(self.series), **{name: value for name, value in vars(self).items() if name != "series"}}


def read_line(who: str, round_number: int, line: Mapping[str, Any]) -> list[Sample]:
    """The samples in a line that a process of `frame` has told; a wall time is also an overhead for each node."""
    graph, latency_ms = line["graph"], line["latency_ms"]
    values = dict(line["values"])
    if "wall" in values and graph in GRAPHS:
        values["overhead"] = GRAPHS[graph].overhead_ms(latency_ms, values["wall"])
    return [
        Sample(Series(who, what, graph, latency_ms), value, round_number, line["others"], line["load"])
        for what, value in values.items()
    ]


@dataclass(frozen=True)
class Figures:
    """What a series of samples comes to."""

    count: int
    median: float
    p95: float  # by nearest rank: the longest, of fewer than 20
    longest: float
    others: float  # median of the share of the machine that others used

    @classmethod
    def of(cls, samples: Iterable[Sample], series: Series) -> "Figures | None":
        """None when there is no sample of it."""
        chosen = [sample for sample in samples if sample.series == series]
        if not chosen:
            return None
        values = sorted(sample.value for sample in chosen)
        return cls(
            count=len(values),
            median=statistics.median(values),
            p95=values[math.ceil(0.95 * len(values)) - 1],
            longest=values[-1],
            others=statistics.median(sample.others for sample in chosen),
        )
