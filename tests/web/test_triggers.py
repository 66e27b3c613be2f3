"""What starts workflows, and how many runs at once: the form, and what comes of it."""

import httpx2
from playwright.sync_api import Page, expect

from tests.web.editing import publish, save_gate

GIVEN = {"input": {"name": "Ann", "owner": "bob"}}


def test_a_workflow_is_limited_in_its_form_and_one_more_run_is_shown_as_waiting(page: Page, api: httpx2.Client) -> None:
    workflow = save_gate(api, "One at a time")
    page.goto(f"workflows/{workflow}")
    page.get_by_role("checkbox", name="Limit the runs that are open at once").check()
    page.get_by_role("spinbutton", name="Max open runs").fill("0")
    expect(page.get_by_text("must be at least 1").first).to_be_visible()
    page.get_by_role("spinbutton", name="Max open runs").fill("1")
    publish(page)
    assert api.get(f"/api/workflows/{workflow}").json()["concurrency"] == {"max": 1, "onLimit": "queue"}
    first, second = (api.post(f"/api/workflows/{workflow}/runs", json=GIVEN).json()["runId"] for _ in range(2))

    page.goto(f"runs/{second}")
    expect(page.get_by_text("Waiting for a place among the open runs of its workflow")).to_be_visible()
    page.goto(f"runs?workflow={workflow}")
    expect(page.get_by_role("row").filter(has_text="for a place")).to_have_count(1)
    page.goto(f"runs/{second}")
    api.post(f"/api/runs/{first}/cancel")

    expect(page.get_by_text("Waiting for a place among the open runs of its workflow")).to_be_hidden()
    expect(page.get_by_role("status").get_by_text("Waiting", exact=True)).to_be_visible()
