"""The command line with `--url`: the same commands, asked of a server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Typed
from tests.process.servers import RunningDev

Commands = Callable[..., Typed]


def test_a_workflow_runs_on_the_server_and_is_told_here(remote: Commands):
    ran = remote("run", "Support triage", "--format", "json")

    assert (ran.code, ran.json["status"]) == (0, "succeeded")
    assert "step.completed" in ran.err
    shown = remote("show", ran.json["runId"][:8], "--events", "--format", "json").json
    assert (shown["id"], shown["events"][-1]["type"]) == (ran.json["runId"], "run.completed")
    assert ran.json["runId"] in [run["id"] for run in remote("runs", "--format", "json").json]
    assert "support_triage" in [one["id"] for one in remote("list", "--format", "json").json]


def test_a_gate_is_answered_from_another_machine(remote: Commands):
    ran = remote("run", "backfill_approval", "--format", "json")
    assert ran.code == 3
    [gate] = [one for one in remote("gates", "--format", "json").json if one["runId"] == ran.json["runId"]]

    assert remote("answer", gate["stepId"][:8], "--approve", "-m", "go on").code == 0

    listed = remote("decisions", "--workflow", "backfill_approval", "--format", "json").json
    assert (listed[0]["runId"], listed[0]["outcome"], listed[0]["comment"]) == (ran.json["runId"], "approved", "go on")

    late = remote("answer", gate["stepId"], "--reject")
    assert late.code == 4
    assert "admin" in late.err


def test_a_run_is_canceled_from_another_machine(remote: Commands):
    run_id = remote("run", "backfill_approval", "--format", "json").json["runId"]

    assert "canceled" in remote("cancel", run_id[:8]).out
    again = remote("cancel", run_id)
    assert again.code == 2
    assert "canceled" in again.err


def test_a_run_is_forked_on_the_server_and_followed_here(remote: Commands):
    run_id = remote("run", "Support triage", "--format", "json").json["runId"]

    forked = remote("fork", run_id[:8], "--from", "end", "--wait", "--format", "json")

    assert (forked.code, forked.json["status"]) == (0, "succeeded")
    assert forked.json["forkedFrom"]["runId"] == run_id
    started = remote("fork", run_id, "--from", "end", "--format", "json")
    assert (started.code, started.json["forkedFrom"]["runId"]) == (0, run_id)
    refused = remote("fork", run_id, "--from", "nowhere")
    assert refused.code == 2
    assert "There is no node `nowhere`" in refused.err


def test_documents_are_applied_and_exported(remote: Commands, folder: Path):
    assert remote("export", "-o", folder / "out", "--workflow", "support_triage").code == 0

    applied = remote("apply", folder / "out")

    assert applied.code == 0
    assert "unchanged" in applied.out


def test_what_the_server_does_not_have_is_said(remote: Commands):
    missing = remote("run", "no such thing")

    assert missing.code == 2
    assert "no such thing" in missing.err


@pytest.mark.parametrize("token", ["", "wrong"])
def test_who_may_not_in_is_told_how(remote: Commands, monkeypatch: pytest.MonkeyPatch, token: str):
    refused = remote("--token", token, "runs")

    assert refused.code == 2
    assert "agentmesh token create" in refused.err


def test_a_run_is_canceled_locally_too(agentmesh: Commands, folder: Path, server: RunningDev):
    missing = agentmesh("cancel", "ffff")

    assert missing.code == 2
    assert "ffff" in missing.err
