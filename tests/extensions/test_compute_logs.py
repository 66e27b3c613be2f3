"""Compute logs: what a run's process prints, in Dagster's files and on the console, without a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
import yaml

CONFIG = {
    "compute_logs": {"module": "agentmesh_dagster.extensions.compute_logs", "class": "LightComputeLogManager"},
    "telemetry": {"enabled": False},
}
RUN = """
import sys
import dagster as dg
from tests.extensions import printing_jobs
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    with dg.execute_job(dg.reconstructable(printing_jobs.printing), instance) as result:
        sys.exit(0 if result.success else 1)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "dagster.yaml").write_text(yaml.dump(CONFIG))
    return tmp_path


def start(home: Path, does: str, **options: object) -> subprocess.Popen[str]:
    """A process that executes the job `printing`, whose step does what the word says."""
    environment = {**os.environ, "PRINTING_DOES": does, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", RUN, str(home)]
    return subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[2], text=True, **options)  # type: ignore[call-overload]


def read_captured(home: Path) -> dict[str, str]:
    """What Dagster has of the one run, as its UI asks for it."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        [run_id] = instance.get_run_ids()
        [event] = instance.all_logs(run_id, of_type=dg.DagsterEventType.LOGS_CAPTURED)
        assert event.dagster_event is not None
        log_key = [run_id, "compute_logs", event.dagster_event.logs_captured_data.file_key]
        manager = instance.compute_log_manager
        data = manager.get_log_data(log_key)
        told = {"out": (data.stdout or b"").decode(), "err": (data.stderr or b"").decode()}
        return told | {"complete": str(manager.is_capture_complete(log_key))}


def test_what_is_printed_is_in_the_files_and_on_the_console_and_nobody_else_works_for_it(home: Path):
    process = start(home, "print", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == 0

    captured = read_captured(home)
    lines = ["python says", "a child says", "the file descriptor says"]
    assert [line for line in captured["out"].splitlines() if line in lines] == lines
    assert "python complains" in captured["err"]
    assert captured["complete"] == "True"
    assert [line for line in shown.splitlines() if line in lines] == lines
    assert "other processes: 0" in captured["out"].splitlines()


def test_a_console_that_takes_nothing_holds_up_no_run(home: Path):
    process = start(home, "flood", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.wait(60) == 0
    assert process.stdout is not None
    process.stdout.close()

    assert read_captured(home)["out"].count("x" * 1000) == 1000


def test_what_was_printed_before_a_process_is_killed_is_there(home: Path):
    process = start(home, "hang", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    give_up = time.monotonic() + 60
    while not (home / "hangs").exists():
        assert time.monotonic() < give_up
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()

    captured = read_captured(home)
    assert "before the end" in captured["out"]
    assert captured["complete"] == "False"
