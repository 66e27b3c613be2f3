"""`prune` and `copy-store`."""

from datetime import timedelta
from pathlib import Path

import pytest

from agentmesh_dagster.cli.processes.home_lock import HomeInUse, claim_home, keep_dev_out
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import close_stores, open_store
from tests.control.ageing import make_older

ADA = '{"who": "Ada"}'


def test_old_runs_are_counted_then_deleted(applied):
    first, last = (applied("run", "hello", "--input", ADA, "--format", "json").json["runId"] for _ in range(2))
    make_older(open_store(get_settings().store_url), timedelta(days=100))

    counted = applied("prune", "--older-than", "90d", "--dry-run", "--format", "json").json
    deleted = applied("prune", "--older-than", "90d", "--vacuum")

    assert (counted["runs"], counted["dryRun"]) == (1, True)
    assert deleted.code == 0
    assert (
        f"Deleted 1 runs (1 in Dagster), 0 posted events and 0 deliveries: at least {counted['bytes']:,}" in deleted.out
    )
    assert [run["id"] for run in applied("runs", "--format", "json").json] == [last]
    assert applied("show", first).code == 2


def test_how_old_must_be_said_and_make_sense(applied, monkeypatch):
    assert "--older-than 90d" in applied("prune").err
    for odd in ("90", "0d", "-1d", "d", "1y", "1.5d", "999999d", ""):
        typed = applied("prune", "--older-than", odd)
        assert (typed.code, "such as `12h`" in typed.err) == (2, True), odd
    monkeypatch.setenv("AGENTMESH_RETENTION", "12h")
    assert "Would delete 0 runs" in applied("prune", "--dry-run").out
    monkeypatch.setenv("AGENTMESH_RETENTION", "soon")
    assert "AGENTMESH_RETENTION" in applied("prune").err
    monkeypatch.setenv("AGENTMESH_RETENTION", "12h")
    assert "--url" in applied("--url", "http://127.0.0.1:1", "prune").err
    monkeypatch.delenv("AGENTMESH_URL")


def test_a_store_is_copied_and_the_copy_is_used(applied, folder, monkeypatch):
    run_id = applied("run", "hello", "--input", ADA, "--format", "json").json["runId"]
    there = f"sqlite:///{folder / 'there.db'}"

    copied = applied("copy-store", get_settings().store_url, there)

    assert copied.code == 0
    assert "the same digests" in copied.err
    close_stores()
    monkeypatch.setenv("AGENTMESH_DATABASE_URL", there)
    assert applied("show", run_id, "--format", "json").json["status"] == "succeeded"
    again = applied("copy-store", f"sqlite:///{folder / 'nothing.db'}", there)
    assert (again.code, "empty database" in again.err) == (2, True)


def test_a_store_that_a_dev_uses_is_not_copied_and_no_dev_begins_meanwhile(applied, home: Path, folder: Path):
    store, there = get_settings().store_url, f"sqlite:///{folder / 'there.db'}"
    with claim_home(home) as claimed:
        claimed.set_owner("`agentmesh dev` at http://127.0.0.1:3000")
        for stores in ((store, there), (there, store)):
            refused = applied("copy-store", *stores)
            assert refused.code == 2
            said = " ".join(refused.err.split())
            assert "at work in this home folder: `agentmesh dev` at http://127.0.0.1:3000, process" in said
            assert "End it first" in said
    assert not (folder / "there.db").exists()
    with keep_dev_out(home, "`agentmesh copy-store`"), pytest.raises(HomeInUse, match="copy-store"), claim_home(home):
        pass
    assert applied("copy-store", store, there).code == 0
    assert not (folder / "dev").exists()


def test_a_store_elsewhere_that_a_dev_uses_is_not_copied(applied, home: Path, folder: Path, monkeypatch):
    used = f"sqlite:///{folder / 'elsewhere' / 'mesh.db'}"
    monkeypatch.setenv("AGENTMESH_DATABASE_URL", used)
    with claim_home(home):
        assert applied("copy-store", used, f"sqlite:///{folder / 'there.db'}").code == 2
