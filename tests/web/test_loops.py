"""Loops and sub-workflows in the editor and on the page of a run: drawn as such, stepped through, and opened."""

import re
import uuid
from typing import Any

import httpx2
import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.gallery import GRAPHS
from tests.process.servers import RunningDev, wait_until
from tests.web.browsers import Scheme, open_page
from tests.web.editing import draw_edge, edge, node, publish
from tests.web.test_accessibility import list_violations

RUN_SECONDS = 120
RUN_MS = RUN_SECONDS * 1000


def save_from_gallery(api: httpx2.Client, name: str) -> str:
    """Saves a workflow of the gallery, and what it runs, under ids of the test's own; the id of the first."""
    text = (GRAPHS / f"{name}.yaml").read_text("utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    ids = {flow["id"]: f"{flow['id']}_{uuid.uuid4().hex[:6]}" for flow in document["workflows"]}
    for flow in document["workflows"]:
        flow |= {"id": ids[flow["id"]], "projectId": "examples"}
        for caller in flow["graph"]["nodes"]:
            if "workflowId" in caller:
                caller["workflowId"] = ids[caller["workflowId"]]
    saved = api.post("/api/documents", json=document)
    assert saved.status_code == 200, saved.text
    return str(next(iter(ids.values())))


def start(api: httpx2.Client, identity: str, run_input: Any) -> str:
    started = api.post(f"/api/workflows/{identity}/runs", json={"input": run_input})
    assert started.status_code == 201, started.text
    return str(started.json()["runId"])


def wait_for_gate(api: httpx2.Client, run: str, path: str) -> str:
    """Waits until a run asks at this path; the id of the step."""

    def find() -> str | None:
        waiting = set(api.get(f"/api/runs/{run}").json()["waitingOn"])
        steps = api.get(f"/api/runs/{run}/steps", params={"limit": 200}).json()["items"]
        return next((step["id"] for step in steps if step["id"] in waiting and step["path"] == path), None)

    wait_until(lambda: find() is not None, RUN_SECONDS)
    return str(find())


def reject(api: httpx2.Client, step: str, comment: str) -> None:
    answer = {"output": {"approved": False, "comment": comment}}
    assert api.post(f"/api/steps/{step}/human-complete", json=answer).status_code == 200


@pytest.fixture(scope="module")
def rejected_once(api: httpx2.Client) -> str:
    """The id of a run that asks in the second round: in the first one somebody said no."""
    run = start(api, save_from_gallery(api, "loop_with_a_gate"), {})
    reject(api, wait_for_gate(api, run, "#1"), "Not before Monday")
    wait_for_gate(api, run, "#2")
    return run


@pytest.mark.parametrize("width", [1280, 390])
def test_the_rounds_of_a_loop_are_stepped_through(
    browser: Browser, dev: RunningDev, rejected_once: str, width: int
) -> None:
    with open_page(browser, dev.url, width=width) as page:
        page.goto(f"runs/{rejected_once}")
        stepper = page.get_by_role("group", name="Rounds of draft")
        expect(stepper.get_by_role("combobox", name="Round")).to_have_value("")
        asking = page.get_by_role("group", name="ask, Approval, Waiting", exact=True)
        expect(asking).to_be_attached()
        expect(page.get_by_text("Loop from draft · round 2 of 2")).to_be_attached()

        stepper.get_by_role("button", name="Previous round").press("Enter")

        expect(page.get_by_text("Loop from draft · round 1 of 2")).to_be_attached()
        expect(page.get_by_role("group", name="ask, Approval, Succeeded", exact=True)).to_be_attached()
        expect(stepper.get_by_role("combobox", name="Round")).to_have_value("1")
        expect(stepper.get_by_role("button", name="Previous round")).to_be_disabled()
        stepper.get_by_role("combobox", name="Round").select_option("")
        expect(asking).to_be_attached()


def test_a_step_links_to_itself_in_the_rounds_before(page: Page, rejected_once: str) -> None:
    page.goto(f"runs/{rejected_once}?step=draft&path=%232")
    side = page.get_by_role("complementary", name="The chosen step")
    expect(side.get_by_role("heading", name="draft")).to_contain_text("round 2")
    expect(side.get_by_role("group", name="Output")).to_contain_text("n: 2")

    side.get_by_role("button", name="Round 1, Succeeded").click()

    expect(side.get_by_role("heading", name="draft")).to_contain_text("round 1")
    expect(side.get_by_role("group", name="Output")).to_contain_text("n: 1")
    expect(page.get_by_text("Loop from draft · round 1 of 2")).to_be_attached()


def test_a_gate_shows_its_round_and_the_rounds_before(page: Page, api: httpx2.Client, rejected_once: str) -> None:
    step = wait_for_gate(api, rejected_once, "#2")

    page.goto(f"approvals/{step}")

    expect(page.locator(".gate-facts")).to_contain_text("round 2")
    before = page.get_by_role("region", name="Rounds before").get_by_role("group", name="Round 1")
    expect(before).to_contain_text("Rejected")
    expect(before).to_contain_text("Not before Monday")


def test_the_timeline_has_a_box_for_each_round(page: Page, rejected_once: str) -> None:
    page.goto(f"runs/{rejected_once}?view=timeline")
    grid = page.get_by_role("treegrid", name="Steps")
    expect(grid.get_by_role("row", name="draft: rounds")).to_contain_text("2 rounds")
    first = grid.get_by_role("row", name="Round 1")
    expect(first).to_have_attribute("aria-expanded", "true")
    expect(grid.get_by_role("row")).to_have_count(8)  # start, the loop, two rounds of two steps each

    first.click()

    expect(first).to_have_attribute("aria-expanded", "false")
    expect(grid.get_by_role("row")).to_have_count(6)


def test_a_new_round_is_seen_as_it_begins(page: Page, api: httpx2.Client) -> None:
    run = start(api, save_from_gallery(api, "loop_with_a_gate"), {})
    step = wait_for_gate(api, run, "#1")
    page.goto(f"runs/{run}")
    expect(page.get_by_text("Loop from draft · round 1 of 1")).to_be_attached()

    reject(api, step, "Again")

    expect(page.get_by_text("Loop from draft · round 2 of 2")).to_be_attached(timeout=RUN_MS)
    api.post(f"/api/runs/{run}/cancel", json={})


def test_a_sub_workflow_opens_at_the_round_that_called_it(page: Page, api: httpx2.Client) -> None:
    run = start(api, save_from_gallery(api, "workflow_inline_in_a_loop"), {"rounds": 2})
    wait_until(lambda: api.get(f"/api/runs/{run}").json()["status"] == "succeeded", RUN_SECONDS)
    page.goto(f"runs/{run}")
    page.get_by_role("group", name="Rounds of call").get_by_role("combobox", name="Round").select_option("1")

    page.get_by_role("button", name="Open call").press("Enter")

    trail = page.get_by_role("navigation", name="Sub-workflows")
    expect(trail).to_contain_text("call · round 1")
    expect(page.get_by_role("group", name="odd, Tool, Succeeded")).to_be_attached()  # it is played in odd rounds only
    page.get_by_role("group", name="odd, Tool, Succeeded").press("Enter")
    side = page.get_by_role("complementary", name="The chosen step")
    expect(side.get_by_role("heading", name="odd")).to_contain_text("round 1 · call")

    trail.get_by_role("button").first.click()

    expect(page.get_by_role("group", name="more, Branch, Succeeded")).to_be_attached()
    page.get_by_role("tab", name="Timeline").click()
    expect(page.get_by_role("row", name="call: rounds")).to_be_visible()


def test_an_edge_drawn_back_makes_a_loop_and_says_how_often(page: Page, api: httpx2.Client) -> None:
    identity = save_from_gallery(api, "loop_with_a_gate")
    flow = api.get(f"/api/workflows/{identity}").json()
    flow["graph"]["edges"] = [each for each in flow["graph"]["edges"] if "maxRounds" not in each]
    flow["graph"]["nodes"][1]["config"] = {"input": {"data": {}, "query": "@"}}
    assert api.put(f"/api/workflows/{identity}", json=flow).status_code == 200
    page.goto(f"workflows/{identity}")

    draw_edge(page, "Approval: ask", "Tool: draft")

    rounds = page.get_by_role("spinbutton", name="Max rounds")
    expect(rounds).to_have_value("10")
    expect(page.get_by_text("Loop from draft")).to_be_attached()
    left, right = node(page, "Tool: draft").bounding_box(), node(page, "Approval: ask").bounding_box()
    assert left
    assert right
    assert left["x"] < right["x"]

    rounds.fill("5")
    page.get_by_role("textbox", name="Condition", exact=True).fill("!context.last_output.approved")

    expect(edge(page, "Approval: ask", "Tool: draft")).to_have_accessible_name(re.compile("again, up to 5 rounds$"))
    expect(page.get_by_role("status").filter(has_text="No issues")).to_be_visible()
    node(page, "Tool: draft").click()
    publish(page)
    edges = api.get(f"/api/workflows/{identity}").json()["graph"]["edges"]
    assert [each.get("maxRounds") for each in edges if each["toNodeId"] == "draft"] == [None, 5]


def test_an_expression_inside_a_loop_is_offered_its_round(page: Page, api: httpx2.Client) -> None:
    page.goto(f"workflows/{save_from_gallery(api, 'loop_whose_head_decides')}")
    edge(page, "Branch: more", "Tool: work").click(force=True)
    condition = page.get_by_role("textbox", name="Condition", exact=True)
    condition.fill("")
    condition.press_sequentially("context.rou")
    expect(page.get_by_role("option", name="context.round")).to_be_visible()


def test_a_double_click_on_a_node_that_runs_a_workflow_goes_to_its_page(page: Page, api: httpx2.Client) -> None:
    page.goto(f"workflows/{save_from_gallery(api, 'workflow_inline_in_a_loop')}")

    node(page, "Workflow: call").dblclick()

    expect(page.get_by_role("heading", name="Routed", level=1)).to_be_visible()
    expect(node(page, "Branch: way")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_rounds_are_shown(
    browser: Browser, dev: RunningDev, rejected_once: str, scheme: Scheme
) -> None:
    with open_page(browser, dev.url, scheme=scheme) as page:
        page.goto(f"runs/{rejected_once}?step=draft&path=%232")
        expect(page.get_by_role("group", name="Rounds of draft")).to_be_visible()
        expect(page.get_by_role("group", name="Output")).to_be_visible()
        found = list_violations(page)
        page.goto(f"runs/{rejected_once}?view=timeline")
        expect(page.get_by_role("row", name="Round 1")).to_be_visible()

        assert found + list_violations(page) == []
