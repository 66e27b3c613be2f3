"""Assets over HTTP: what there is, and which runs and gates are about which partition."""

from typing import Any

import pytest

from agentmesh_dagster.store.materializations import AssetLaunch, insert_materialization
from tests.api.flows import asks, straight
from tests.api.office import Office

ASSET = {"key": "ai/brief", "partitions": {"daily": {"start": "2026-11-01"}}}


def make(office: Office, run_id: str, **asked: Any) -> None:
    """The run makes a version of an asset."""
    with office.services.store.begin() as tx:
        insert_materialization(tx, run_id, AssetLaunch("ai/brief", **asked))


@pytest.fixture
def days(office: Office) -> dict[str, str]:
    """Runs of one workflow: two that make a partition each, one in a backfill, and one that makes nothing."""
    office.apply(workflows=[straight(asset=ASSET)])
    runs = {day: office.start("straight") for day in ("2026-11-01", "2026-11-02", "none")}
    make(office, runs["2026-11-01"], partition="2026-11-01")
    make(office, runs["2026-11-02"], partition="2026-11-02", backfill_id="kxqp")
    return runs


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("asset=ai/brief", ["2026-11-02", "2026-11-01"]),
        ("asset=ai/brief&partition=2026-11-01", ["2026-11-01"]),
        ("backfillId=kxqp", ["2026-11-02"]),
        ("asset=ai/other", []),
    ],
)
def test_runs_are_found_by_what_they_make(office: Office, days: dict[str, str], query: str, found: list[str]):
    runs = office.ok("GET", f"/runs?{query}")["items"]

    assert [run["id"] for run in runs] == [days[day] for day in found]
    assert [run.get("partition") for run in runs] == found


def test_a_gate_says_which_partition_it_is_about(office: Office):
    office.apply(workflows=[asks(asset=ASSET), asks("alone")])
    run = office.run("asks")
    office.run("alone")
    make(office, run["id"], partition="2026-11-01", backfill_id="kxqp")

    gates = {gate["workflowId"]: gate for gate in office.ok("GET", "/gates")["items"]}

    about = ("asset", "partition", "backfillId")
    assert [gates["asks"][name] for name in about] == ["ai/brief", "2026-11-01", "kxqp"]
    assert not gates["alone"].keys() & set(about)


def test_an_editor_is_told_what_may_be_said_of_an_asset(office: Office):
    said = office.ok("GET", "/types")["asset"]

    assert {"key", "partitions", "checks"} <= said["properties"].keys()
    assert all(field.get("description") for field in said["properties"].values())


def test_the_assets_of_the_code_locations_are_listed(office: Office):
    [asset] = office.ok("GET", "/assets")["items"]

    assert asset == {"key": "raw/tickets", "location": "elsewhere", "group": "raw"}
