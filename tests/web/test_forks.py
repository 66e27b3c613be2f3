"""Forks in the browser: a run goes on from a step with another output, and stands beside the one that it came from."""

import uuid
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.process.servers import RunningDev, wait_until
from tests.shapes import node, workflow
from tests.web.browsers import Watch, open_page

RUN_SECONDS = 90  # until a run has come to its gate, or to its end, on a busy machine
RUN_MS = RUN_SECONDS * 1000
SAYS = {"id": "own_say", "name": "Say", "projectId": "examples", "type": "builtin"}


def saying(identity: str, template: str, **values: str) -> dict[str, Any]:
    given = {"template": template, **({"values": values} if values else {})}
    return node(identity, "tool", toolId="own_say", label=identity.title(), input=given)


def read(api: httpx2.Client, run: str) -> Any:
    return api.get(f"/api/runs/{run}").json()


def answer(api: httpx2.Client, run: str) -> None:
    wait_until(lambda: read(api, run)["waitingOn"], RUN_SECONDS)
    [step] = read(api, run)["waitingOn"]
    api.post(f"/api/steps/{step}/human-complete", json={"output": {"approved": True}})


@pytest.fixture
def run(api: httpx2.Client) -> str:
    """The id of a run that has said something, was approved, and has said what was approved."""
    api.post("/api/tools", json=SAYS | {"config": {"functionName": "text_template"}})
    nodes = [
        node("start", "start"),
        saying("draft", "Dear all"),
        node("gate", "human_approval", label="Send it?", payload="{{ context.outputs.draft.text }}"),
        saying("letter", "Sent: {{ context.outputs.draft.text }}"),
        node("end", "end", output="{{ context.outputs.letter.text }}"),
    ]
    identity = f"own_{uuid.uuid4().hex[:8]}"
    edges = ["start -> draft", "draft -> gate", "gate -> letter", "letter -> end"]
    flow = workflow(identity, nodes, edges, projectId="examples", name="Letters").to_wire()
    assert api.post("/api/workflows", json=flow).status_code == 201
    started = str(api.post(f"/api/workflows/{identity}/runs", json={"input": {}}).json()["runId"])
    answer(api, started)
    wait_until(lambda: read(api, started)["status"] == "succeeded", RUN_SECONDS)
    return started


def fork(api: httpx2.Client, run: str, **body: Any) -> str:
    forked = str(api.post(f"/api/runs/{run}/fork", json=body).json()["runId"])
    if body.get("outputs"):
        answer(api, forked)
    wait_until(lambda: read(api, forked)["status"] == "succeeded", RUN_SECONDS)
    return forked


def test_a_run_is_forked_with_another_output_asks_again_and_is_compared(page: Page, api: httpx2.Client, run: str):
    page.goto(f"runs/{run}?step=letter")
    page.get_by_role("button", name="Fork from here").click()
    dialog = page.get_by_role("dialog", name="Fork from Letter")
    expect(dialog.get_by_text("Output of Send it?")).to_have_count(0)  # a person answers it
    draft = dialog.get_by_role("group").filter(has_text="Output of Draft")
    draft.get_by_text("Output of Draft").click()
    draft.get_by_role("textbox", name="Output of Draft").fill('{"text": "Dear Ann"}')
    expect(draft.get_by_text("edited", exact=True)).to_be_visible()
    expect(dialog).to_contain_text("asked for anew")
    dialog.get_by_role("button", name="Start fork").click()

    expect(page.locator(".run-facts")).to_contain_text(f"forked from {run[:8]} at Letter", timeout=RUN_MS)
    card = page.get_by_role("region", name="Approval", exact=True)
    expect(card).to_contain_text("Dear Ann", timeout=RUN_MS)
    card.get_by_role("button", name="Approve").click()
    status = page.locator(".run-head .chip")
    expect(status).to_contain_text("Succeeded", timeout=RUN_MS)
    page.locator(".react-flow__node").filter(has_text="Draft").click()
    side = page.get_by_role("complementary", name="The chosen step")
    expect(side).to_contain_text("Taken over from run")
    expect(side).to_contain_text("has edited the output")

    page.get_by_role("link", name="Compare").click()

    expect(page.get_by_role("region", name="Second run")).to_contain_text("1 of them edited")
    steps = page.get_by_role("region", name="Steps")
    expect(steps).to_contain_text("of 5 differ")
    steps.get_by_text("Letter").click()
    expect(steps.get_by_role("region", name="Output", exact=True)).to_contain_text("Sent: Dear all")
    expect(steps.get_by_role("region", name="Output", exact=True)).to_contain_text("Sent: Dear Ann")
    expect(page.get_by_role("region", name="Workflow")).to_contain_text("Both execute the same.")
    expect(page.get_by_role("region", name="Input of the runs")).to_contain_text("Both were given the same.")
    page.goto(f"runs/{run}")
    expect(page.locator(".run-facts")).to_contain_text("1 fork")


