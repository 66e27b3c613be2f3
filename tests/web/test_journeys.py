"""From nothing to a run that has ended: each test is a way that somebody goes through the whole app."""

import re

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.process.servers import RunningDev, wait_until
from tests.web.browsers import Watch, open_page
from tests.web.editing import (
    choose,
    draw_edge,
    edge,
    expect_saved,
    node,
    pick_up_edge,
    publish,
    rename,
    save_gate,
    tab_to,
)

RUN_SECONDS = 90  # until a run has come to its gate, or to its end, on a busy machine
RUN_MS = RUN_SECONDS * 1000


def test_a_workflow_is_built_by_mouse_run_watched_and_answered(page: Page) -> None:
    build_a_greeting(page)
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("dialog").get_by_role("textbox", name="Topic").fill("the sea")
    page.get_by_role("dialog").get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}$"))

    expect(run_status(page, "Waiting")).to_be_visible(timeout=RUN_MS)
    expect(run_node(page, "Write notice")).to_contain_text("Succeeded")
    expect(run_node(page, "End")).to_contain_text("Not reached")
    gate = page.get_by_role("region", name="Approval", exact=True)
    expect(gate.get_by_text("Is this fit to be sent?")).to_be_visible(timeout=RUN_MS)
    gate.get_by_role("textbox", name="Comment").fill("Well said")
    gate.get_by_role("button", name="Approve").click()

    expect(gate.get_by_text("Well said").first).to_be_visible()
    expect(run_status(page, "Succeeded")).to_be_visible(timeout=RUN_MS)
    expect(run_node(page, "End")).to_contain_text("Succeeded")
    expect(page.get_by_role("heading", name="Output", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Cancel run")).to_be_hidden()


def build_a_greeting(page: Page) -> None:
    """Start, a tool, an approval, end: placed, wired and filled in with the mouse, then saved."""
    page.goto("projects/examples")
    page.get_by_role("link", name="New workflow").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("By mouse")
    page.get_by_role("group", name="Input schema").get_by_role("button", name="Add field").click()
    page.get_by_role("textbox", name="Name of the field").fill("topic")
    page.get_by_role("checkbox", name="Required").check()

    page.get_by_role("button", name="Add Tool").click()  # onto the one edge that there is
    choose(page, "Tool", "Write notice")
    page.get_by_role("combobox", name="Kind of Input").select_option("Fields")
    page.get_by_role("textbox", name="Name of the field").fill("template")
    page.get_by_role("textbox", name="Value of template").fill("A word about {{ context.input.topic }}")

    page.get_by_role("button", name="Add Approval").drag_to(
        page.get_by_role("region", name="Canvas"), target_position={"x": 400, "y": 120}
    )
    page.get_by_role("textbox", name="Label").fill("Look at it")
    page.get_by_role("textbox", name="Instructions").fill("Is this **fit** to be sent?")
    draw_edge(page, "Tool: Write notice", "Approval: Look at it")
    draw_edge(page, "Approval: Look at it", "End: End")
    node(page, "Tool: Write notice").click()
    page.get_by_role("button", name="Remove the edge to End").click()
    expect(edge(page, "Tool: Write notice", "End: End")).to_be_hidden()

    expect(page.get_by_role("status").filter(has_text="No issues")).to_be_visible()
    publish(page)
    expect(page).to_have_url(re.compile(r"/workflows/by_mouse$"))


def run_node(page: Page, title: str) -> Locator:
    """A node in the graph of a run; it says its status."""
    return page.locator(".run-node", has=page.get_by_text(title, exact=True))


def run_status(page: Page, word: str) -> Locator:
    return page.get_by_role("status").get_by_text(word, exact=True)


def test_a_node_grows_out_of_an_edge_that_is_let_go(page: Page) -> None:
    page.goto("workflows/new?project=examples")
    pick_up_edge(page, "Start: Start")
    page.get_by_role("region", name="Canvas").hover(position={"x": 300, "y": 480}, force=True)
    page.mouse.up()
    page.get_by_role("group", name="Add a node at the end of the edge").get_by_role("button", name="Agent").click()

    expect(edge(page, "Start: Start", "Agent: agent")).to_be_attached()
    expect(page.get_by_role("heading", level=2, name="Agent")).to_be_visible()


def test_a_workflow_is_built_and_saved_by_keyboard_alone(page: Page) -> None:
    keys = page.keyboard
    page.goto("projects/examples")
    expect(page.get_by_role("link", name="New workflow")).to_be_visible()
    tab_to(page, page.get_by_role("link", name="New workflow"))
    keys.press("Enter")
    expect(node(page, "Start: Start")).to_be_visible()

    keys.press("F6")
    expect(page.get_by_role("button", name="Add Agent")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Add Approval"))
    keys.press("Enter")  # onto the one edge that there is
    expect(edge(page, "Start: Start", "Approval: approval")).to_be_attached()
    keys.press("Escape")
    tab_to(page, page.get_by_role("button", name="Add End"))
    keys.press("Enter")  # nothing is selected: it stands alone
    expect(node(page, "End: end_2")).to_be_visible()

    tab_to(page, node(page, "Approval: approval"))
    keys.press("Enter")
    keys.press("F2")
    expect(page.get_by_role("textbox", name="Label")).to_be_focused()
    keys.type("Shall we?")
    prompt = tab_to(page, page.get_by_role("textbox", name="Instructions"))
    keys.type("Look at {{")
    expect(page.get_by_role("option", name="context.input")).to_be_visible()
    keys.press("Enter")
    expect(prompt).to_have_value("Look at {{ context.input }}")
    tab_to(page, page.get_by_role("textbox", name="Condition of the edge to End", exact=True))
    keys.type("context.last_output.approved")
    tab_to(page, page.get_by_role("combobox", name="Connect to"))
    keys.type("end_2")
    keys.press("Enter")
    expect(edge(page, "Approval: Shall we?", "End: end_2")).to_be_attached()

    keys.press("F6")
    keys.press("F6")
    keys.press("Escape")
    expect(page.get_by_role("heading", level=2, name="Workflow")).to_be_visible()
    keys.press("F2")
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_be_focused()
    keys.type("By keyboard")
    keys.press("Control+s")

    expect_saved(page)
    expect(page).to_have_url(re.compile(r"/workflows/by_keyboard$"))


def test_issues_keep_from_publishing_and_lead_to_where_they_are_mended(page: Page, api: httpx2.Client) -> None:
    page.goto(f"workflows/{save_gate(api, 'Broken')}")
    node(page, "Approval: Broken").click()
    page.get_by_role("button", name="Remove the edge to end").click()
    node(page, "Tool: draft").click()
    page.get_by_role("textbox", name="Value of template").fill("Dear {{ context.outputs.nobody }}")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Publish revision").click()
    expect(page.get_by_text("Not published: fix 3 issues to publish")).to_be_visible()

    issues = page.get_by_role("region", name="Issues")
    issues.get_by_role("button", name="Nothing follows").click()
    choose(page, "Connect to", "end")
    expect(issues.get_by_role("listitem")).to_have_count(1)
    issues.get_by_role("button", name="There is no node nobody").click()
    template = page.get_by_role("textbox", name="Value of template")
    expect(template).to_be_focused()
    template.fill("Good day, {{ context.input.name }}")

    expect(issues.get_by_role("status").get_by_text("No issues")).to_be_visible()
    publish(page)


@pytest.fixture
def waiting(api: httpx2.Client) -> str:
    """The id of a run that waits at a gate of its own."""
    started = api.post(
        f"/api/workflows/{save_gate(api, 'Send it?')}/runs", json={"input": {"name": "Bo", "owner": "cy"}}
    )
    assert started.status_code == 201, started.text
    run = str(started.json()["runId"])
    wait_until(lambda: api.get(f"/api/runs/{run}").json()["waitingOn"], RUN_SECONDS)
    return run


def test_of_two_at_one_gate_the_second_learns_who_was_first_and_keeps_the_words(
    browser: Browser, dev: RunningDev, api: httpx2.Client, waiting: str
) -> None:
    gate = api.get(f"/api/runs/{waiting}").json()["waitingOn"][0]
    asked = api.get(f"/api/gates/{gate}").text
    watch = Watch()
    watch.expect(409)
    with open_page(browser, dev.url) as ann, open_page(browser, dev.url, scheme="dark", watch=watch) as bob:
        for person in (ann, bob):
            person.goto(f"approvals/{gate}")
        ann.get_by_role("textbox", name="Letter").fill("Dear Bo, welcome")
        bob.get_by_role("textbox", name="Comment").fill("Not before Monday")
        bob.route(f"**/api/gates/{gate}", lambda route: route.fulfill(content_type="application/json", body=asked))
        ann.get_by_role("button", name="Approve").click()
        expect(ann.get_by_role("region", name="What was changed")).to_contain_text("Dear Bo, welcome")

        bob.get_by_role("button", name="Reject").click()  # his page has not heard of hers yet

        expect(bob.get_by_role("alert")).to_contain_text(re.compile("Answered by .+Yours was not sent"))
        expect(bob.get_by_role("textbox", name="Comment")).to_have_value("Not before Monday")
        expect(bob.get_by_role("button", name="Reject")).to_be_hidden()


def test_an_old_revision_is_compared_and_restored(page: Page, api: httpx2.Client) -> None:
    workflow = save_gate(api, "As it was")
    first = api.get(f"/api/workflows/{workflow}").json()["revision"]
    second = rename(api, workflow, "As it is")
    page.goto(f"workflows/{workflow}")
    page.get_by_role("button", name="Revisions").click()
    dialog = page.get_by_role("dialog", name="Revisions")
    expect(dialog.get_by_role("button", name=f"Restore revision {second}")).to_be_disabled()

    dialog.get_by_role("button", name=re.compile(f"^r{first} ")).click()
    dialog.get_by_role("combobox", name=f"Compare r{first} with").select_option("what is on the canvas")
    expect(dialog.get_by_text("name: As it is")).to_be_visible()
    dialog.get_by_role("button", name=f"Restore revision {first}").click()

    expect(page.get_by_role("heading", level=1, name="As it was")).to_be_visible()
    expect_saved(page)
    assert api.get(f"/api/workflows/{workflow}").json()["name"] == "As it was"


def test_a_save_over_a_newer_revision_is_refused_with_both_shown(page: Page, api: httpx2.Client, watch: Watch) -> None:
    watch.expect(409)
    workflow = save_gate(api, "Ours")
    page.goto(f"workflows/{workflow}")
    page.get_by_role("textbox", name="Description", exact=True).fill("Written here")
    theirs = rename(api, workflow, "Theirs")
    page.keyboard.press("Control+s")

    dialog = page.get_by_role("dialog", name="There is a newer revision")
    expect(dialog).to_contain_text(f"has saved revision {theirs}")
    expect(dialog.get_by_text("name: Theirs")).to_be_visible()
    dialog.get_by_role("tab", name="What yours would change").click()
    expect(dialog.get_by_text("description: Written here")).to_be_visible()
    assert api.get(f"/api/workflows/{workflow}").json()["revision"] == theirs
    dialog.get_by_role("button", name="Save mine over theirs").click()

    expect_saved(page)
    saved = api.get(f"/api/workflows/{workflow}").json()
    assert (saved["name"], saved["description"]) == ("Ours", "Written here")


def test_a_waiting_run_is_canceled_and_its_gate_with_it(page: Page, api: httpx2.Client, waiting: str) -> None:
    page.goto(f"runs/{waiting}")
    page.get_by_role("button", name="Cancel run").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()

    expect(run_status(page, "Canceled")).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_role("button", name="Cancel run")).to_be_hidden()
    expect(page.get_by_role("button", name="Approve")).to_be_hidden()
    expect(page.get_by_role("button", name="Run again")).to_be_enabled()
    assert api.get(f"/api/runs/{waiting}").json()["waitingOn"] == []
