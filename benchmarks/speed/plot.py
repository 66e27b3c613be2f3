"""The plot: what each engine adds to its models' time, and how long people wait for a stack."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed import names
from benchmarks.speed.samples import Figures, Sample, Series

_PANELS = (
    ("Overhead per node, G1 at 0 ms (ms, logarithmic)", "overhead", "G1", 0, 1),
    ("Launch → first model call, G1 (ms, logarithmic)", "first call", "G1", 0, 1000),
    ("Answer to a gate → next model call, G4 (ms, logarithmic)", "answer", "G4", 0, 1000),
)
_OURS, _THEIRS = "#1f6feb", "#8b949e"


def draw(samples: Sequence[Sample], path: Path, subtitle: str) -> None:
    """Writes medians as bars on logarithmic axes. ImportError without matplotlib (the extra `bench`)."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "agentmesh"  # the same figures give the same file
    from matplotlib import pyplot as plt

    panels = [(title, bars) for title, *what in _PANELS if (bars := _list_bars(samples, *what))]
    if not panels:
        return
    heights = [len(bars) + 1.5 for _, bars in panels]
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(9, 0.42 * sum(heights)), height_ratios=heights, layout="constrained", squeeze=False
    )
    figure.suptitle(subtitle, fontsize=9)
    for axis, (title, bars) in zip(axes[:, 0], panels, strict=True):
        colours = [_OURS if who in names.OURS else _THEIRS for who, _ in bars]
        drawn = axis.barh([who.replace("`", "") for who, _ in bars], [value for _, value in bars], color=colours)
        axis.bar_label(
            drawn, labels=[f"{value:,.3g}" if value < 1000 else f"{value:,.0f}" for _, value in bars], padding=3
        )
        axis.set_title(title, fontsize=10, loc="left")
        axis.set_xscale("log")
        axis.set_xlim(1, max(value for _, value in bars) * 3)
        axis.invert_yaxis()
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _list_bars(
    samples: Sequence[Sample], what: str, graph: str, latency_ms: int, factor: float
) -> list[tuple[str, float]]:
    """(who, median), the quickest first."""
    found = [(who, Figures.of(samples, Series(who, what, graph, latency_ms))) for who in names.EVERYBODY]
    return sorted(((who, figures.median * factor) for who, figures in found if figures), key=lambda bar: bar[1])
