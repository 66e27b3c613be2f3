"""Starting runs from a form, and finding them again."""

import re
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.process.servers import wait_until


@pytest.fixture(scope="module")
def finished(api: httpx2.Client) -> str:
    """The id of a run of the freshness alert."""
    return start(api, "freshness_alert")


def start(api: httpx2.Client, workflow: str, **more: object) -> str:
    """Starts a run with the defaults of its workflow's inputs, and more fields."""
    schema = api.get(f"/api/workflows/{workflow}").json()["inputSchema"]
    given = {name: field["default"] for name, field in schema["properties"].items() if "default" in field}
    started = api.post(f"/api/workflows/{workflow}/runs", json={"input": given | more})
    assert started.status_code == 201, started.text
    return str(started.json()["runId"])


def test_the_form_starts_with_the_defaults_and_says_what_is_missing(page: Page) -> None:
    page.goto("workflows")
    page.get_by_role("button", name="Run Support triage").click()
    subject = page.get_by_role("dialog").get_by_role("textbox", name="Subject")
    expect(subject).to_have_value("Charged twice in March")

    page.get_by_role("spinbutton", name="Charges").fill("-1")
    page.get_by_role("button", name="Run", exact=True).click()

    charges = page.get_by_role("spinbutton", name="Charges")
    expect(charges).to_have_accessible_description(re.compile("at least 0"))


def test_json_and_form_are_two_views_of_one_input(page: Page) -> None:
    page.goto("workflows")
    page.get_by_role("button", name="Run Support triage").click()
    page.get_by_role("tab", name="JSON").click()
    text = page.get_by_role("textbox", name="Input")
    text.fill('{"subject": "Hi",}')
    expect(page.get_by_text("Line 1, column 18")).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_disabled()

    text.fill('{"subject": "Hi"}')
    page.get_by_role("tab", name="Form").click()

    expect(page.get_by_role("textbox", name="Subject")).to_have_value("Hi")


def test_a_run_starts_and_its_input_is_remembered(page: Page) -> None:
    page.goto("workflows")
    page.get_by_role("button", name="Run Freshness alert").click()
    first = page.get_by_role("dialog").get_by_role("textbox").first
    first.fill("mart.remembered")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}$"))

    page.goto("workflows")
    page.get_by_role("button", name="Run Freshness alert").click()

    expect(page.get_by_role("dialog").get_by_role("textbox").first).to_have_value("mart.remembered")


def test_the_list_of_runs_is_live(page: Page, api: httpx2.Client, finished: str) -> None:
    page.goto("runs")
    rows = page.get_by_role("table", name="Runs").get_by_role("row")
    expect(rows.nth(1)).to_be_visible()
    before = rows.count()

    start(api, "freshness_alert")

    expect(rows).to_have_count(before + 1)


def test_filters_are_part_of_the_address(page: Page, finished: str) -> None:
    page.goto("runs?workflow=freshness_alert")
    expect(page.get_by_label("Workflow", exact=True)).to_have_value("freshness_alert")
    expect(page.get_by_role("table", name="Runs").get_by_role("link", name="Freshness alert").first).to_be_visible()

    page.get_by_role("checkbox", name="Waiting for a person").check()
    expect(page.get_by_role("heading", name="No run fits")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?workflow=freshness_alert&waiting=true$"))
    page.get_by_role("button", name="Show all runs").click()

    expect(page).to_have_url(re.compile(r"/runs$"))


def test_what_a_run_waits_for_is_a_link_to_where_it_is_answered(page: Page, api: httpx2.Client) -> None:
    run = start(api, "backfill_approval")
    wait_until(lambda: api.get(f"/api/runs/{run}").json()["waitingOn"], 90)
    page.goto("runs?waiting=true")

    page.get_by_role("link", name="May it run?").first.click()

    expect(page).to_have_url(re.compile(r"/approvals/."))
    expect(page.get_by_role("link", name=re.compile(r"Approvals \d+ waiting"))).to_be_visible()


def test_a_search_in_json_opens_counts_and_goes_through_what_it_finds(page: Page, api: httpx2.Client) -> None:
    rows = [{"at": number, "word": "needle" if number % 100 == 99 else "hay"} for number in range(500)]
    page.goto(f"runs/{start(api, 'freshness_alert', rows=rows)}")
    search = page.get_by_role("searchbox", name="Search in Input of the run")

    search.fill("needle")
    expect(page.get_by_text("1 of 5 matches")).to_be_visible()
    search.press("Enter")
    search.press("Enter")

    expect(page.get_by_text("3 of 5 matches")).to_be_visible()
    expect(page.locator(".json-current mark")).to_be_in_viewport()
    search.press("Shift+Enter")
    expect(page.get_by_text("2 of 5 matches")).to_be_visible()


def test_times_follow_the_server_where_the_browsers_clock_is_off(page: Page, api: httpx2.Client, finished: str) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    page.clock.install(time=hour_ago)
    page.goto(f"runs/{start(api, 'freshness_alert')}")

    expect(page.get_by_text(re.compile(r"^Started (now|\d+ sec\. ago|\d min\. ago)$"))).to_be_visible()


def test_what_is_read_comes_compressed_and_the_app_is_small(page: Page, api: httpx2.Client) -> None:
    assert api.get("/api/workflows").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in api.get("/api/session").headers

    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto("projects")
    page.wait_for_load_state("networkidle")

    assert 0 < sum(sizes) < 250_000
