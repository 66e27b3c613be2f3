"""Types that a package brings, on the page: in the palette, on the canvas, with forms made from their specs."""

from collections.abc import Iterator

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.plugins.installing import ACME
from tests.process.servers import RunningDev
from tests.web.browsers import open_page, require_app, run_browser
from tests.web.editing import node


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_browser() as running:
        yield running


@pytest.fixture
def page(browser: Browser, acme_dev: RunningDev) -> Iterator[Page]:
    """A page of the server that has the package, and its workflow."""
    require_app()
    with acme_dev.open_client() as client:
        saved = client.post("/api/documents", json=yaml.safe_load((ACME / "acme.yaml").read_text("utf-8")))
        assert saved.status_code == 200, saved.text
    with open_page(browser, acme_dev.url) as opened:
        yield opened


def test_a_node_of_a_package_is_placed_and_configured_by_its_form(page: Page):
    page.goto("workflows/letter")
    expect(node(page, "Pick: Who")).to_be_visible()

    page.get_by_role("button", name="Add Pick").click()

    expect(node(page, "Pick: pick_2")).to_be_visible()
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector).to_contain_text("Lets some fields of an object go on.")
    expect(inspector).to_contain_text("The fields that go on, by name.")


def test_a_tool_of_a_package_has_the_form_of_its_settings(page: Page):
    page.goto("tools/orders")
    expect(page.get_by_text("Settings", exact=True)).to_be_visible()


def test_the_provider_of_a_package_can_be_chosen(page: Page):
    page.goto("agents/writer")
    expect(page.get_by_role("combobox", name="Provider")).to_have_value("acme")
