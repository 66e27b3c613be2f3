"""What is not published yet: drafts in the store, and unsaved edits in the browser."""

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.process.servers import RunningDev, run_dev
from tests.web.browsers import Watch, open_page, require_app
from tests.web.editing import expect_saved, node, publish, save_gate

PASSWORD = "correct horse battery"


def test_a_workflow_with_issues_is_kept_as_a_draft_and_published_with_a_message(page: Page, api: httpx2.Client) -> None:
    workflow = save_gate(api, "Half done")
    before = api.get(f"/api/workflows/{workflow}").json()
    page.goto(f"workflows/{workflow}")
    node(page, "Approval: Half done").click()
    page.get_by_role("button", name="Remove the edge to end").click()
    page.keyboard.press("Control+s")

    expect(page.get_by_text("draft, saved")).to_be_visible()
    stored = api.get(f"/api/workflows/{workflow}/draft").json()
    assert stored["baseRevision"] == before["revision"]
    assert stored["issues"] != []
    assert api.get(f"/api/workflows/{workflow}").json() == before

    page.goto("workflows")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Half done", exact=True))
    expect(row.get_by_text("Draft", exact=True)).to_be_visible()
    page.goto(f"workflows/{workflow}")
    expect(page.get_by_text(re.compile("^Draft of revision"))).to_be_visible()
    node(page, "Approval: Half done").click()
    page.get_by_role("combobox", name="Connect to").click()
    page.get_by_role("option", name=re.compile("^end")).click()
    read = list[str]()
    page.on("request", lambda request: read.append(f"{request.method} {request.url}"))
    publish(page, "It ends now")

    assert not any(re.fullmatch("GET .*/draft", request) for request in read), "it could have ended meanwhile: a 404"
    expect(page.get_by_text(re.compile("^Draft of revision"))).to_be_hidden()
    assert api.get(f"/api/workflows/{workflow}/draft").status_code == 404
    assert api.get(f"/api/workflows/{workflow}").json()["revision"] == before["revision"], "it is as it was published"


def test_a_new_workflow_is_kept_as_a_draft_found_in_the_list_and_discarded(page: Page, api: httpx2.Client) -> None:
    page.goto("workflows/new?project=examples")
    page.get_by_role("textbox", name="Name", exact=True).fill("Only a thought")
    page.get_by_role("button", name="Add Agent").click()
    page.get_by_role("button", name="Save draft").click()
    expect(page).to_have_url(re.compile(r"/workflows/only_a_thought"))
    assert api.get("/api/workflows/only_a_thought").status_code == 404

    page.goto("workflows")
    page.get_by_role("region", name="Drafts, never published").get_by_role("link", name="Only a thought").click()
    expect(page.get_by_role("heading", level=1, name="Only a thought")).to_be_visible()
    page.get_by_role("button", name="Discard draft").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard draft").click()

    expect(page).to_have_url(re.compile(r"/projects/examples$"))
    assert api.get("/api/workflows/only_a_thought/draft").status_code == 404


def test_a_draft_that_somebody_else_saved_meanwhile_is_shown_and_not_overwritten(
    page: Page, api: httpx2.Client, watch: Watch
) -> None:
    watch.expect(409)
    workflow = save_gate(api, "Two minds")
    page.goto(f"workflows/{workflow}")
    page.get_by_role("textbox", name="Description", exact=True).fill("Mine")
    theirs = api.get(f"/api/workflows/{workflow}").json() | {"description": "Theirs"}
    saved = api.put(f"/api/workflows/{workflow}/draft", json={"entity": theirs, "baseRevision": theirs["revision"]})
    assert saved.status_code == 200, saved.text
    page.get_by_role("button", name="Save draft").click()

    dialog = page.get_by_role("dialog", name="There is a newer draft")
    expect(dialog.get_by_text("description: Theirs")).to_be_visible()
    assert api.get(f"/api/workflows/{workflow}/draft").json()["entity"]["description"] == "Theirs"
    dialog.get_by_role("button", name="Save mine over theirs").click()

    expect(page.get_by_text("draft, saved")).to_be_visible()
    assert api.get(f"/api/workflows/{workflow}/draft").json()["entity"]["description"] == "Mine"


