"""Assets: the form of one, and what runs and approvals say of partitions."""

import re
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.process.dagster_ui import DagsterUi
from tests.process.servers import RunningDev, wait_until
from tests.shapes import node, workflow
from tests.web.briefs import save_brief
from tests.web.browsers import Watch, open_page
from tests.web.editing import publish, save_gate
from tests.web.test_accessibility import list_violations
from tests.web.test_completion import write
from tests.web.test_phone import PHONE, RUN_SECONDS, assert_fits

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04")
BACKFILL_SECONDS = 120  # the daemon looks for backfills every 30


def open_asset(page: Page, workflow: str) -> None:
    page.goto(f"workflows/{workflow}")
    page.get_by_role("complementary", name="Inspector").get_by_text("Asset", exact=True).click()


def test_a_workflow_is_made_an_asset_in_its_form_and_undo_takes_it_back(page: Page, api: httpx2.Client) -> None:
    workflow = save_gate(api, "Daily brief")
    open_asset(page, workflow)
    page.get_by_role("checkbox", name="The output of a run is an asset").check()
    key = page.get_by_role("combobox", name="Key")
    expect(key).to_have_value("daily_brief")
    key.fill(f"ai//{workflow}")
    expect(page.get_by_text("one of them is empty").first).to_be_visible()
    key.fill(f"ai/{workflow}")
    page.get_by_role("button", name="Add upstream asset").click()
    page.get_by_role("combobox", name="upstream asset 1").fill("raw/tickets")
    page.get_by_role("combobox", name="Kind of partitions").select_option("daily")
    page.get_by_role("textbox", name="First partition").fill("2026-11-01")
    page.get_by_role("combobox", name="Automation condition").select_option("eager")
    page.get_by_role("combobox", name="Freshness policy").select_option("within")
    page.get_by_role("spinbutton", name="Max age").fill("2")
    page.get_by_role("button", name="Add check").click()
    expect(write(page, "Must hold", "context.partition.").get_by_text("context.partition.key")).to_be_visible()
    expect(write(page, "Must hold", "context.outp").get_by_text("context.output", exact=True)).to_be_visible()
    page.get_by_role("textbox", name="Must hold").fill("context.output != null")
    page.keyboard.press("Escape")  # the list
    page.get_by_role("checkbox", name="Ask a person when it fails").check()
    assert list_violations(page) == []
    publish(page)

    asset: dict[str, Any] = api.get(f"/api/workflows/{workflow}").json()["asset"]
    assert {name: asset[name] for name in ("key", "deps", "partitions", "automation", "freshness")} == {
        "key": f"ai/{workflow}",
        "deps": ["raw/tickets"],
        "partitions": {"daily": {"start": "2026-11-01", "timezone": "UTC"}},
        "automation": "eager",
        "freshness": {"within": 172800},
    }
    assert (asset["checks"][0]["condition"], asset["checks"][0]["ask"]) == ("context.output != null", True)
    page.reload()
    summary = page.locator("summary").filter(has_text="Asset").first
    expect(summary).to_contain_text(f"ai/{workflow}, daily, 1 check")
    page.get_by_role("checkbox", name="The output of a run is an asset").uncheck()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("combobox", name="Key")).to_have_value(f"ai/{workflow}")


def test_the_output_of_a_node_is_an_asset_of_its_own_and_follows_its_id(page: Page, api: httpx2.Client) -> None:
    workflow = save_gate(api, "In parts")
    document = api.get(f"/api/workflows/{workflow}").json()
    saved = api.put(f"/api/workflows/{workflow}", json=document | {"asset": {"key": f"ai/{workflow}"}})
    assert saved.status_code == 200, saved.text
    page.goto(f"workflows/{workflow}")
    page.locator(".react-flow__node").filter(has_text="In parts").click()
    page.get_by_role("complementary", name="Inspector").get_by_text("Asset", exact=True).click()
    page.get_by_role("checkbox", name="Output is an asset").check()
    expect(page.get_by_role("combobox", name="Key")).to_have_value(f"ai/{workflow}/approve")
    page.get_by_role("textbox", name="Id", exact=True).fill("agree")
    page.get_by_role("textbox", name="Id", exact=True).press("Enter")
    publish(page)

    parts = api.get(f"/api/workflows/{workflow}").json()["asset"]["parts"]
    assert {node: part["key"] for node, part in parts.items()} == {"agree": f"ai/{workflow}/approve"}


