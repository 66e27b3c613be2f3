"""The page of a run: what is too large to be sent at once, and what becomes of a run that has failed."""

import secrets
import uuid
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from agentmesh_dagster.store import open_store
from agentmesh_dagster.store.catalogue import save_job_problems
from tests.process.servers import RunningDev, wait_until
from tests.shapes import node, workflow

RUN_SECONDS = 90  # until a run has come to its gate, or to its end, on a busy machine
RUN_MS = RUN_SECONDS * 1000


def save(api: httpx2.Client, nodes: list[dict[str, Any]], edges: list[str], *, begins: str = "own") -> str:
    """Saves a workflow of the test's own; its id, which is its name too."""
    identity = f"{begins}_{uuid.uuid4().hex[:8]}"
    flow = workflow(identity, nodes, edges, projectId="examples").to_wire()
    saved = api.post("/api/workflows", json=flow)
    assert saved.status_code == 201, saved.text
    return identity


def start(api: httpx2.Client, identity: str, run_input: Any) -> str:
    started = api.post(f"/api/workflows/{identity}/runs", json={"input": run_input})
    assert started.status_code == 201, started.text
    return str(started.json()["runId"])


def wait_for(api: httpx2.Client, run: str, field: str, value: Any = True) -> None:
    wait_until(lambda: (api.get(f"/api/runs/{run}").json().get(field) or False) == value, RUN_SECONDS)


def test_a_large_value_is_read_when_it_is_opened(page: Page, api: httpx2.Client) -> None:
    identity = save(api, [node("start", "start"), node("end", "end")], ["start -> end"])
    run = start(api, identity, {"rows": ["hay", *(secrets.token_hex(500) for _ in range(2_000))], "last": "needle"})
    wait_for(api, run, "status", "succeeded")
    sizes: list[int] = []  # as sent: such rows compress to half
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto("runs")
    expect(page.get_by_role("table", name="Runs")).to_contain_text('"hay"')
    page.goto(f"runs/{run}")
    output = page.get_by_role("group", name="Output of the run")
    expect(output.get_by_role("button", name="Show all, 2.0 MB")).to_be_visible()
    expect(page.get_by_role("group", name="Input of the run")).to_contain_text('"hay"')
    page.wait_for_load_state("networkidle")
    assert 0 < sum(sizes) < 500_000

    output.get_by_role("button", name="Show all, 2.0 MB").click()

    page.get_by_role("searchbox", name="Search in Output of the run").fill("needle")
    expect(page.get_by_text("1 match", exact=True)).to_be_visible()


@pytest.fixture
def rejected(api: httpx2.Client) -> str:
    """The id of a run that has failed at a gate: somebody said no."""
    gate = node("gate", "human_approval", label="Send it?", instructions="May it be sent?")
    run = start(
        api, save(api, [node("start", "start"), gate, node("end", "end")], ["start -> gate", "gate -> end"]), {}
    )
    wait_until(lambda: api.get(f"/api/runs/{run}").json()["waitingOn"], RUN_SECONDS)
    [step] = api.get(f"/api/runs/{run}").json()["waitingOn"]
    answer = {"output": {"approved": False, "comment": "Not before Monday"}}
    assert api.post(f"/api/steps/{step}/human-complete", json=answer).status_code == 200
    wait_for(api, run, "status", "failed")
    return run


def test_a_rejected_run_is_continued_from_its_page_asked_anew_and_approved(
    page: Page, api: httpx2.Client, rejected: str
) -> None:
    page.goto(f"runs/{rejected}")
    status = page.locator(".run-head .chip")
    expect(status).to_contain_text("Failed")

    page.get_by_role("button", name="Retry from failed step").click()

    card = page.get_by_role("region", name="Approval", exact=True)
    before = card.get_by_role("region", name="Asked before")
    expect(before).to_contain_text("Rejected", timeout=RUN_MS)
    expect(before).to_contain_text("Not before Monday")
    card.get_by_role("button", name="Approve").click()
    expect(status).to_contain_text("Succeeded", timeout=RUN_MS)
    wait_for(api, rejected, "status", "succeeded")


