"""Projects, agents and tools: made, changed, tried, deleted and brought back."""

import re
import uuid

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.process.servers import wait_until
from tests.web.browsers import Watch


@pytest.fixture
def agent(api: httpx2.Client) -> str:
    """The id of an agent of the test's own."""
    body = {"name": f"Agent {uuid.uuid4().hex[:6]}", "projectId": "examples", "modelProvider": "local"}
    made = api.post("/api/agents", json={**body, "modelName": "offline", "systemPrompt": ""})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_a_project_is_made_renamed_and_deleted(page: Page) -> None:
    page.goto("projects")
    page.get_by_role("button", name="New project").click()
    page.get_by_role("textbox", name="Name").fill("Night shift")
    page.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile(r"/projects/night_shift$"))
    expect(page.get_by_role("heading", name="No workflows yet")).to_be_visible()

    page.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Name").fill("Day shift")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1, name="Day shift")).to_be_visible()

    page.get_by_role("button", name="Edit").click()
    page.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(r"/projects$"))
    expect(page.get_by_role("link", name="Day shift")).to_be_hidden()


def test_an_agent_is_made_by_keyboard_and_tried(page: Page, api: httpx2.Client) -> None:
    page.goto("agents/new?project=examples")
    name = page.get_by_role("textbox", name="Name")
    expect(name).to_be_enabled()
    name.focus()
    page.keyboard.type("Adder <b>1</b>")
    page.get_by_role("combobox", name="Tools").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.type("work out")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+s")

    expect(page).to_have_url(re.compile(r"/agents/adder_b_1_b$"))
    expect(page.get_by_role("heading", level=1, name="Adder <b>1</b>")).to_be_visible()
    page.get_by_role("textbox", name="Prompt", exact=True).fill("What is 2 + 3?")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("tokens in")).to_be_visible()
    assert len(api.get("/api/agents/adder_b_1_b").json()["tools"]) == 1


def test_saving_over_a_newer_revision_is_refused_and_shows_both(
    page: Page, watch: Watch, api: httpx2.Client, agent: str
) -> None:
    watch.expect(409)
    page.goto(f"agents/{agent}")
    page.get_by_role("textbox", name="Description").fill("mine")
    theirs = {**api.get(f"/api/agents/{agent}").json(), "description": "theirs"}
    assert api.put(f"/api/agents/{agent}", json=theirs).status_code == 200

    page.get_by_role("button", name="Save", exact=True).click()
    both = page.get_by_role("group", name="Line by line")
    expect(both).to_contain_text(re.compile("removed: description: theirs.*added: description: mine"))
    page.get_by_role("button", name="Save mine over theirs").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()

    expect(both).to_be_hidden()
    assert api.get(f"/api/agents/{agent}").json()["description"] == "mine"


def test_faults_that_the_server_finds_stand_at_their_fields(page: Page, watch: Watch, agent: str) -> None:
    watch.expect(422)
    page.goto(f"agents/{agent}")

    page.get_by_role("textbox", name="Model").fill(" ")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("textbox", name="Model")).to_have_accessible_description(re.compile("must not be empty"))
    expect(page.get_by_role("textbox", name="Model")).to_have_attribute("aria-invalid", "true")


def test_unsaved_changes_are_not_left_behind_by_mistake(page: Page, agent: str) -> None:
    page.goto(f"agents/{agent}")
    page.get_by_role("textbox", name="Description").fill("half a thought")
    page.once("dialog", lambda dialog: dialog.dismiss())

    page.get_by_role("link", name="Runs").first.click()

    expect(page).to_have_url(re.compile(f"/agents/{agent}$"))
    expect(page.get_by_role("textbox", name="Description")).to_have_value("half a thought")


def test_a_deleted_agent_shows_its_history_and_is_restored(
    page: Page, watch: Watch, api: httpx2.Client, agent: str
) -> None:
    watch.expect(404)
    revision = api.get(f"/api/agents/{agent}").headers["etag"].strip('"')
    page.goto(f"agents/{agent}")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(r"/projects/examples$"))

    page.goto(f"agents/{agent}")
    page.get_by_role("button", name=f"r{revision}").click()
    page.get_by_role("button", name="Restore").click()

    expect(page.get_by_role("textbox", name="Name")).to_be_visible()
    assert api.get(f"/api/agents/{agent}").status_code == 200


def test_a_tool_gets_its_schema_from_rows_and_its_trial_a_form_of_it(
    page: Page, watch: Watch, api: httpx2.Client
) -> None:
    page.goto("tools/new?project=examples")
    page.get_by_role("textbox", name="Name", exact=True).fill("Adding up")
    page.get_by_role("combobox", name="Type").select_option("builtin")
    page.get_by_role("combobox", name="Function").click()
    page.get_by_role("option", name=re.compile("^calculator")).click()
    page.get_by_role("button", name="Add field").first.click()
    page.get_by_role("textbox", name="Name of the field").fill("expression")
    page.get_by_role("checkbox", name="Required").check()
    page.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile(r"/tools/adding_up$"))
    assert api.get("/api/tools/adding_up").json()["inputSchema"] == {
        "type": "object",
        "required": ["expression"],
        "properties": {"expression": {"type": "string"}},
    }

    page.get_by_role("textbox", name="Expression", exact=True).fill("6 * 7")
    page.get_by_role("button", name="Test").click()

    expect(page.get_by_role("group", name="Output").last).to_contain_text("result: 42")


def test_a_project_shows_what_its_models_were_asked_for(page: Page, api: httpx2.Client) -> None:
    project, agent = {"id": "spending", "name": "Spending"}, {"modelProvider": "local", "modelName": "offline"}
    ask = {"id": "ask", "type": "agent", "agentId": "spender", "config": {"prompt": "Hello"}}
    nodes = [{"id": "start", "type": "start"}, ask, {"id": "end", "type": "end"}]
    edges = [
        {"id": "e1", "fromNodeId": "start", "toNodeId": "ask"},
        {"id": "e2", "fromNodeId": "ask", "toNodeId": "end"},
    ]
    document = {
        "project": project,
        "agents": [{"id": "spender", "name": "Spender", **agent}],
        "workflows": [{"id": "spends", "name": "Spends", "graph": {"nodes": nodes, "edges": edges}}],
    }
    api.post("/api/documents", json=document).raise_for_status()
    page.goto("projects/spending")
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
    expect(page.get_by_role("table", name="Model use")).to_be_hidden()

    run_id = api.post("/api/workflows/spends/runs", json={"input": {}}).json()["runId"]
    wait_until(lambda: api.get(f"/api/runs/{run_id}").json()["status"] == "succeeded", 120)
    page.reload()
    row = page.get_by_role("table", name="Model use").get_by_role("row").nth(1)
    expect(row).to_contain_text("$0.00")
    expect(row.get_by_role("cell").nth(1)).to_have_text("1")
