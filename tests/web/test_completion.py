"""The editor completes expressions with what the server knows of each node: a join, an item, a reply, an answer."""

import uuid
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.shapes import node as make_node
from tests.shapes import workflow
from tests.web.editing import node

SCORE: dict[str, Any] = {
    "type": "object",
    "properties": {"score": {"type": "number", "description": "From 0 to 1"}, "why": {"type": "string"}},
}
INPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "orders": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
        "deep": {"$ref": "#/$defs/deep"},
        "name": {"type": "string"},
    },
    "$defs": {"deep": {"type": "object", "properties": {"down": {"$ref": "#/$defs/deep"}, "end": {"type": "string"}}}},
}
TOOL_INPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "amount": {"type": "number", "description": "What is to be paid"},
        "note": {"type": "string"},
    },
    "required": ["amount"],
}


@pytest.fixture
def opened(page: Page, api: httpx2.Client) -> Page:
    """The editor of a workflow: two agents that meet in a tool, an each over orders, a gate."""
    own = uuid.uuid4().hex[:8]
    agent = {"id": f"agent_{own}", "name": f"Rater {own}", "modelProvider": "local", "modelName": "offline"}
    pay = {"type": "function", "config": {"functionName": "pay"}, "inputSchema": TOOL_INPUT}
    tool = {"id": f"tool_{own}", "name": f"Pay {own}", **pay}
    nodes = [
        make_node("start", "start"),
        make_node("rate", "agent", agentId=agent["id"], label="Rate it", outputSchema=SCORE, prompt="Rate"),
        make_node("check", "agent", agentId=agent["id"], label="Check it", prompt="Check"),
        make_node("pay", "tool", toolId=tool["id"], label="Pay it", input={"amount": 3}),
        make_node("each", "branch", mode="each", items="context.input.orders", label="Go through", join="ask"),
        make_node("work", "agent", agentId=agent["id"], label="Work on it", prompt="Work"),
        make_node("ask", "human_approval", label="Ask", schema=SCORE),
        make_node("end", "end"),
        make_node("other", "end"),
    ]
    edges = ["start -> rate", "start -> check", "rate -> pay", "check -> pay", "pay -> each", "each -> work"]
    edges += ["work -> ask", "ask -> end if context.last_output.score > 0.5", "ask -> other"]
    flow = workflow(f"flow_{own}", nodes, edges, projectId="examples", inputSchema=INPUT).to_wire()
    for where, body in (("agents", agent), ("tools", tool), ("workflows", flow)):
        saved = api.post(f"/api/{where}", json={**body, "projectId": "examples"})
        assert saved.status_code == 201, saved.text
    page.goto(f"workflows/{flow['id']}")
    return page


def write(page: Page, field: str, text: str) -> Locator:
    """Writes into a field as a person does; the list of what may be named."""
    box = page.get_by_role("textbox", name=field, exact=True)
    box.fill("")
    box.press_sequentially(text)
    return page.get_by_role("listbox", name="Values")


def test_a_join_offers_the_fields_of_each_that_comes_in(opened: Page) -> None:
    node(opened, "Tool: Pay it").click()

    options = write(opened, "note", "About {{ context.last_output.").get_by_role("option")

    expect(options.filter(has_text="context.last_output.rate.score")).to_contain_text("number · From 0 to 1")
    expect(options.filter(has_text="context.last_output.check.text")).to_contain_text("string · ")


def test_an_item_and_a_reply_are_known_inside_of_an_each(opened: Page) -> None:
    node(opened, "Agent: Work on it").click()

    options = write(opened, "Prompt", "{{ context.item").get_by_role("option")
    expect(options.filter(has_text="context.item.price")).to_contain_text("number")
    options = write(opened, "Prompt", "{{ context.outputs.rate.").get_by_role("option")
    expect(options.filter(has_text="context.outputs.rate.score")).to_contain_text("From 0 to 1")
    options = write(opened, "Prompt", "{{ context.input.deep.down.down.down.down.down.").get_by_role("option")
    expect(options.filter(has_text="context.input.deep.down.down.down.down.down.end")).to_be_visible()


def test_the_edges_of_a_gate_offer_its_answer(opened: Page) -> None:
    node(opened, "Approval: Ask").click()

    options = write(opened, "Condition of the edge to end", "context.last_output.").get_by_role("option")

    expect(options.filter(has_text="context.last_output.why")).to_contain_text("string · the answer")
    options = write(opened, "Instructions", "{{ context.last_output").get_by_role("option")
    expect(options.filter(has_text="context.last_output[0].text")).to_be_visible()


def test_a_tools_input_form_says_what_each_field_takes_and_offers_what_fits_first(opened: Page) -> None:
    node(opened, "Tool: Pay it").click()

    amount = opened.get_by_role("textbox", name="amount", exact=True)
    expect(amount).to_have_attribute("aria-required", "true")
    expect(amount).to_have_accessible_description("Number. What is to be paid")
    expect(opened.get_by_role("textbox", name="note", exact=True)).to_have_accessible_description("Text.")

    options = write(opened, "amount", "{{ context.").get_by_role("option")
    expect(options.first).to_contain_text("context.input.orders[0].price")
    expect(options.nth(1)).to_contain_text("context.last_output.rate.score")
    expect(options.filter(has_text="context.input.name")).to_have_count(0)
    options = write(opened, "note", "For {{ context.input.n").get_by_role("option")
    expect(options.first).to_contain_text("context.input.name")


def test_what_is_not_taken_is_told_at_the_field(opened: Page) -> None:
    node(opened, "Tool: Pay it").click()

    opened.get_by_role("textbox", name="amount", exact=True).fill("{{ context.input.name }}")

    amount = opened.locator('[data-place="config.input.amount"]')
    expect(amount).to_contain_text("with amount as text, which the inputSchema of the tool")


def test_what_is_offered_follows_the_graph_while_something_else_is_wrong(opened: Page) -> None:
    node(opened, "Agent: Check it").click()
    write(opened, "Prompt", "{{ context.nonsense")
    opened.get_by_role("button", name="Remove the edge to Pay it").click()
    node(opened, "Tool: Pay it").click()

    options = write(opened, "note", "{{ context.last_output.").get_by_role("option")

    expect(options.filter(has_text="context.last_output.why")).to_contain_text("string · Rate it")
