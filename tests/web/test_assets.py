"""Assets: the form of one, and what runs and approvals say of partitions."""

from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.process.servers import RunningDev
from tests.web.browsers import open_page
from tests.web.editing import publish, save_gate
from tests.web.test_accessibility import list_violations


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
    page.get_by_role("textbox", name="Must hold").fill("context.output != null")
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


@pytest.mark.parametrize("width", [390])
def test_the_form_of_an_asset_fits_a_phone(browser: Browser, dev: RunningDev, api: httpx2.Client, width: int) -> None:
    workflow = save_gate(api, "Small brief")
    with open_page(browser, dev.url, width=width) as page:
        open_asset(page, workflow)
        page.get_by_role("checkbox", name="The output of a run is an asset").check()
        page.get_by_role("combobox", name="Kind of partitions").select_option("hourly")
        page.get_by_role("button", name="Add check").click()
        page.get_by_role("button", name="Add upstream asset").click()

        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
