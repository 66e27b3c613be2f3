"""Assets in a running `agentmesh dev`, asked for as Dagster's UI does."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from tests.process.dagster_ui import DagsterUi
from tests.process.servers import RunningDev, run_dev, wait_until
from tests.shapes import node, workflow

SOON_SECONDS = 180  # a backfill is looked at every 30 seconds
DAILY = {"daily": {"start": "2026-01-01"}}
# Dagster's daemon looks at automation every 30 seconds.
EACH_SECOND = (
    "import dagster._daemon.asset_daemon as automation\n"
    "automation.MIN_INTERVAL_LOOP_SECONDS = 1\n"
    "automation.is_under_min_interval = lambda *_given, **_least: False\n"
)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with run_dev(tmp_path_factory.mktemp("assets"), first=EACH_SECOND) as running:
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


def list_waiting(client: httpx2.Client, key: str, partition: str | None) -> list[Any]:
    query = {"asset": key, "waiting": True} | ({} if partition is None else {"partition": partition})
    return client.get("/api/runs", params=query).json()["items"]


def answer(client: httpx2.Client, partition: str | None, key: str = "ai/brief") -> str:
    [run] = list_waiting(client, key, partition)
    [step_id] = run["waitingOn"]
    said = client.post(f"/api/steps/{step_id}/human-complete", json={"output": {"approved": True}})
    assert said.is_success, said.text
    return run["id"]


def waits(client: httpx2.Client, partition: str | None, key: str = "ai/brief") -> Callable[[], bool]:
    return lambda: bool(list_waiting(client, key, partition))


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


def save_asked(client: httpx2.Client, *keys: str, is_asking: bool = False, **asset: Any) -> None:
    """A workflow for each of these assets, which Dagster asks for by itself."""
    middle = [node("ask", "human_approval")] if is_asking else []
    nodes = [node("start", "start"), *middle, node("end", "end", output="made")]
    edges = [f"{before['id']} -> {after['id']}" for before, after in pairwise(nodes)]
    for key in keys:
        flow = workflow(key.replace("/", "_"), nodes, edges, asset={"key": key, **asset})
        saved = client.post("/api/workflows", json=flow.to_wire())
        assert saved.status_code == 201, saved.text


def count_runs(client: httpx2.Client, key: str) -> int:
    return len(client.get("/api/runs", params={"asset": key}).json()["items"])


def count_made(ui: DagsterUi, key: str) -> int:
    return len(ui.read_asset(key)["assetMaterializations"])


def let_automation_look(ui: DagsterUi, times: int = 3) -> None:
    """Waits until Dagster's daemon has evaluated the conditions so many times more."""
    before = ui.count_automation_ticks()
    wait_until(lambda: ui.count_automation_ticks() >= before + times, SOON_SECONDS)


def make_source(ui: DagsterUi, key: str) -> None:
    run_id = ui.materialize(key)
    wait_until(lambda: ui.read_run(run_id)["status"] == "SUCCESS", SOON_SECONDS)


@pytest.fixture(scope="module")
def each_minute(client: httpx2.Client, ui: DagsterUi) -> datetime:
    """From when on an asset is asked for each minute: it comes while other tests wait."""
    began = datetime.now(UTC)
    save_asked(client, "cron/brief", automation={"cron": "* * * * *"})
    return began


@pytest.mark.usefixtures("each_minute")
def test_an_eager_asset_is_asked_for_once_while_a_person_is_asked_and_what_is_made_from_it_follows(
    ui: DagsterUi, client: httpx2.Client
):
    save_asked(client, "eager/source")
    save_asked(client, "eager/brief", deps=["eager/source"], automation="eager", is_asking=True)
    save_asked(client, "eager/report", deps=["eager/brief"], automation="eager")
    wait_until(lambda: (ui.read_asset("eager/report") or {}).get("jobNames"), SOON_SECONDS)
    let_automation_look(ui)
    assert count_runs(client, "eager/brief") == 0

    make_source(ui, "eager/source")
    wait_until(waits(client, None, "eager/brief"), SOON_SECONDS)
    make_source(ui, "eager/source")
    let_automation_look(ui)

    assert count_runs(client, "eager/brief") == 1
    assert (count_made(ui, "eager/brief"), count_made(ui, "eager/report")) == (0, 0)
    answer(client, None, "eager/brief")
    wait_until(lambda: count_made(ui, "eager/report"), SOON_SECONDS)
    let_automation_look(ui)
    assert (count_made(ui, "eager/brief"), count_made(ui, "eager/report")) == (1, 1)


def test_two_that_the_daemon_asks_for_in_one_run_are_each_a_run_of_their_workflow(ui: DagsterUi, client: httpx2.Client):
    save_asked(client, "both/source")
    save_asked(client, "both/one", "both/two", deps=["both/source"], automation="eager")
    wait_until(lambda: (ui.read_asset("both/two") or {}).get("jobNames"), SOON_SECONDS)
    let_automation_look(ui)

    make_source(ui, "both/source")
    wait_until(lambda: count_made(ui, "both/one") and count_made(ui, "both/two"), SOON_SECONDS)
    let_automation_look(ui)

    made = [ui.read_asset(key)["assetMaterializations"] for key in ("both/one", "both/two")]
    [[one], [two]] = made
    assert one["runId"] == two["runId"], "Dagster's daemon puts them into one run"
    assert [count_runs(client, key) for key in ("both/one", "both/two")] == [1, 1]


def test_a_partition_that_was_added_is_made_once_and_one_that_was_there_before_is_not(
    ui: DagsterUi, client: httpx2.Client
):
    save_asked(client, "missing/all", partitions={"dynamic": "customers"})
    wait_until(lambda: (ui.read_asset("missing/all") or {}).get("jobNames"), SOON_SECONDS)
    ui.add_partition("customers", "old")
    save_asked(client, "missing/brief", partitions={"dynamic": "customers"}, automation="onMissing")
    wait_until(lambda: (ui.read_asset("missing/brief") or {}).get("jobNames"), SOON_SECONDS)
    let_automation_look(ui)

    ui.add_partition("customers", "new")
    wait_until(lambda: count_made(ui, "missing/brief"), SOON_SECONDS)
    let_automation_look(ui)

    [made] = ui.read_asset("missing/brief")["assetMaterializations"]
    assert made["partition"] == "new"


def test_by_a_cron_an_asset_is_made_once_for_each_time(ui: DagsterUi, each_minute: datetime):
    wait_until(lambda: (ui.read_asset("cron/brief") or {}).get("assetMaterializations"), SOON_SECONDS)
    let_automation_look(ui)

    began = each_minute.replace(second=0, microsecond=0)
    assert 1 <= count_made(ui, "cron/brief") <= (datetime.now(UTC) - began) // timedelta(minutes=1)
