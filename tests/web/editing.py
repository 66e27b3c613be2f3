"""What one does in the workflow editor, in the words of the person who does it."""

import re
import uuid
from typing import Any

import httpx2
import yaml
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as NotSeen

from tests.gallery import GRAPHS

MOST_TABS = 60  # no field of the editor is further away than that
PRESSES = 3  # the canvas moves under the mouse once, while it opens
DRAWN_MS = 2_000  # from a press and a move until the edge is to be seen, on a busy machine


def save_gate(api: httpx2.Client, label: str) -> str:
    """Saves the gallery's gate as a workflow of the test's own, whose gate has the label; its id."""
    document = yaml.safe_load((GRAPHS / "gate.yaml").read_text("utf-8"))
    workflow = document["workflows"][0]
    workflow |= {"id": f"gate_{uuid.uuid4().hex[:8]}", "name": label, "projectId": "examples"}
    next(node for node in workflow["graph"]["nodes"] if node["id"] == "approve")["label"] = label
    saved = api.post("/api/documents", json=document)
    assert saved.status_code == 200, saved.text
    return str(workflow["id"])


def rename(api: httpx2.Client, workflow_id: str, name: str) -> int:
    """What somebody else does meanwhile: saves the workflow under another name; the new revision."""
    workflow: dict[str, Any] = api.get(f"/api/workflows/{workflow_id}").json()
    saved = api.put(f"/api/workflows/{workflow_id}", json=workflow | {"name": name})
    assert saved.status_code == 200, saved.text
    return int(saved.json()["revision"])


def node(page: Page, name: str) -> Locator:
    """A node on the canvas by its type and title: `Agent: Plan it`."""
    return page.get_by_role("group", name=name, exact=True)


def draw_edge(page: Page, source: str, target: str) -> None:
    """Draws an edge with the mouse from one node to another."""
    pick_up_edge(page, source)
    handle = node(page, target).locator(".react-flow__handle.target")
    for _ in range(2):  # the second move is the one that finds the handle under the mouse
        handle.hover(force=True)
    page.mouse.up()
    expect(edge(page, source, target)).to_be_attached()


def pick_up_edge(page: Page, source: str) -> None:
    """Presses the mouse on the point of a node that edges are drawn from, and draws until the edge is to be seen."""
    handle = node(page, source).locator(".react-flow__handle.source")
    for _ in range(PRESSES):
        handle.hover()
        box = handle.bounding_box()
        assert box is not None
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] + 8, box["y"] + box["height"] / 2)
        try:
            page.locator(".react-flow__connection").wait_for(state="attached", timeout=DRAWN_MS)
        except NotSeen:
            page.mouse.up()  # the canvas fits its view after it is shown, and the press went beside the point
        else:
            return
    raise AssertionError(f"no edge grows out of {source}, {PRESSES} times")


def edge(page: Page, source: str, target: str) -> Locator:
    """The edge between two nodes, with whatever condition."""
    first, second = (re.escape(name.partition(": ")[2]) for name in (source, target))
    return page.get_by_role("img", name=re.compile(f"^From {first} to {second}(: .+)?$"))


def choose(page: Page, field: str, option: str) -> None:
    """Picks one of many from a field's list with the mouse."""
    page.get_by_role("combobox", name=field, exact=True).click()
    page.get_by_role("option", name=option).click()


def publish(page: Page, message: str = "") -> None:
    """Publishes by the button, and waits until it is said that it was published."""
    page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog", name="Publish")
    dialog.get_by_role("textbox", name="Message").fill(message)
    dialog.get_by_role("button", name="Publish revision").click()
    expect_saved(page)


def expect_saved(page: Page) -> None:
    expect(page.get_by_text(re.compile(r"^r\d+, saved$"))).to_be_visible()


def tab_to(page: Page, control: Locator) -> Locator:
    """Goes to a control with the Tab key alone."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if control.count() == 1 and control.evaluate("element => element === document.activeElement"):
            return control
    raise AssertionError(f"{MOST_TABS} times Tab do not lead to {control}")
