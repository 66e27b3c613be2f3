"""The frame around all pages: header, colours, addresses, what is shown when something is not there."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.process.servers import RunningDev
from tests.web.browsers import Watch, open_page


def test_the_first_page_is_the_projects_and_says_so_in_the_title(page: Page) -> None:
    page.goto("")

    expect(page).to_have_url(re.compile(r"/agentmesh/projects$"))
    expect(page).to_have_title("Projects · AgentMesh")
    expect(page.get_by_role("link", name="Examples", exact=True)).to_be_visible()


def test_the_header_leads_to_every_page_and_marks_the_one_that_is_open(page: Page) -> None:
    page.goto("")
    header = page.get_by_role("navigation", name="Main")

    for name in ("Workflows", "Runs", "Approvals", "Projects"):
        header.get_by_role("link", name=name).click()
        expect(header.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    expect(header.get_by_role("link", name="Dagster")).to_have_attribute("href", "/")


def test_by_keyboard_the_first_stop_skips_the_header(page: Page) -> None:
    page.goto("projects")
    expect(page.get_by_role("link", name="Examples", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="New project")).to_be_visible()  # comes when it is known who may

    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.get_by_role("button", name="New project")).to_be_focused()


def test_colours_follow_the_system_until_one_chooses_and_the_choice_stays(browser: Browser, dev: RunningDev) -> None:
    with open_page(browser, dev.url, scheme="dark") as page:
        page.goto("projects")
        background = "() => getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(background)

        page.get_by_role("button", name="Theme: system").click()
        light = page.evaluate(background)
        page.reload()

        assert light != dark
        assert page.evaluate(background) == light


def test_an_address_of_nothing_says_where_to_go(page: Page) -> None:
    page.goto("nowhere/at/all")

    page.get_by_role("main").get_by_role("link", name="Projects").click()
    expect(page.get_by_role("heading", level=1, name="Projects")).to_be_visible()


def test_an_id_that_is_not_there_is_told_in_a_sentence(page: Page, watch: Watch) -> None:
    watch.expect(404)
    page.goto("agents/nobody%20100%25")

    expect(page.get_by_role("alert")).to_contain_text("nobody 100%")


def test_a_server_that_fails_is_told_and_asked_again_on_request(page: Page, watch: Watch) -> None:
    watch.expect(503)
    page.route("**/api/runs*", lambda route: route.fulfill(status=503, body="busy"))
    page.goto("runs")
    expect(page.get_by_role("alert")).to_contain_text("busy", timeout=20_000)

    page.unroute("**/api/runs*")
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("alert")).to_be_hidden()
