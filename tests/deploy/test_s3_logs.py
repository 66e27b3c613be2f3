"""Compute logs in S3, as `deploy/dagster.yaml` and the Helm values offer it: Dagster takes it, and keeps logs so."""

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.storage.compute_log_manager import ComputeIOType

from tests.deploy.compose import DEPLOY, read_services
from tests.deploy.s3 import run_s3


def read_offered() -> dict[str, Any]:
    """The block that is commented out, as somebody uncomments it."""
    text = (DEPLOY / "dagster.yaml").read_text()
    [block] = re.findall(r"^# (compute_logs:\n(?:# .*\n)+)", text, re.MULTILINE)
    return yaml.safe_load(block.replace("\n# ", "\n"))


@dg.op
def speak() -> None:
    print("said aloud")


@dg.job(executor_def=dg.in_process_executor)
def talk() -> None:
    speak()


def test_what_a_step_prints_is_read_from_s3_by_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("COMPUTE_LOGS_BUCKET", "logs")
    with run_s3() as (endpoint, objects):
        monkeypatch.setenv("COMPUTE_LOGS_ENDPOINT", endpoint)
        offered = read_offered()
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(offered | {"telemetry": {"enabled": False}}))
        with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
            run = talk.execute_in_process(instance=instance)
            [event] = [
                one
                for one in instance.all_logs(run.run_id)
                if one.is_dagster_event and one.dagster_event_type.value == "LOGS_CAPTURED"
            ]
            key = [run.run_id, "compute_logs", event.dagster_event.logs_captured_data.file_key]
        assert [name for name in objects if name.startswith("/logs/agentmesh/storage/") and name.endswith(".out")]

        offered["compute_logs"]["config"]["local_dir"] = str(tmp_path / "another")
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(offered | {"telemetry": {"enabled": False}}))
        with dg.DagsterInstance.from_config(str(tmp_path)) as another:
            data, _ = another.compute_log_manager.get_log_data_for_type(key, ComputeIOType.STDOUT, 0, None)
        assert data == b"said aloud\n"


def test_compose_passes_on_what_it_reads():
    names = set(re.findall(r"env: (\w+)", (DEPLOY / "dagster.yaml").read_text()))
    assert {"COMPUTE_LOGS_BUCKET", "COMPUTE_LOGS_ENDPOINT"} <= names
    environment = read_services()["code"]["environment"]
    assert names | {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"} <= environment.keys()


def test_the_helm_values_offer_the_same():
    text = (DEPLOY / "helm" / "values.yaml").read_text()
    [block] = re.findall(r"^# (computeLogManager:\n(?:#   .*\n)+)", text, re.MULTILINE)
    offered = yaml.safe_load(block.replace("\n# ", "\n"))["computeLogManager"]
    names = {
        re.sub(r"[A-Z]", lambda big: f"_{big[0].lower()}", name) for name in offered["config"]["s3ComputeLogManager"]
    }
    assert offered["type"] == "S3ComputeLogManager"
    assert names == read_offered()["compute_logs"]["config"].keys()
