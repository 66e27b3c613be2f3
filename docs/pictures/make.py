"""Takes the pictures of docs/assets.md anew, from a real `agentmesh dev`: `python -m docs.pictures.make`."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.process.dagster_ui import DagsterUi
from tests.process.servers import RunningDev, run_dev, wait_until
from tests.web.browsers import SIZE, find_chromium

FOLDER = Path(__file__).parent
KEY = "ai/ticket_brief"
DAYS = [f"2026-01-{day:02}" for day in range(1, 9)]
BAD_DAY = "2026-01-09"
REFUNDS = [f"Where is the refund of order {number}?" for number in (4711, 4712, 4713)]
FURTHER_DOWN = 400  # pixels
SETTLED_MS = 2_500  # after the last answer; Dagster's pages go on drawing for a moment
SECONDS = 180
LARGEST = 150_000  # bytes


@dataclass(frozen=True)
class Made:
    backfill_id: str  # of the days
    run_id: str  # of the day about which a person is asked
    step_id: str  # of that gate


def make_versions(api: httpx2.Client) -> Made:
    """A backfill of days of the brief, the headline of one, and a day about which a person is asked."""
    ui = DagsterUi(api)
    wait_until(lambda: (ui.read_asset(KEY) or {}).get("jobNames"), SECONDS)
    backfill_id = ui.backfill(KEY, DAYS, f"{KEY}/draft")
    wait_until(lambda: ui.read_backfill(backfill_id)[0] == "COMPLETED_SUCCESS", SECONDS)
    _start(api, "brief_headline", {"partition": DAYS[0]})
    given = {"partition": {"key": BAD_DAY}, "tickets": REFUNDS}
    run_id = _start(api, "ticket_brief", {"partition": BAD_DAY, "input": given})
    wait_until(lambda: api.get(f"/api/runs/{run_id}").json()["waitingOn"], SECONDS)
    wait_until(lambda: _count(api, "ai/brief_headline", "succeeded") == 1, SECONDS)
    [step_id] = api.get(f"/api/runs/{run_id}").json()["waitingOn"]
    return Made(backfill_id, run_id, str(step_id))


def _start(api: httpx2.Client, workflow: str, given: dict[str, object]) -> str:
    started = api.post(f"/api/workflows/{workflow}/runs", json={"materialize": True, **given})
    assert started.status_code == 201, started.text
    return str(started.json()["runId"])


def _count(api: httpx2.Client, key: str, status: str) -> int:
    return len(api.get("/api/runs", params={"asset": key, "status": status}).json()["items"])


def show_form(page: Page) -> None:
    page.goto("workflows/ticket_brief")
    page.get_by_role("combobox", name="Kind of partitions").hover()
    page.mouse.wheel(0, FURTHER_DOWN)


def show_gate(page: Page, step_id: str) -> None:
    page.goto(f"approvals/{step_id}")
    expect(page.get_by_role("button", name="Approve")).to_be_visible()


def take_all(dev: RunningDev, api: httpx2.Client, browser: Browser) -> None:
    made = make_versions(api)
    asset = f"{dev.url}/assets/{KEY}"
    pictures: dict[str, Callable[[Page], object]] = {
        "form": show_form,
        "gate": lambda page: show_gate(page, made.step_id),
        "run": lambda page: page.goto(f"runs/{made.run_id}"),
        "catalogue": lambda page: page.goto(f"{dev.url}/assets"),
        "asset": lambda page: page.goto(f"{asset}?view=overview"),
        "checks": lambda page: page.goto(f"{asset}?view=checks"),
        "backfill": lambda page: page.goto(f"{dev.url}/runs/b/{made.backfill_id}"),
        "partitions": lambda page: page.goto(f"{asset}?view=partitions&partition={DAYS[0]}"),
        "lineage": lambda page: page.goto(f"{asset}?view=lineage"),
    }
    for name, show in pictures.items():
        page = browser.new_page(
            viewport={"width": SIZE["width"], "height": SIZE["height"]}, base_url=f"{dev.url}/agentmesh/"
        )
        show(page)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SETTLED_MS)
        path = FOLDER / f"{name}.png"
        page.screenshot(path=path)
        page.close()
        assert path.stat().st_size <= LARGEST, f"{path}: {path.stat().st_size} bytes"


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        run_dev(Path(folder)) as dev,
        dev.open_client() as api,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        take_all(dev, api, browser)
        browser.close()