def test_an_error_shows_code_as_code_and_a_value_begins_with_its_fields(page: Page, api: httpx2.Client) -> None:
    tool = {"id": "own_call", "name": "Call", "projectId": "examples", "type": "http"}
    api.post("/api/tools", json=tool | {"config": {"url": "http://127.0.0.1:1/", "method": "GET"}})
    nodes = [node("start", "start"), node("call", "tool", toolId="own_call"), node("end", "end")]
    run = start(api, save(api, nodes, ["start -> call", "call -> end"]), {"tables": [{"name": "orders"}]})
    wait_for(api, run, "status", "failed")

    page.goto(f"runs/{run}")

    side = page.get_by_role("complementary", name="The run")
    expect(side.get_by_role("code").filter(has_text="127.0.0.1")).to_be_visible()
    expect(side).not_to_contain_text("`")
    tree = side.get_by_role("group", name="Input of the run")
    expect(tree.get_by_role("button")).to_have_count(2)  # the list and its object: nothing else folds
    expect(tree).to_contain_text("tables:")


def test_a_gate_that_is_open_is_waited_for_and_its_run_so_far(page: Page, api: httpx2.Client) -> None:
    nodes = [node("start", "start"), node("gate", "human_approval", label="Go on?"), node("end", "end")]
    run = start(api, save(api, nodes, ["start -> gate", "gate -> end"]), {})
    wait_until(lambda: api.get(f"/api/runs/{run}").json()["waitingOn"], RUN_SECONDS)

    page.goto(f"runs/{run}?view=timeline")

    expect(page.locator(".run-facts")).to_contain_text("so far")
    expect(page.locator(".run-facts")).not_to_contain_text("took")
    expect(page.get_by_title("Waiting for a person")).to_be_attached()
    api.post(f"/api/runs/{run}/cancel", json={})


def test_a_run_of_which_a_step_has_failed_beside_an_open_gate_can_only_fail(page: Page, api: httpx2.Client) -> None:
    tool = {"id": "own_sum", "name": "Sum", "projectId": "examples", "type": "builtin"}
    api.post("/api/tools", json=tool | {"config": {"functionName": "calculator"}})
    nodes = [
        node("start", "start"),
        node("gate", "human_approval", label="Go on?"),
        node("sum", "tool", toolId="own_sum", input={"expression": "1 / 0"}),
        node("end", "end"),
        node("done", "end"),
    ]
    run = start(api, save(api, nodes, ["start -> gate", "start -> sum", "gate -> end", "sum -> done"]), {})
    wait_for(api, run, "hasFailed")
    wait_until(lambda: api.get(f"/api/runs/{run}").json()["waitingOn"], RUN_SECONDS)

    page.goto(f"runs/{run}")

    expect(page.locator(".run-head .chip")).to_contain_text("can only fail")
    card = page.get_by_role("region", name="Approval", exact=True)
    expect(card).to_contain_text("whatever is answered, the run can only fail")
    page.goto("runs?waiting=true")
    expect(page.get_by_role("table", name="Runs")).to_contain_text("can only fail")
    api.post(f"/api/runs/{run}/cancel", json={})


def test_a_workflow_without_a_job_says_why_in_the_list_and_in_the_editor(
    page: Page, api: httpx2.Client, dev: RunningDev
) -> None:
    # The first in the list, of which other tests fill more than a page.
    identity = save(api, [node("start", "start"), node("end", "end")], ["start -> end"], begins="A")
    why = f"The workflow `{identity}` has no job: the name is taken."
    store = open_store(f"sqlite:///{dev.home / 'agentmesh.db'}")
    save_job_problems(store, "elsewhere", {identity: why})
    try:
        shown = why.replace("`", "")  # as code
        page.goto("workflows")
        expect(page.get_by_text(f"No Dagster job: {shown}")).to_be_visible()
        page.goto(f"workflows/{identity}")
        expect(page.get_by_role("status").filter(has_text="Dagster has no job for it.")).to_contain_text(shown)
    finally:
        save_job_problems(store, "elsewhere", {})
