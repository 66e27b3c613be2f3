"""The report: the targets with what was reached, and everybody on the same graphs, as Markdown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.speed import names
from benchmarks.speed.samples import Figures, Sample, Series


@dataclass(frozen=True)
class AtMost:
    limit: float
    of: Literal["median", "p95", "longest", "ratio"] = "median"


@dataclass(frozen=True)
class Row:
    """One line of the table of targets."""

    key: str  # as `--rows` names it
    title: str
    unit: str
    ours: Series
    beside: Series | None = None  # a peer, or stock Dagster, in the same benchmark
    to_reach: tuple[AtMost, ...] = ()  # none: a figure that is only stated


@dataclass(frozen=True)
class Reached:
    """What came of a row."""

    row: Row
    ours: Figures | None
    beside: Figures | None
    ratio: float | None  # of the medians, ours to theirs
    is_reached: bool | None  # None: not measured, or there is nothing to reach


_LAUNCH = (AtMost(0.8), AtMost(1.5, "p95"))
_FEW, _MANY = "10 workflows", "1000 workflows"


def _stack(what: str, graph: str = "", latency_ms: int = 0) -> tuple[Series, Series]:
    return Series(names.MESH_STACK, what, graph, latency_ms), Series(names.DAGSTER_STACK, what, graph, latency_ms)


def _per_node(peer: str) -> tuple[Series, Series]:
    return Series(names.MESH_PROCESS, "overhead", "G1"), Series(peer, "overhead", "G1")


def _worker(what: str) -> tuple[Series, Series]:
    return Series(names.MESH_WORKER, what, _MANY), Series(names.MESH_WORKER, what, _FEW)


ROWS = (
    Row("launch", "launch → first step starts, warm (its `step.started`)", "s", *_stack("first step", "G1"), _LAUNCH),
    Row(
        "launch",
        "launch → first model call arrives, warm (the mock's clock)",
        "s",
        *_stack("first call", "G1"),
        _LAUNCH,
    ),
    Row("finish", "G1 at 0 ms, launch → its client knows that it ended", "s", *_stack("wall", "G1"), (AtMost(1.5),)),
    Row("answer", "G4, answer to the gate → next model call arrives", "s", *_stack("answer", "G4"), (AtMost(1.0),)),
    Row("execution", "G2 at 500 ms, execution in the run worker", "s", *_stack("execution", "G2", 500), (AtMost(1.2),)),
    Row(
        "overhead",
        "overhead per node of G1 at 0 ms, one process, warm",
        "ms",
        *_per_node(names.DAGSTER_WORKER),
        (AtMost(25.0), AtMost(0.5, "ratio")),
    ),
    Row(
        "overhead",
        "the same beside `execute_in_process`",
        "ms",
        *_per_node(names.DAGSTER_HERE),
        (AtMost(0.5, "ratio"),),
    ),
    Row(
        "worker",
        "run worker start, 1,000 stored workflows against 10, wall",
        "s",
        *_worker("worker start"),
        (AtMost(1.1, "ratio"),),
    ),
    Row("worker", "the same, CPU time", "s", *_worker("worker start cpu"), (AtMost(1.1, "ratio"),)),
    Row(
        "code",
        "code location, 1,000 workflows of 10 nodes, until they are listed",
        "s",
        Series(names.MESH_LOCATION, "load"),
        None,
        (AtMost(15.0),),
    ),
    Row(
        "code",
        "an edit of one of them → its job is updated",
        "s",
        Series(names.MESH_LOCATION, "edit"),
        None,
        (AtMost(5.0),),
    ),
    Row("memory", "memory of the idle stack (PSS)", "MB", *_stack("idle memory"), (AtMost(600.0),)),
    Row("memory", "one more running workflow, at its peak", "MB", *_stack("added memory"), (AtMost(60.0),)),
    Row(
        "burst",
        "runs of G1 launched at once (100 unless told): failed",
        "runs",
        Series(names.MESH_STACK, "failed runs", "G1"),
        None,
        (AtMost(0.0, "longest"),),
    ),
    Row("burst", "the same: throughput", "runs a minute", Series(names.MESH_STACK, "runs a minute", "G1")),
    Row("burst", "the same: longest wait for the start", "s", Series(names.MESH_STACK, "longest wait", "G1")),
)

_COLUMNS = (
    ("G1 at 0 ms, per node", "ms", "overhead", "G1", 0),
    ("G1 at 500 ms", "s", "wall", "G1", 500),
    ("G2 at 0 ms", "s", "wall", "G2", 0),
    ("G2 at 500 ms", "s", "wall", "G2", 500),
    ("G3 at 0 ms", "s", "wall", "G3", 0),
    ("G3 at 500 ms", "s", "wall", "G3", 500),
    ("answer → next call", "s", "answer", "G4", 0),
)


def judge(samples: Sequence[Sample], keys: Iterable[str]) -> list[Reached]:
    """What came of the rows with these keys."""
    wanted = set(keys)
    return [_judge(row, samples) for row in ROWS if row.key in wanted]


def _judge(row: Row, samples: Sequence[Sample]) -> Reached:
    ours = Figures.of(samples, row.ours)
    beside = Figures.of(samples, row.beside) if row.beside else None
    ratio = ours.median / beside.median if ours and beside and beside.median else None
    values: dict[str, float | None] = {"ratio": ratio}
    values |= {"median": ours.median, "p95": ours.p95, "longest": ours.longest} if ours else {}
    wanted = [(values.get(bound.of), bound.limit) for bound in row.to_reach]
    if not wanted or any(value is None for value, _ in wanted):
        return Reached(row, ours, beside, ratio, None)
    return Reached(row, ours, beside, ratio, all(value is not None and value <= limit for value, limit in wanted))


def write_report(
    reached: Sequence[Reached], samples: Sequence[Sample], not_measured: Mapping[str, str], *, with_peers: bool
) -> str:
    parts = ["\n".join(_write_targets(reached))]
    if with_peers:
        parts.append("\n".join(_write_peers(samples, not_measured)))
    if not_measured:
        parts.append("\n".join(f"Not measured: {who}: {why}" for who, why in not_measured.items()))
    return "\n\n".join(parts) + "\n"


def _write_targets(reached: Sequence[Reached]) -> Iterator[str]:
    yield "| what | to reach | median | p95 | runs | beside it | ratio | others used | reached |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for one in reached:
        row, ours = one.row, one.ours
        limits = ", ".join(_write_limit(bound, row.unit) for bound in row.to_reach) or "stated"
        beside = f"{_write(one.beside.median, row.unit)} ({_who(row)})" if one.beside else "-"
        figures = (_write(ours.median, row.unit), _write(ours.p95, row.unit), str(ours.count)) if ours else ("-",) * 3
        ratio = f"{one.ratio:.2f}" if one.ratio is not None else "-"
        others = f"{ours.others:.0%}" if ours else "-"
        said = {True: "yes", False: "**no**", None: "-"}[one.is_reached] if ours else "not measured"
        yield f"| {row.title} | {limits} | {' | '.join(figures)} | {beside} | {ratio} | {others} | {said} |"


def _who(row: Row) -> str:
    assert row.beside is not None
    return row.beside.graph if row.beside.who == row.ours.who else row.beside.who


def _write_limit(bound: AtMost, unit: str) -> str:
    if bound.of == "ratio":
        return f"≤ {bound.limit:g} times"
    return f"≤ {bound.limit:g} {unit}" + (f" {bound.of}" if bound.of == "p95" else "")


def _write_peers(samples: Sequence[Sample], not_measured: Mapping[str, str]) -> Iterator[str]:
    yield f"| medians | {' | '.join(title for title, *_ in _COLUMNS)} |"
    yield "|---" * (len(_COLUMNS) + 1) + "|"
    for who in names.EVERYBODY:
        cells = [
            _write(figures.median, unit) if (figures := Figures.of(samples, Series(who, *series))) else "-"
            for _, unit, *series in _COLUMNS
        ]
        if any(cell != "-" for cell in cells):
            yield f"| {who} | {' | '.join(cells)} |"
        elif who in not_measured:
            yield f"| {who} | not measured |"


def _write(value: float, unit: str) -> str:
    if unit in ("MB", "runs", "runs a minute"):
        return f"{value:.0f} {unit}"
    digits = 3 if abs(value) < 0.1 else 2
    return f"{value:.1f} {unit}" if unit == "ms" else f"{value:.{digits}f} {unit}"