def test_unsaved_edits_of_a_workflow_outlive_the_page(page: Page, api: httpx2.Client) -> None:
    workflow = save_gate(api, "Interrupted")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"workflows/{workflow}")
    page.get_by_role("textbox", name="Description", exact=True).fill("Not to be lost")
    page.goto("about:blank")

    page.goto(f"workflows/{workflow}")
    offer = page.get_by_text("There are unsaved changes of yours in this browser")
    expect(offer).to_be_visible()
    page.get_by_role("button", name="Show the difference").click()
    expect(page.get_by_role("dialog").get_by_text("description: Not to be lost")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Restore them").click()

    expect(page.get_by_role("textbox", name="Description", exact=True)).to_have_value("Not to be lost")
    page.keyboard.press("Control+s")
    expect_saved(page)
    page.goto(f"workflows/{workflow}")
    expect(node(page, "Approval: Interrupted")).to_be_visible()
    expect(offer).to_be_hidden()


def test_restored_edits_of_an_agent_do_not_overwrite_what_was_saved_since(
    page: Page, api: httpx2.Client, watch: Watch
) -> None:
    watch.expect(409)
    made = api.post(
        "/api/agents",
        json={"name": "Left alone", "projectId": "examples", "modelProvider": "local", "modelName": "offline"},
    )
    agent = made.json()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"agents/{agent['id']}")
    page.get_by_role("textbox", name="Description").fill("Mine")
    page.goto("about:blank")
    assert api.put(f"/api/agents/{agent['id']}", json=agent | {"description": "Theirs"}).status_code == 200

    page.goto(f"agents/{agent['id']}")
    expect(page.get_by_text("somebody has saved a newer revision since")).to_be_visible()
    page.get_by_role("button", name="Restore them").click()
    expect(page.get_by_role("textbox", name="Description")).to_have_value("Mine")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("alert")).to_contain_text("has saved this meanwhile")
    assert api.get(f"/api/agents/{agent['id']}").json()["description"] == "Theirs"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    """A server with login, below a path prefix, where ann may edit."""
    require_app()
    with run_dev(tmp_path_factory.mktemp("guarded"), auth="on", path_prefix="/mesh", arguments=["--no-apply"]) as dev:
        with dev.open_client() as admin:
            made = admin.post("/api/users", json={"name": "ann", "role": "editor", "password": PASSWORD})
            assert made.status_code == 201, made.text
        yield dev


def test_with_login_one_logs_in_first_and_comes_back_to_where_one_wanted_to_be(
    browser: Browser, guarded: RunningDev
) -> None:
    watch = Watch()
    watch.expect(401)
    with open_page(browser, guarded.url, watch=watch) as page:
        page.goto("runs?status=failed")
        expect(page).to_have_url(re.compile(r"/mesh/login\?"))
        log_in(page)

        expect(page.get_by_label("Status")).to_have_value("failed")
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(re.compile(r"/mesh/login"))


def test_a_save_after_the_session_has_ended_asks_for_a_login_and_goes_on(browser: Browser, guarded: RunningDev) -> None:
    watch = Watch()
    watch.expect(401)
    with guarded.open_client() as admin:
        assert admin.post("/api/projects", json={"id": "examples", "name": "Examples"}).status_code in (201, 409)
        workflow = save_gate(admin, "Still here")
        with open_page(browser, guarded.url, watch=watch) as page:
            page.goto(f"workflows/{workflow}")
            log_in(page)
            page.get_by_role("textbox", name="Description", exact=True).fill("Typed before it ended")
            page.context.clear_cookies()
            page.keyboard.press("Control+s")

            dialog = page.get_by_role("dialog", name="Your session has ended")
            expect(dialog.get_by_role("textbox", name="Name")).to_have_value("ann")
            dialog.get_by_label("Password").fill("wrong")
            dialog.get_by_role("button", name="Log in").click()
            expect(dialog.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
            dialog.get_by_label("Password").fill(PASSWORD)
            dialog.get_by_role("button", name="Log in").click()

            expect_saved(page)
        assert admin.get(f"/api/workflows/{workflow}").json()["description"] == "Typed before it ended"


def log_in(page: Page) -> None:
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_a_new_workflow_is_not_at_fault_before_somebody_was_at_its_name(page: Page) -> None:
    with page.expect_response(lambda response: response.url.endswith("/validate")):
        page.goto("workflows/new?project=examples")
    name = page.get_by_role("textbox", name="Name", exact=True)
    issues = page.get_by_role("region", name="Issues")
    expect(issues).not_to_contain_text("checking")
    expect(issues).to_contain_text("No issues")
    expect(name).not_to_have_attribute("aria-invalid", "true")

    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("dialog", name="Publish").get_by_role("button", name="Publish revision").click()

    expect(issues).to_contain_text("1 issue")
    expect(name).to_have_attribute("aria-invalid", "true")
    name.fill("Named")
    expect(issues).to_contain_text("No issues")