def test_what_is_wrong_with_a_fork_is_said_in_its_dialog(page: Page, api: httpx2.Client, run: str, watch: Watch):
    watch.expect(422)
    page.goto(f"runs/{run}?step=end")
    page.get_by_role("button", name="Fork from here").click()
    dialog = page.get_by_role("dialog", name="Fork from end")
    letter = dialog.get_by_role("group").filter(has_text="Output of Letter")
    letter.get_by_text("Output of Letter").click()
    letter.get_by_role("textbox", name="Output of Letter").fill('{"text": "Sent: nonsense"}')
    dialog.get_by_role("button", name="Start fork").click()

    expect(dialog.get_by_role("listitem")).to_contain_text("where a person agrees to what follows")
    assert read(api, run)["forks"] == []


def test_two_runs_of_the_list_are_compared(page: Page, api: httpx2.Client, run: str):
    forked = fork(api, run, fromNodeId="letter", input={"n": 1}, outputs={"draft": {"text": "Hello"}})
    page.goto("runs")
    page.get_by_role("checkbox", name=f"Compare run {run[:8]}").check()
    expect(page.get_by_text("Pick another run")).to_be_visible()
    page.get_by_role("checkbox", name=f"Compare run {forked[:8]}").check()
    page.get_by_role("link", name="Compare 2 runs").click()

    expect(page.get_by_role("region", name="First run")).to_contain_text(run[:8])
    expect(page.get_by_role("region", name="Input of the runs")).to_contain_text('"n": 1')
    expect(page.get_by_role("region", name="Output of the runs")).to_contain_text("Sent: Hello")


def test_a_step_that_was_closed_opens_again_when_it_is_chosen(page: Page, api: httpx2.Client, run: str):
    forked = fork(api, run, fromNodeId="letter", input={"n": 1}, outputs={"draft": {"text": "Hello"}})
    page.goto(f"runs/{run}/compare/{forked}")
    steps = page.get_by_role("region", name="Steps")
    nodes = page.get_by_role("group", name=f"Graph of run {forked[:8]}").locator(".react-flow__node")
    output = steps.get_by_role("region", name="Output", exact=True)

    nodes.filter(has_text="Letter").click()
    expect(output).to_have_count(1)
    nodes.filter(has_text="Draft").click()
    expect(output).to_have_count(1)  # nobody had opened the first
    expect(output).to_contain_text("Hello")
    steps.get_by_text("Draft").click()
    expect(output).to_have_count(0)
    nodes.filter(has_text="Letter").click()
    nodes.filter(has_text="Draft").click()
    expect(output).to_have_count(1)
    expect(output).to_contain_text("Hello")


def test_a_phone_shows_both_runs_below_each_other(browser: Browser, dev: RunningDev, api: httpx2.Client, run: str):
    forked = fork(api, run, fromNodeId="letter")
    with open_page(browser, dev.url, width=390) as phone:
        phone.goto(f"runs/{run}/compare/{forked}")
        first, second = (phone.get_by_role("region", name=f"{word} run") for word in ("First", "Second"))
        expect(second).to_contain_text("3 steps taken over")
        above, below = first.bounding_box(), second.bounding_box()
        assert above
        assert below
        assert above["y"] + above["height"] <= below["y"]
        expect(phone.get_by_role("region", name="Steps")).to_contain_text("Each step ended the same way")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
