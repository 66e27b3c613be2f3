"""What fails and is caught is drawn, set and shown: an edge says when it is followed, and nothing caught is green."""

import re

import httpx2
from playwright.sync_api import Page, expect

from tests.shapes import node
from tests.web import editing
from tests.web.test_accessibility import list_violations
from tests.web.test_completion import write
from tests.web.test_run_page import RUN_MS, save, start

NODES = [
    node("start", "start"),
    node("divide", "tool", toolId="calculator", input={"expression": "1 / 0"}, label="Divide"),
    node("mend", "tool", toolId="calculator", input={"expression": "1 / 1"}, label="Mend", onError={"output": 0}),
    node(
        "bad",
        "tool",
        toolId="calculator",
        input={"expression": "2 / 0"},
        label="Guess",
        onError={"output": {"result": 1}},
    ),
    node("end", "end"),
]
WAYS = ["start -> divide", "divide -> end", "divide -> mend on error", "mend -> bad", "bad -> end"]


def test_an_edge_is_made_one_for_errors_and_says_so(page: Page, api: httpx2.Client) -> None:
    flow = save(api, NODES[:3] + NODES[4:], ["start -> divide", "divide -> end", "divide -> mend", "mend -> end"])
    page.goto(f"workflows/{flow}")

    editing.node(page, "Tool: Divide").click()
    page.get_by_role("button", name="Select the edge to Mend").click()
    page.get_by_label("Followed").select_option("when it has failed: the run goes on")
    page.get_by_role("combobox", name="Condition").or_(page.get_by_label("Condition", exact=True)).first.fill(
        'context.error.code == "invalid_input"'
    )
    expect(page.locator(".edge-label", has_text="on error")).to_be_visible()
    assert list_violations(page) == []
    editing.publish(page)

    [edge] = [one for one in api.get(f"/api/workflows/{flow}").json()["graph"]["edges"] if one["toNodeId"] == "mend"]
    assert (edge["on"], edge["condition"]) == ("error", 'context.error.code == "invalid_input"')


def test_conditions_on_an_edge_for_errors_offer_the_error(page: Page, api: httpx2.Client) -> None:
    flow = save(api, NODES, WAYS)
    page.goto(f"workflows/{flow}")

    editing.node(page, "Tool: Divide").click()
    options = write(page, "Condition of the edge to Mend", "context.error.").get_by_role("option")
    expect(options.filter(has_text="context.error.code")).to_be_visible()
    options = write(page, "expression", "{{ context.").get_by_role("option")
    expect(options.first).to_be_visible()
    expect(options.filter(has_text="context.error")).to_have_count(0)


def test_what_is_given_instead_of_failing_offers_the_error(page: Page, api: httpx2.Client) -> None:
    flow = save(api, NODES[:1] + NODES[2:], ["start -> mend", "mend -> bad", "bad -> end"])  # no edge catches
    page.goto(f"workflows/{flow}")

    editing.node(page, "Tool: Mend").click()
    options = write(page, "If it fails", "{{ context.error.").get_by_role("option")
    expect(options.filter(has_text="context.error.message")).to_be_visible()
    editing.node(page, "Tool: Guess").click()
    options = write(page, "Value of result", "{{ context.error.").get_by_role("option")
    expect(options.filter(has_text="context.error.code")).to_be_visible()


def test_a_run_with_a_caught_fault_is_amber_everywhere(page: Page, api: httpx2.Client) -> None:
    run = start(api, save(api, NODES, WAYS), {})
    page.goto(f"runs/{run}")

    chip = page.locator(".run-head .chip")
    expect(chip).to_contain_text("caught", timeout=RUN_MS)
    expect(chip).to_have_class(re.compile("chip-caught"))
    expect(page.locator(".run-node-caught")).to_contain_text("Divide")
    expect(page.locator(".run-node-fallback")).to_contain_text("Guess")
    page.locator(".run-node-caught").click()
    expect(page.get_by_text("It failed, and was caught.")).to_be_visible()
    assert list_violations(page) == []

    page.goto("runs")
    row = page.get_by_role("row").filter(has=page.locator(f'a[href$="/runs/{run}"]'))
    expect(row.locator(".chip")).to_contain_text("caught")
    whole = start(api, save(api, NODES[:1] + NODES[4:], ["start -> end"]), {})
    expect(page.locator(f'a[href$="/runs/{whole}"]')).to_be_visible(timeout=RUN_MS)
    page.get_by_label("Caught a fault").check()
    expect(page.locator(f'a[href$="/runs/{whole}"]')).to_have_count(0)
    box = row.locator(".chip").bounding_box()
    cell = row.locator("td").first.bounding_box()
    assert box
    assert cell
    assert box["x"] + box["width"] <= cell["x"] + cell["width"], "it stands in its column"
