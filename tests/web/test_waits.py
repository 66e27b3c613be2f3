"""What a step waits for is seen on its run's page, and a gate inside an `each` says which item it is about."""

from typing import Any

import httpx2
from playwright.sync_api import Page, expect

from tests.process.servers import wait_until
from tests.shapes import node
from tests.web.test_run_page import RUN_MS, RUN_SECONDS, save, start, wait_for


def start_and_wait(api: httpx2.Client, nodes: list[dict[str, Any]], edges: list[str], run_input: Any = None) -> str:
    run = start(api, save(api, nodes, edges), run_input or {})
    wait_for(api, run, "status", "running")
    wait_until(lambda: bool(api.get(f"/api/runs/{run}").json()["waitingOn"]), RUN_SECONDS)
    return run


def test_the_page_says_for_what_a_step_waits_and_goes_on_when_it_comes(page: Page, api: httpx2.Client) -> None:
    paid = node("paid", "wait", event={"name": "shop.paid"}, timeoutSeconds=86_400, label="Payment")
    run = start_and_wait(api, [node("start", "start"), paid, node("end", "end")], ["start -> paid", "paid -> end"])
    page.goto(f"runs/{run}")

    page.get_by_role("button", name="Payment · for the event shop.paid").click()
    facts = page.locator(".step-facts")
    expect(facts).to_contain_text("Waiting")
    expect(facts).to_contain_text("for the event shop.paid, until in")
    expect(page.get_by_role("tab", name="Approval")).to_have_count(0)

    assert api.post("/api/events/shop.paid", json={"sum": 3}).status_code == 202
    expect(facts).to_contain_text("Succeeded", timeout=RUN_MS)


def test_gates_of_items_say_which_and_the_others_wait_on(page: Page, api: httpx2.Client) -> None:
    nodes = [node("start", "start"), node("each", "branch", mode="each", items="context.input.names", join="end")]
    nodes += [
        node("ask", "human_approval", instructions="Invite {{ context.item }}?", label="Invite"),
        node("end", "end"),
    ]
    edges = ["start -> each", "each -> ask", "ask -> end"]
    run = start_and_wait(api, nodes, edges, {"names": ["Ann", "Bob"]})

    page.goto("approvals")
    row = page.get_by_role("row").filter(has_text="Invite Bob?")
    row.get_by_role("link", name="Invite · item 2").click()
    expect(page.locator(".gate-facts").first).to_contain_text("item 2")
    page.get_by_role("button", name="Approve").click()
    page.goto(f"runs/{run}")
    expect(page.get_by_role("button", name="Invite · item 1")).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_role("button", name="Invite · item 2")).to_have_count(0, timeout=RUN_MS)
