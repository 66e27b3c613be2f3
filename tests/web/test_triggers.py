"""What starts workflows, and how many runs at once: the form, and what comes of it."""

import httpx2
from playwright.sync_api import Page, Route, expect

from tests.shapes import node, workflow
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


def test_how_a_schedule_makes_up_for_an_outage_and_how_events_are_gathered(page: Page, api: httpx2.Client) -> None:
    workflow = save_gate(api, "Well timed")
    page.goto(f"workflows/{workflow}")
    page.get_by_role("button", name="Schedule", exact=True).click()
    page.get_by_role("combobox", name="After an outage").select_option("all")
    page.get_by_role("spinbutton", name="Max catch-up runs").fill("7")
    page.get_by_role("spinbutton", name="Jitter").fill("2")
    page.get_by_role("combobox", name="Unit of Jitter").select_option("minutes")
    page.get_by_role("button", name="Event", exact=True).click()
    page.get_by_role("textbox", name="Name of the event").fill("order.paid")
    page.get_by_role("combobox", name="A run starts").select_option("batch")
    page.get_by_role("spinbutton", name="Max events").fill("20")
    publish(page)

    cron, event = api.get(f"/api/workflows/{workflow}").json()["triggers"]
    assert (cron["catchUp"], cron["maxCatchUp"], cron["jitterSeconds"]) == ("all", 7, 120)
    assert event["batch"] == {"maxItems": 20, "maxSeconds": 60}
    page.get_by_role("combobox", name="A run starts").select_option("last")
    publish(page)
    _, event = api.get(f"/api/workflows/{workflow}").json()["triggers"]
    assert (event["debounceSeconds"], "batch" in event) == (60, False)


def test_a_workflow_waits_for_versions_of_an_asset(page: Page, api: httpx2.Client) -> None:
    workflow = save_gate(api, "Downstream")
    page.goto(f"workflows/{workflow}")
    page.get_by_role("button", name="Version of an asset", exact=True).click()
    page.get_by_role("combobox", name="Asset", exact=True).fill("raw/tickets")
    page.get_by_role("combobox", name="Asset", exact=True).press("Enter")
    page.get_by_role("combobox", name="A run for").select_option("any")
    publish(page)

    [trigger] = api.get(f"/api/workflows/{workflow}").json()["triggers"]
    assert trigger == {"type": "asset", "key": "raw/tickets", "partitions": "any", "enabled": True}
    expect(page.get_by_text("when any partition of the asset raw/tickets has been made")).to_be_attached()


def test_what_came_of_an_event_is_shown_with_its_reason_or_its_run(page: Page, api: httpx2.Client) -> None:
    workflow = save_gate(api, "Told")
    document = api.get(f"/api/workflows/{workflow}").json()
    name = f"told.{workflow}"
    given = {"name": "{{ context.event.name }}", "owner": "bob"}
    trigger = {"type": "event", "name": name, "condition": "context.event.amount > 3", "input": given}
    assert api.put(f"/api/workflows/{workflow}", json=document | {"triggers": [trigger]}).status_code == 200
    for amount in (1, 7):
        headers = {"Idempotency-Key": f"order-{amount}"}
        assert api.post(f"/api/events/{name}", json={"amount": amount, "name": "x"}, headers=headers).status_code == 202

    page.goto(f"workflows/{workflow}")
    page.get_by_text("Trigger history").click()

    row = page.get_by_role("listitem").filter(has_text="event order-1")
    expect(row.get_by_text("The trigger's condition is false.")).to_be_visible(timeout=60_000)
    row = page.get_by_role("listitem").filter(has_text="event order-7")
    row.get_by_role("link").click(timeout=60_000)
    expect(page.get_by_role("heading", level=1, name="Told")).to_be_visible()


def test_a_webhook_is_made_shows_its_address_once_and_says_who_was_refused(page: Page, api: httpx2.Client) -> None:
    workflow = save_gate(api, "Hooked")
    page.goto(f"workflows/{workflow}")
    page.get_by_text("Webhooks", exact=True).click()
    page.get_by_role("button", name="Webhook", exact=True).click()
    dialog = page.get_by_role("dialog", name="New webhook")
    dialog.get_by_role("textbox", name="Name").fill("Our shop")
    dialog.get_by_role("textbox", name="Event that it posts").fill("shop.{type}")
    dialog.get_by_role("button", name="Create").click()

    address = page.locator(".trigger-address")
    path = (address.text_content() or "").partition("/api/hooks/")[2]
    assert api.post(f"/api/hooks/{path}", json={"type": "paid"}).status_code == 202
    assert api.post(f"/api/hooks/{path}", json={"type": "no such/word"}).status_code == 422
    page.reload()
    page.get_by_text("Webhooks", exact=True).click()
    hook = page.get_by_role("listitem").filter(has_text="Our shop")
    expect(hook.get_by_text("has no word that can stand there")).to_be_visible()
    expect(address).to_have_count(0)
    hook.get_by_role("button", name="Delete webhook Our shop").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(hook).to_have_count(0)
    assert api.get("/api/hooks").json()["items"] == []


def test_a_webhook_that_is_being_made_cannot_be_closed_away_and_its_address_goes_with_it(
    page: Page, api: httpx2.Client
) -> None:
    workflow = save_gate(api, "Hooked twice")
    page.goto(f"workflows/{workflow}")
    page.get_by_text("Webhooks", exact=True).click()
    page.get_by_role("button", name="Webhook", exact=True).click()
    dialog = page.get_by_role("dialog", name="New webhook")
    dialog.get_by_role("textbox", name="Name").fill("Slow shop")
    dialog.get_by_role("textbox", name="Event that it posts").fill("shop.paid")
    held: list[Route] = []
    page.route(
        "**/api/hooks", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    dialog.get_by_role("button", name="Create").click()

    expect(dialog.get_by_role("button", name="Cancel")).to_be_disabled()
    expect(dialog.get_by_role("button", name="Close")).to_be_disabled()
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    held[0].continue_()

    address = page.locator(".trigger-address")
    expect(address).to_be_visible()
    page.get_by_role("button", name="Delete webhook Slow shop").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(address).to_have_count(0)


def test_a_budget_is_set_in_the_form_and_its_use_stands_on_the_runs_page(page: Page, api: httpx2.Client) -> None:
    agent = {"id": "frugal", "name": "Frugal", "modelProvider": "local", "modelName": "small"}
    assert api.post("/api/agents", json=agent).is_success
    flow = workflow(
        "frugal_flow",
        [node("start", "start"), node("ask", "agent", agentId="frugal", prompt="Hello"), node("end", "end")],
        ["start -> ask", "ask -> end"],
    )
    assert api.post("/api/workflows", json=flow.to_wire()).is_success
    page.goto("workflows/frugal_flow")
    page.get_by_role("group").get_by_text("Budget", exact=True).click()
    calls = page.get_by_role("spinbutton", name="Model calls")
    calls.fill("0")
    expect(page.get_by_text("must be at least 1").first).to_be_visible()
    calls.fill("4")
    publish(page)
    assert api.get("/api/workflows/frugal_flow").json()["budget"] == {"calls": 4}

    run = api.post("/api/workflows/frugal_flow/runs", json={}).json()["runId"]
    page.goto(f"runs/{run}")

    expect(page.get_by_label("Budgets")).to_contain_text("1 of 4 calls")
