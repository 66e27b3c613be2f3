"""Assets in a running `agentmesh dev`, asked for as Dagster's UI does."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.process.dagster_ui import DagsterUi
from tests.process.servers import RunningDev, run_dev, wait_until
from tests.shapes import node, workflow

SOON_SECONDS = 180  # a backfill is looked at every 30 seconds
DAILY = {"daily": {"start": "2026-01-01"}}


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with run_dev(tmp_path_factory.mktemp("assets")) as running:
        yield running


@pytest.fixture(scope="module")
def client(dev: RunningDev) -> Iterator[httpx2.Client]:
    with dev.open_client() as opened:
        yield opened


@pytest.fixture(scope="module")
def first_look(client: httpx2.Client) -> Any:
    """What Dagster says of a lesson's asset before anything is saved in this server's life."""
    wait_until(lambda: (DagsterUi(client).read_asset("ai/ticket_brief") or {}).get("id"), SOON_SECONDS)
    return DagsterUi(client).read_asset("ai/ticket_brief")


@pytest.fixture(scope="module")
def ui(client: httpx2.Client, first_look: Any) -> DagsterUi:
    """The UI, once it shows the assets of these tests."""
    nodes = [node("start", "start"), node("route", "branch"), node("ask", "human_approval")]
    nodes += [
        node("done", "end", output="{{ context.input.partition.key }}"),
        node("fail", "end", outcome="failed", output="bad day"),
    ]
    edges = ["start -> route", "route -> ask if context.input.partition.key.endsWith('5')"]
    edges += ["route -> fail if context.input.partition.key.endsWith('7')", "route -> done", "ask -> done"]
    day = workflow(
        "brief",
        nodes,
        edges,
        name="Daily brief",
        asset={
            "key": "ai/brief",
            "partitions": DAILY,
            "checks": [{"name": "is_text", "condition": "context.output != null"}],
        },
    )
    report = workflow(
        "report",
        [node("start", "start"), node("end", "end", output="{{ context.input.upstream }}")],
        ["start -> end"],
        asset={"key": "ai/report", "deps": ["ai/brief"], "partitions": DAILY},
    )
    for flow in (day, report):
        saved = client.post("/api/workflows", json=flow.to_wire())
        assert saved.status_code == 201, saved.text
    opened = DagsterUi(client)
    wait_until(lambda: "__ASSET_JOB" in ((opened.read_asset("ai/report") or {}).get("jobNames") or ()), SOON_SECONDS)
    return opened


def answer(client: httpx2.Client, partition: str, *, approved: bool = True) -> str:
    query = {"asset": "ai/brief", "partition": partition, "waiting": True}
    [run] = client.get("/api/runs", params=query).json()["items"]
    [step_id] = run["waitingOn"]
    said = client.post(f"/api/steps/{step_id}/human-complete", json={"output": {"approved": approved}})
    assert said.is_success, said.text
    return run["id"]


def waits(client: httpx2.Client, partition: str) -> Callable[[], bool]:
    query = {"asset": "ai/brief", "partition": partition, "waiting": True}
    return lambda: bool(client.get("/api/runs", params=query).json()["items"])


def find_made(ui: DagsterUi, key: str, partition: str) -> list[Any]:
    return [one for one in ui.read_asset(key)["assetMaterializations"] if one["partition"] == partition]


def test_an_asset_that_is_there_from_the_start_can_be_materialized(first_look: Any):
    assert first_look["jobNames"] == ["__ASSET_JOB"]


def test_materialize_is_the_workflows_run(ui: DagsterUi, client: httpx2.Client):
    run_id = ui.materialize("ai/brief", partition="2026-01-02")

    wait_until(lambda: ui.read_run(run_id)["status"] == "SUCCESS", SOON_SECONDS)
    [made] = find_made(ui, "ai/brief", "2026-01-02")
    assert made["runId"] == run_id
    assert client.get(f"/api/runs/{run_id}").json()["output"] == "2026-01-02"
    latest = ui.read_latest("ai/brief")
    assert latest["latestRun"] == {"id": run_id, "status": "SUCCESS"}
    [check] = ui.read_checks("ai/brief")
    assert check["executionForLatestMaterialization"]["status"] == "SUCCEEDED"


def test_lineage_is_that_of_the_documents(ui: DagsterUi):
    assert ui.read_asset("ai/report")["dependencyKeys"] == [{"path": ["ai", "brief"]}]
    assert ui.read_asset("ai/brief")["dependedByKeys"] == [{"path": ["ai", "report"]}]


def test_a_waiting_partition_is_in_progress_and_made_by_the_answer(ui: DagsterUi, client: httpx2.Client):
    run_id = ui.materialize("ai/brief", partition="2026-01-05")
    wait_until(waits(client, "2026-01-05"), SOON_SECONDS)
    wait_until(lambda: ui.read_run(run_id)["status"] == "SUSPENDED", SOON_SECONDS)

    assert run_id in ui.read_latest("ai/brief")["inProgressRunIds"]
    assert ui.read_asset("ai/brief")["partitionStats"]["numMaterializing"] == 1
    assert any(one["partition"] == "2026-01-05" for one in ui.read_asset("ai/brief")["assetObservations"])

    answer(client, "2026-01-05")
    wait_until(lambda: ui.read_run(run_id)["status"] == "SUCCESS", SOON_SECONDS)
    assert len(find_made(ui, "ai/brief", "2026-01-05")) == 1
    assert ui.read_asset("ai/brief")["partitionStats"]["numMaterializing"] == 0


def test_a_failed_run_fails_its_partition(ui: DagsterUi):
    run_id = ui.materialize("ai/brief", partition="2026-01-07")

    wait_until(lambda: ui.read_run(run_id)["status"] == "FAILURE", SOON_SECONDS)
    wait_until(lambda: ui.read_asset("ai/brief")["partitionStats"]["numFailed"] == 1, SOON_SECONDS)


def test_a_run_that_is_canceled_while_it_waits_leaves_its_partition(ui: DagsterUi, client: httpx2.Client):
    run_id = ui.materialize("ai/brief", partition="2026-01-15")
    wait_until(lambda: ui.read_run(run_id)["status"] == "SUSPENDED", SOON_SECONDS)

    ui.terminate(run_id)

    wait_until(lambda: client.get(f"/api/runs/{run_id}").json()["status"] == "canceled", SOON_SECONDS)
    assert run_id not in ui.read_latest("ai/brief")["inProgressRunIds"]
    assert find_made(ui, "ai/brief", "2026-01-15") == []


@pytest.mark.parametrize("strategy", ["ALL_STEPS", "FROM_FAILURE"])
def test_a_reexecution_is_a_run_of_the_asset_too(ui: DagsterUi, client: httpx2.Client, strategy: str):
    partition = "2026-01-17"
    first = ui.materialize("ai/brief", partition=partition)
    wait_until(lambda: ui.read_run(first)["status"] == "FAILURE", SOON_SECONDS)

    again = ui.reexecute(first, strategy)

    wait_until(lambda: ui.read_run(again)["status"] == "FAILURE", SOON_SECONDS)
    assert ui.read_run(again)["assetSelection"] == [{"path": ["ai", "brief"]}]
    run_id = again if strategy == "ALL_STEPS" else first
    assert again in client.get(f"/api/runs/{run_id}").json()["launches"]


def test_a_backfill_is_open_while_partitions_wait_and_says_what_came_of_each(ui: DagsterUi, client: httpx2.Client):
    days = [f"2026-02-{day:02}" for day in range(3, 9)]  # the 5th waits, the 7th fails
    backfill_id = ui.backfill("ai/brief", days)
    wait_until(waits(client, days[2]), SOON_SECONDS)
    wait_until(lambda: ui.read_backfill(backfill_id)[1].get("numPartitionsMaterialized") == 4, SOON_SECONDS)
    status, counts = ui.read_backfill(backfill_id)
    assert (status, counts["numPartitionsFailed"], counts["numPartitionsInProgress"]) == ("REQUESTED", 1, 1)

    run_id = answer(client, days[2])

    assert client.get(f"/api/runs/{run_id}").json()["backfillId"] == backfill_id
    wait_until(lambda: ui.read_backfill(backfill_id)[0] not in ("REQUESTED", "FAILING"), SOON_SECONDS)
    status, counts = ui.read_backfill(backfill_id)
    assert (status, counts["numPartitionsMaterialized"], counts["numPartitionsFailed"]) == ("COMPLETED_FAILED", 5, 1)
    assert all(len(find_made(ui, "ai/brief", day)) == (day != days[4]) for day in days)


def test_a_prompt_makes_stale_what_hangs_on_it_and_a_label_nothing(ui: DagsterUi, client: httpx2.Client):
    agent = {"id": "teller", "name": "Teller", "modelProvider": "local", "modelName": "small", "systemPrompt": "Tell."}
    assert client.post("/api/agents", json=agent).is_success
    told = workflow(
        "fact",
        [node("start", "start"), node("tell", "agent", agentId="teller"), node("done", "end")],
        ["start -> tell", "tell -> done"],
        asset={"key": "stale/fact"},
    )
    plain = [node("start", "start"), node("done", "end")]
    digest = workflow("digest", plain, ["start -> done"], asset={"key": "stale/digest", "deps": ["stale/fact"]})
    other = workflow("other", plain, ["start -> done"], asset={"key": "stale/other"})
    keys = ["stale/fact", "stale/digest", "stale/other"]
    for flow in (told, digest, other):
        assert client.post("/api/workflows", json=flow.to_wire()).is_success

    def read_stale() -> list[str]:
        return [(ui.read_asset(key) or {}).get("staleStatus") for key in keys]

    wait_until(lambda: read_stale() == ["MISSING"] * 3, SOON_SECONDS)
    for key in keys:
        run_id = ui.materialize(key)
        wait_until(lambda run_id=run_id: ui.read_run(run_id)["status"] == "SUCCESS", SOON_SECONDS)
    wait_until(lambda: read_stale() == ["FRESH"] * 3, SOON_SECONDS)

    saved = client.get("/api/workflows/fact").json()
    saved["graph"]["nodes"][1]["label"] = "Tell me"
    saved["description"] = "What is so."
    assert client.put("/api/workflows/fact", json=saved).is_success
    wait_until(lambda: ui.read_asset("stale/fact")["description"] == "What is so.", SOON_SECONDS)
    assert read_stale() == ["FRESH"] * 3

    agent["systemPrompt"] = "Tell the truth."
    assert client.put("/api/agents/teller", json=agent).is_success
    wait_until(lambda: read_stale() == ["STALE", "FRESH", "FRESH"], SOON_SECONDS)  # its value is the old one yet
    ui.materialize("stale/fact")
    wait_until(lambda: read_stale() == ["FRESH", "STALE", "FRESH"], SOON_SECONDS)