def test_the_form_of_an_asset_fits_a_phone(browser: Browser, dev: RunningDev, api: httpx2.Client) -> None:
    workflow = save_gate(api, "Small brief")
    with open_page(browser, dev.url, width=PHONE) as page:
        open_asset(page, workflow)
        page.get_by_role("checkbox", name="The output of a run is an asset").check()
        page.get_by_role("combobox", name="Kind of partitions").select_option("hourly")
        page.get_by_role("button", name="Add check").click()
        page.get_by_role("button", name="Add upstream asset").click()

        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@dataclass(frozen=True)
class Waiting:
    """A backfill of which each partition waits for a person."""

    workflow: str
    key: str
    backfill: str
    gates: dict[str, Any]  # by partition


@pytest.fixture(scope="module")
def waiting(api: httpx2.Client) -> Waiting:
    workflow = save_brief(api)
    key = f"ai/{workflow}"
    wait_until(lambda: key in [asset["key"] for asset in api.get("/api/assets").json()["items"]], RUN_SECONDS)
    backfill = DagsterUi(api).backfill(key, [*DAYS])

    def list_gates() -> dict[str, Any]:
        listed = api.get("/api/gates?limit=200").json()["items"]
        return {gate["partition"]: gate for gate in listed if gate.get("backfillId") == backfill}

    wait_until(lambda: len(list_gates()) == len(DAYS), BACKFILL_SECONDS)
    return Waiting(workflow, key, backfill, list_gates())


def test_gates_of_a_backfill_are_answered_alike_by_keyboard_each_by_its_own_answer(
    page: Page, api: httpx2.Client, watch: Watch, waiting: Waiting
) -> None:
    gates = waiting.gates
    page.goto("approvals")
    group = page.get_by_role("region", name=f"{waiting.key} · backfill {waiting.backfill}")
    expect(group.get_by_role("link", name="4 partitions wait")).to_be_visible()
    expect(group.get_by_role("button", name="Approve")).to_be_disabled()
    assert list_violations(page) == []
    boxes = {day: group.get_by_role("checkbox", name=f"Select {day}, Is it good?") for day in DAYS}
    for day in DAYS[:2]:
        boxes[day].focus()
        page.keyboard.press("Space")
    group.get_by_role("textbox", name="Comment on each").fill("looked at")
    taken = api.post(f"/api/steps/{gates[DAYS[0]]['stepId']}/human-complete", json={"output": {"approved": False}})
    assert taken.status_code == 200
    watch.expect(409)
    group.get_by_role("button", name="Approve 2").press("Enter")

    told = page.get_by_role("list", name="Each answer").get_by_role("listitem")
    expect(told.filter(has_text=DAYS[1])).to_have_text(f"{DAYS[1]}, Is it good?: approved")
    expect(told.filter(has_text=DAYS[0])).to_contain_text("answered")
    expect(page.get_by_text("1 approved, 1 not taken")).to_be_visible()
    answers = [api.get(f"/api/gates/{gates[day]['stepId']}").json().get("answer") for day in DAYS]
    assert answers[0] == {"approved": False}
    assert answers[1] == {"approved": True, "comment": "looked at", "payload": {"text": DAYS[1]}}
    assert answers[2:] == [None, None]
    expect(boxes[DAYS[1]]).to_have_count(0)
    expect(boxes[DAYS[2]]).to_be_visible()


