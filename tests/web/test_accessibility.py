"""What axe-core finds on each page, in both colour schemes; and that nobody's text is taken for markup."""

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.process.servers import RunningDev, wait_until
from tests.web.browsers import Scheme, open_page

PAGES = (
    "projects",
    "projects/examples",
    "workflows",
    "agents/refund_specialist",
    "agents/new?project=examples",
    "tools/letter_form",
    "tools/new?project=examples",
    "runs",
    "approvals",
    "nowhere",
)
NASTY = "<img src=x onerror=alert(1)> שלום 🎉 " + "Donaudampfschiff" * 12


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, dev: RunningDev, scheme: Scheme) -> None:
    found: list[str] = []
    with open_page(browser, dev.url, scheme=scheme) as page:
        for address in PAGES:
            page.goto(address)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            page.wait_for_load_state("networkidle")
            found += [f"{address}: {told}" for told in list_violations(page)]

    assert found == []


def test_axe_finds_nothing_in_the_dialog_that_starts_a_run(page: Page) -> None:
    page.goto("workflows")
    page.get_by_role("button", name="Run Support triage").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    assert list_violations(page) == []


def test_axe_finds_nothing_where_a_run_is_forked_and_compared(page: Page, api: httpx2.Client) -> None:
    run = api.post("/api/workflows/support_triage/runs", json={"input": {}}).json()["runId"]
    wait_until(lambda: api.get(f"/api/runs/{run}").json()["status"] == "succeeded", 90)
    page.goto(f"runs/{run}/compare/{run}")
    expect(page.get_by_role("heading", name="Compare runs")).to_be_visible()
    page.get_by_role("checkbox", name="Show all").check()
    page.get_by_role("region", name="Steps").locator("summary").first.click()
    page.wait_for_load_state("networkidle")
    found = list_violations(page)
    page.goto(f"runs/{run}?step=end")
    page.get_by_role("button", name="Fork from here").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    assert found + list_violations(page) == []


def list_violations(page: Page) -> list[str]:
    """What axe says of the page, one line for each place."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']} ({one['impact']}): {node['target']}" for one in found for node in one["nodes"]]


def test_names_of_any_kind_are_text_and_keep_to_their_place(page: Page, api: httpx2.Client) -> None:
    project = api.post("/api/projects", json={"id": "nasty", "name": NASTY, "description": NASTY})
    assert project.status_code == 201, project.text
    agent = {"id": "nasty", "name": NASTY, "description": NASTY, "projectId": "nasty", "modelProvider": "local"}
    assert api.post("/api/agents", json={**agent, "modelName": NASTY, "systemPrompt": NASTY}).status_code == 201

    for address in ("projects", "projects/nasty", "agents/nasty"):
        page.goto(address)
        expect(page.get_by_text(NASTY).first).to_be_visible()
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), address
        assert page.locator("img[src=x]").count() == 0
