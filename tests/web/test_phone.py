"""Approving on a phone: 390 pixels wide, with fingers."""

import uuid
from typing import Any

import httpx2
import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.gallery import GRAPHS
from tests.process.servers import RunningDev, wait_until
from tests.web.browsers import open_page

RUN_SECONDS = 90
PHONE = 390  # pixels
FINGER = 43.5  # pixels: 44, and what browsers round away

SMALL_TARGETS = """least => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter(e => e.checkVisibility() && !e.closest('.react-flow, .skip-link'))
  .map(e => [e, (['radio', 'checkbox'].includes(e.type) ? e.closest('label') : e).getBoundingClientRect()])
  .filter(([, r]) => r.width > 0 && (r.width < least || r.height < least))
  .map(([e, r]) => `${e.tagName} ${e.textContent || e.ariaLabel} ${r.width} x ${r.height}`)"""


@pytest.fixture
def waiting(api: httpx2.Client) -> dict[str, Any]:
    """A run that waits at a gate with instructions of several screens."""
    document = yaml.safe_load((GRAPHS / "gate.yaml").read_text("utf-8"))
    workflow = document["workflows"][0]
    workflow |= {"id": f"long_{uuid.uuid4().hex[:8]}", "name": "A long story", "projectId": "examples"}
    gate = next(node for node in workflow["graph"]["nodes"] if node["id"] == "approve")
    gate["config"]["instructions"] = "\n\n".join(f"Paragraph {number}, to be read with care." for number in range(80))
    assert api.post("/api/documents", json=document).status_code == 200
    started = api.post(f"/api/workflows/{workflow['id']}/runs", json={"input": {"name": "Bo", "owner": "cy"}})
    run = started.json()["runId"]
    wait_until(lambda: api.get(f"/api/runs/{run}").json()["waitingOn"], RUN_SECONDS)
    found: dict[str, Any] = api.get(f"/api/runs/{run}").json()
    return found


def test_a_phone_finds_what_waits_and_approves_it(
    browser: Browser, dev: RunningDev, api: httpx2.Client, waiting: dict[str, Any]
) -> None:
    gate = waiting["waitingOn"][0]
    with open_page(browser, dev.url, width=PHONE) as page:
        for address in ("approvals", f"runs/{waiting['id']}", "runs", f"approvals/{gate}"):
            page.goto(address)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            page.wait_for_load_state("load")
            if gate in address:
                expect(page.get_by_role("button", name="Approve")).to_be_visible()
            assert_fits(page, address)

        for button in ("Approve", "Reject"):
            expect(page.get_by_role("button", name=button)).to_be_in_viewport(ratio=1)
        page.get_by_text("Paragraph 79").scroll_into_view_if_needed()
        expect(page.get_by_role("button", name="Reject")).to_be_in_viewport(ratio=1)
        page.get_by_role("button", name="Approve").click()

        expect(page.get_by_role("region", name="The answer")).to_contain_text("Approved")
    assert api.get(f"/api/gates/{gate}").json()["answer"]["approved"] is True


def test_approve_stays_in_sight_on_the_page_of_a_run(
    browser: Browser, dev: RunningDev, waiting: dict[str, Any]
) -> None:
    for width in (PHONE, 1280):
        with open_page(browser, dev.url, width=width) as page:
            page.goto(f"runs/{waiting['id']}")
            page.get_by_text("Paragraph 40").scroll_into_view_if_needed()
            expect(page.get_by_role("button", name="Approve", exact=True)).to_be_in_viewport(ratio=1)


def assert_fits(page: Page, address: str) -> None:
    """Nothing scrolls sideways, and everything can be hit with a finger."""
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), address
    assert page.evaluate(SMALL_TARGETS, FINGER) == [], address


def test_the_editor_stands_one_part_below_the_other(browser: Browser, dev: RunningDev) -> None:
    with open_page(browser, dev.url, width=PHONE) as page:
        page.goto("workflows/freshness_alert")
        canvas = page.get_by_role("region", name="Canvas")
        expect(canvas).to_be_visible()

        box = canvas.bounding_box()
        assert box is not None
        assert box["width"] > PHONE * 0.9
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_tap_on_a_node_brings_its_fields_up(browser: Browser, dev: RunningDev) -> None:
    with open_page(browser, dev.url, width=PHONE) as page:
        page.goto("workflows/freshness_alert")
        fields = page.get_by_role("complementary", name="Inspector")
        expect(fields.get_by_role("heading", level=2)).not_to_be_in_viewport()

        page.locator(".react-flow__node").first.click()

        expect(fields.get_by_role("heading", level=2)).to_be_in_viewport(ratio=1)
        assert not fields.evaluate("panel => panel.contains(document.activeElement)")