def test_a_phone_shows_the_gates_of_a_backfill_and_for_which_partition_one_asks(
    browser: Browser, dev: RunningDev, waiting: Waiting
) -> None:
    with open_page(browser, dev.url, width=PHONE) as page:
        page.goto("approvals")
        expect(page.get_by_role("region", name=f"backfill {waiting.backfill}")).to_be_visible()
        assert_fits(page, "approvals")
        page.goto(f"approvals/{waiting.gates[DAYS[3]]['stepId']}")
        expect(page.get_by_role("link", name=f"{waiting.key} · {DAYS[3]}")).to_be_visible()
        assert_fits(page, "approvals")


def test_runs_say_what_they_make_and_are_found_by_it(page: Page, waiting: Waiting) -> None:
    page.goto(f"runs?backfill={waiting.backfill}")
    rows = page.get_by_role("row").filter(has_text=f"{waiting.key} · ")
    expect(rows).to_have_count(4)
    page.goto("runs")
    page.get_by_role("combobox", name="Asset").select_option(waiting.key)
    page.get_by_role("textbox", name="Partition").fill(DAYS[2])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"partition={DAYS[2]}"))
    expect(rows).to_have_count(1)
    rows.get_by_role("link").first.click()

    made = page.locator("header.run-head").get_by_role("link", name=f"{waiting.key} · {DAYS[2]}")
    expect(made).to_have_attribute("href", f"/assets/{waiting.key}?view=partitions&partition={DAYS[2]}")


def test_a_partition_is_materialized_from_the_dialog_and_its_page_tells_how_the_checks_came_out(
    page: Page, api: httpx2.Client
) -> None:
    checks = [
        {"name": "has_text", "condition": "context.output.text != ''"},
        {"name": "is_short", "condition": "size(context.output.text) < 5", "severity": "warn"},
    ]
    workflow = save_brief(api, checks=checks)
    page.goto(f"workflows/{workflow}")
    page.get_by_role("button", name="Run", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name=f"Materialize ai/{workflow}").check()
    assert list_violations(page) == []
    dialog.get_by_role("button", name="Materialize").click()
    expect(dialog.get_by_text("Required.")).to_be_visible()
    dialog.get_by_role("combobox", name="Partition").fill("2026-01-05")
    dialog.get_by_role("button", name="Materialize").click()
    page.get_by_role("button", name="Approve", exact=True).click()

    told = page.get_by_role("region", name="Checks").get_by_role("listitem")
    expect(told.filter(has_text="has_text")).to_contain_text("Passed", timeout=60_000)
    expect(told.filter(has_text="is_short")).to_contain_text("Warning")
    [run] = api.get(f"/api/runs?asset=ai/{workflow}").json()["items"]
    assert (run["partition"], run["output"]) == ("2026-01-05", {"text": "2026-01-05"})
    expect(page.get_by_role("button", name="Materialize again")).to_be_enabled()


def test_the_gate_that_a_check_opens_stands_in_the_graph_of_its_run(page: Page, api: httpx2.Client) -> None:
    short = {"name": "is_short", "condition": "size(context.output) < 5", "ask": True}
    nodes = [node("start", "start"), node("done", "end", label="The brief", output="much too long")]
    flow = workflow("checked", nodes, ["start -> done"], asset={"key": "ai/checked", "checks": [short]})
    placed = {"projectId": "examples", "layout": {"start": [0, 0], "done": [300, 0]}}
    assert api.post("/api/workflows", json=flow.to_wire() | placed).status_code == 201
    run_id = api.post("/api/workflows/checked/runs", json={"materialize": True}).json()["runId"]
    page.goto(f"runs/{run_id}")

    gate = page.locator(".react-flow__node").filter(has_text="Checks of The brief")
    expect(gate).to_contain_text("Waiting", timeout=60_000)
    expect(page.locator(".react-flow__edge")).to_have_count(2)
    gate.click()
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(gate).to_contain_text("Succeeded", timeout=60_000)
