"""The speed benchmark: its figures, its graphs, and that it leaves no process behind. Nothing here measures speed."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.document import check_value
from benchmarks.speed.graphs import GRAPHS, build_document
from benchmarks.speed.machine import PATIENCE, list_marked
from benchmarks.speed.processes import CannotMeasure, Launchpad
from benchmarks.speed.profile_run import count_parts
from benchmarks.speed.samples import Figures, Sample, Series, read_line
from benchmarks.speed.scripts import run_mock, run_script
from benchmarks.speed.stack import STOCK_PARTS, choose_parts
from benchmarks.speed.table import ROWS, judge, write_report

only_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")


def measured(series: Series | None, *values: float) -> list[Sample]:
    assert series is not None
    return [Sample(series, value, round=1, others=0.1, load=0.5) for value in values]


def find_row(key: str) -> Any:
    return next(row for row in ROWS if row.key == key)


def test_the_95th_percentile_is_a_value_that_was_measured():
    series = Series("ann", "wall")
    figures = Figures.of(measured(series, *range(1, 21)), series)

    assert figures is not None
    assert (figures.median, figures.p95, figures.longest) == (10.5, 19, 20)


def test_the_overhead_of_a_node_leaves_out_what_its_models_need():
    line = {"graph": "G1", "latency_ms": 500, "values": {"wall": 5.2}, "others": 0.0, "load": 0.0}
    overhead = next(sample for sample in read_line("ann", 1, line) if sample.series.what == "overhead")

    assert overhead.value == pytest.approx(20)  # 200 ms more than ten calls of 500 ms, over ten nodes


def test_a_target_is_reached_when_all_of_its_limits_are_kept():
    row = find_row("overhead")

    def is_reached(ours: float, theirs: float) -> bool | None:
        samples = measured(row.ours, ours) + measured(row.beside, theirs)
        return judge(samples, ["overhead"])[0].is_reached

    assert is_reached(20, 50) is True
    assert is_reached(26, 90) is False, "more than 25 ms"
    assert is_reached(20, 30) is False, "more than half of the hand-written job"


def test_a_few_slow_launches_are_seen_in_the_p95():
    row = find_row("launch")

    [reached, _] = judge(measured(row.ours, *[0.5] * 18, 1.6, 1.6), ["launch"])

    assert reached.ours is not None
    assert (reached.ours.median, reached.is_reached) == (0.5, False)


def test_what_was_not_measured_is_said_and_never_counts_as_reached():
    row = find_row("overhead")
    reached = judge(measured(row.ours, 20.0), ["overhead", "burst"])

    report = write_report(reached, [], {"dbos": "no such package"}, with_peers=True)

    assert [one.is_reached for one in reached] == [None] * len(reached)
    assert (
        "| runs of G1 launched at once (100 unless told): failed | ≤ 0 runs | - | - | - | - | - | - | not measured |"
        in report
    )
    assert "Not measured: dbos: no such package" in report


@pytest.mark.parametrize("graph", GRAPHS)
def test_our_graphs_have_the_nodes_that_peers_run(graph: str):
    document = build_document()
    workflow = Workflow.model_validate(
        next(one for one in document["workflows"] if one["id"] == f"{graph.lower()}-500")
    )
    kinds = [node.type for node in workflow.graph.nodes]
    asked = {"G1": 10, "G2": 20, "G3": 4, "G4": 4}  # of G3 one arm is not taken

    assert kinds.count("agent") == asked[graph]
    assert check_value(document)[1] == [], "no faults"


def test_with_stock_parts_nothing_of_ours_is_left_in_dagsters_settings(tmp_path: Path):
    settings = choose_parts(tmp_path, tuple(STOCK_PARTS))

    assert settings == {"AGENTMESH_EXECUTOR": "in_process"}
    config = yaml.safe_load((tmp_path / "dagster.yaml").read_text())
    assert "agentmesh_dagster" not in yaml.safe_dump(config)
    assert "run_monitoring" in config, "what is not a part of ours stays"


def test_a_sample_belongs_to_the_innermost_part_and_waiting_is_none():
    counted = count_parts(
        [
            "main (/p/main.py);save (/p/agentmesh_dagster/store/steps.py);execute (/p/sqlalchemy/base.py) 3",
            "main (/p/main.py);store_event (/p/dagster/_core/storage/sqlite.py);execute (/p/sqlalchemy/base.py) 4",
            "run (/p/agentmesh_dagster/store/steps.py);Condition.wait (/p/threading.py) 90",
            "",
        ]
    )

    assert dict(counted) == {"our store: steps, events, runs": 3, "Dagster's storage: its events and runs": 4}


@only_on_linux
def test_a_peer_tells_each_run_that_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(PATIENCE, "0")
    pad = Launchpad(tmp_path)
    with run_mock(pad) as mock:
        environment = {"OPENAI_BASE_URL": f"{mock}/v1", "OPENAI_API_KEY": "x"}
        options = ("--graphs", "G3,G4", "--latencies", "0", "--runs", "2")
        lines = list(run_script(pad, sys.executable, "peers.on_asyncio", options, environment))

    assert [line["graph"] for line in lines] == ["G3", "G3", "G4", "G4"]
    assert all(0 < line["values"]["wall"] < 30 for line in lines)
    assert all(0 < line["values"]["answer"] < 30 for line in lines[2:])
    assert list_marked(f"{pad.benchmark}/") == [], "the mock and the peer are gone"


@only_on_linux
def test_a_peer_that_fails_says_why(tmp_path: Path):
    with pytest.raises(CannotMeasure, match="KeyError"):
        list(run_script(Launchpad(tmp_path), sys.executable, "peers.on_asyncio", (), {}))


@only_on_linux
def test_what_a_server_started_is_ended_with_it_wherever_it_went(tmp_path: Path):
    pad = Launchpad(tmp_path)
    grandchild = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
    grandchild += "start_new_session=True)"
    with pad.running((sys.executable, "-c", grandchild), {}) as server:
        server.process.wait(30)
        assert len(list_marked(server.mark)) == 1

    assert list_marked(f"{pad.benchmark}/") == []
