"""What the web app knows of types it knows from the server: the tests of its logic too."""

import re
import uuid
from copy import deepcopy

import httpx2
from playwright.sync_api import Page, Route, expect

from tests.process.servers import wait_until
from tests.shapes import node as make_node
from tests.shapes import workflow
from tests.web.browsers import Watch
from tests.web.editing import node
from tests.web.write_types import TYPES_FILE, format_types


def test_the_types_of_the_apps_tests_are_what_the_server_says() -> None:
    written = TYPES_FILE.read_text(encoding="utf-8")

    assert written == format_types(), "the types have changed: python -m tests.web.write_types"


def test_a_type_that_came_later_has_its_label_a_plain_icon_and_a_form_of_its_schema(
    page: Page, api: httpx2.Client, watch: Watch
) -> None:
    types = api.get("/api/types").json()
    start = deepcopy(types["nodes"][0])
    later = {"type": "delay", "label": "Delay", "purpose": "Waits a while.", "icon": "hourglass", "stem": "delay"}
    seconds = {"type": "number", "title": "How long", "x-form": {"control": "duration"}}
    why = {"type": "string", "title": "Why", "x-form": {"onlyWith": {"field": "seconds", "values": []}}}
    start["config"]["properties"] |= {"seconds": seconds, "why": why}
    types["nodes"].insert(1, start | later | {"place": "between", "output": {}, "written": {"why": "template"}})
    page.route("**/api/types", lambda route: route.fulfill(json=types))
    watch.expect(400, 422)  # this server does not know the type
    page.goto("workflows/new?project=examples")

    page.get_by_role("button", name="Add Delay").click()

    expect(node(page, "Delay: delay")).to_be_visible()
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector.get_by_role("heading", name="Delay")).to_be_visible()
    expect(inspector).to_contain_text("Waits a while.")
    expect(inspector.get_by_role("textbox", name="Label")).to_be_visible()
    expect(inspector.get_by_text("Retries, timeout, pool")).to_be_visible()
    expect(inspector.get_by_role("combobox", name="Connect to")).to_be_visible()
    expect(inspector.get_by_role("textbox", name="Why")).to_have_count(0)

    inspector.get_by_role("spinbutton", name="How long").fill("2")
    inspector.get_by_role("textbox", name="Why").fill("Let it settle")
    page.get_by_role("button", name="YAML").click()

    expect(page.get_by_role("textbox", name="YAML")).to_have_value(re.compile("seconds: 7200\n +why: Let it settle"))


def test_a_run_shows_a_step_of_a_type_that_the_server_does_not_list(page: Page, api: httpx2.Client) -> None:
    identity = f"own_{uuid.uuid4().hex[:8]}"
    nodes = [make_node("start", "start"), make_node("end", "end")]
    flow = workflow(identity, nodes, ["start -> end"], projectId="examples").to_wire()
    assert api.post("/api/workflows", json=flow).status_code == 201
    run = api.post(f"/api/workflows/{identity}/runs", json={"input": {}}).json()["runId"]
    wait_until(lambda: api.get(f"/api/runs/{run}").json()["status"] == "succeeded", 90)

    def answer(route: Route) -> None:
        pinned = route.fetch().json()
        pinned["workflow"]["graph"]["nodes"][1]["type"] = "teleport"
        route.fulfill(json=pinned)

    page.route(f"**/api/runs/{run}/workflow", answer)
    page.goto(f"runs/{run}?node=end")

    expect(page.get_by_role("group", name="end, teleport, Succeeded")).to_be_visible()
    page.get_by_role("group", name="end, teleport, Succeeded").click()
    expect(page.get_by_role("heading", name="end")).to_be_visible()
    expect(page.get_by_role("tab", name="Output")).to_be_visible()


def test_without_the_types_the_page_says_why_and_can_be_tried_again(page: Page, watch: Watch) -> None:
    watch.expect(503)
    page.route("**/api/types", lambda route: route.fulfill(status=503, body="the store is busy"))
    page.goto("projects")
    expect(page.get_by_role("alert")).to_contain_text("the store is busy")

    page.unroute("**/api/types")
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
