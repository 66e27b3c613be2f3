"""Dagster's instance: opened in DAGSTER_HOME or in the home folder, with a configuration that makes sense."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from agentmesh_dagster.control.instance import InstanceUnavailable, open_instance
from agentmesh_dagster.settings import Settings

OPEN = """
import sys
from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.settings import Settings
print("ready", flush=True)
sys.stdin.readline()
with open_instance(Settings()) as instance:
    print(instance.get_runs_count())
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("AGENTMESH_DAGSTER_YAML", raising=False)
    return folder


@pytest.mark.usefixtures("here")
def test_the_home_folder_becomes_a_complete_dagster_home(home):
    with open_instance(Settings()) as instance:
        assert instance.run_monitoring_enabled
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert Path(instance.root_directory) == home

    assert yaml.safe_load((home / "dagster.yaml").read_text())["run_monitoring"]["enabled"]


def test_the_dagster_yaml_of_the_current_folder_counts(home, here):
    (here / "dagster.yaml").write_text("run_monitoring: {enabled: false}\n")
    with open_instance(Settings()) as instance:
        assert not instance.run_monitoring_enabled

    (here / "dagster.yaml").write_text("run_monitoring: {enabled: true, start_timeout_seconds: 7}\n")
    with open_instance(Settings()) as instance:
        assert instance.run_monitoring_start_timeout_seconds == 7

    (here / "dagster.yaml").unlink()  # as from another folder
    with open_instance(Settings()) as instance:
        assert instance.run_monitoring_start_timeout_seconds == 7

    (home / "dagster.yaml").write_text("run_monitoring: {enabled: true, start_timeout_seconds: 8}\n")  # by hand
    (here / "dagster.yaml").write_text("run_monitoring: {enabled: false}\n")
    with open_instance(Settings()) as instance:
        assert instance.run_monitoring_start_timeout_seconds == 8


def test_a_dagster_yaml_that_the_settings_name_counts_more(here, monkeypatch):
    (here / "dagster.yaml").write_text("run_monitoring: {enabled: false}\n")
    (here / "other.yaml").write_text("run_monitoring: {enabled: true, start_timeout_seconds: 9}\n")
    monkeypatch.setenv("AGENTMESH_DAGSTER_YAML", "other.yaml")
    with open_instance(Settings()) as instance:
        assert instance.run_monitoring_start_timeout_seconds == 9

    (here / "other.yaml").unlink()
    with pytest.raises(InstanceUnavailable, match=r"other\.yaml"), open_instance(Settings()):
        pass


def test_dagster_home_comes_first_and_is_left_as_it_is(home, here, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(here))
    with open_instance(Settings()) as instance:
        assert Path(instance.root_directory) == here

    assert not home.exists()
    assert not (here / "dagster.yaml").exists()


def test_a_dagster_yaml_that_cannot_be_used_is_named(here):
    for text in ("run_monitoring: {enabled: perhaps}", "run_queue: [", "storage: {postgres: {}}"):
        (here / "dagster.yaml").write_text(text)
        with pytest.raises(InstanceUnavailable, match="in /"), open_instance(Settings()):
            pass


def test_several_processes_may_open_a_fresh_home_at_once(here):
    opening = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN], cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in opening:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in opening:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0] for process in opening]

    assert said == ["0\n"] * 3
    assert [process.returncode for process in opening] == [0, 0, 0]
