"""A node that runs another workflow is placed and configured in the editor; pages of runs lead to each other."""

import re
import uuid
from typing import Any

import httpx2
from playwright.sync_api import Page, expect

from tests.process.servers import wait_until
from tests.shapes import node, workflow
from tests.web import editing
from tests.web.test_run_page import RUN_MS, RUN_SECONDS, save, start


def save_letter(api: httpx2.Client) -> str:
    """A workflow that waits for a person; its name."""
    name = f"Letter {uuid.uuid4().hex[:6]}"
    nodes = [node("start", "start"), node("ask", "human_approval", label="Send it?"), node("end", "end")]
    schema = {"type": "object", "properties": {"who": {"type": "string"}}}
    flow = workflow(f"letter_{uuid.uuid4().hex[:6]}", nodes, ["start -> ask", "ask -> end"], name=name)
    body = flow.to_wire() | {"projectId": "examples", "inputSchema": schema}
    assert api.post("/api/workflows", json=body).status_code == 201
    return name


def find_id(api: httpx2.Client, name: str) -> str:
    items: list[dict[str, Any]] = api.get("/api/workflows", params={"limit": 200}).json()["items"]
    return next(item["id"] for item in items if item["name"] == name)


def test_a_workflow_is_chosen_and_given_a_run_of_its_own(page: Page, api: httpx2.Client) -> None:
    letter = save_letter(api)
    own = save(api, [node("start", "start"), node("end", "end")], ["start -> end"])
    page.goto(f"workflows/{own}")

    page.get_by_role("button", name="Add Workflow").click()  # onto the one edge that there is
    editing.choose(page, "Workflow", letter)
    expect(page.get_by_role("link", name=f"Open {letter}")).to_have_attribute("href", re.compile("/workflows/letter_"))
    page.get_by_role("combobox", name="Mode").select_option("Run of its own")
    page.get_by_label("Concurrency", exact=True).fill("3")
    page.get_by_role("textbox", name="who", exact=True).fill("Ann")
    editing.publish(page)

    [_, _, called] = api.get(f"/api/workflows/{own}").json()["graph"]["nodes"]
    assert called["workflowId"] == find_id(api, letter)
    assert called["config"] == {"mode": "run", "concurrency": 3, "input": {"who": "Ann"}}


def test_a_step_leads_to_its_run_and_that_run_back(page: Page, api: httpx2.Client) -> None:
    letter = find_id(api, save_letter(api))
    call = node("call", "workflow", workflowId=letter, mode="run", input={"who": "Ann"}, label="Write it")
    run = start(
        api, save(api, [node("start", "start"), call, node("end", "end")], ["start -> call", "call -> end"]), {}
    )
    wait_until(lambda: api.get("/api/runs", params={"parentRunId": run, "waiting": True}).json()["items"], RUN_SECONDS)
    [child] = api.get("/api/runs", params={"parentRunId": run}).json()["items"]
    page.goto(f"runs/{run}")

    page.get_by_role("button", name="Write it · for a run of another workflow").click()
    page.get_by_role("link", name="Open its run").click()
    expect(page).to_have_url(re.compile(f"/runs/{child['id']}$"))
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("banner").or_(page.locator(".run-head")).last).to_contain_text("Succeeded", timeout=RUN_MS)
    page.get_by_role("link", name=f"For a step of run {run[:8]}").click()

    expect(page.locator(".run-head")).to_contain_text("Succeeded", timeout=RUN_MS)
    page.get_by_role("link", name="Runs that its steps asked for").click()
    expect(page.get_by_role("checkbox", name=f"For steps of run {run[:8]}")).to_be_checked()
    expect(page.get_by_role("table", name="Runs").get_by_role("row")).to_have_count(2)
