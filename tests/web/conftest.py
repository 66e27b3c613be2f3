"""One `agentmesh dev` and one browser for all tests of the web app."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.process.servers import RunningDev, run_dev
from tests.web.browsers import Watch, open_page, require_app, run_browser

expect.set_options(timeout=20_000)  # ms; a run takes seconds when two cores are shared


@pytest.fixture(scope="package")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    """A server with the examples, without login, that all tests here share."""
    require_app()
    with run_dev(tmp_path_factory.mktemp("dev")) as running:
        yield running


@pytest.fixture(scope="package")
def api(dev: RunningDev) -> Iterator[httpx2.Client]:
    """Its API, for what a test needs before it looks at a page."""
    with dev.open_client() as client:
        yield client


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with run_browser() as running:
        yield running


@pytest.fixture
def watch() -> Watch:
    """The console of `page`: whatever it says, other than refusals that are expected, fails the test."""
    return Watch()


@pytest.fixture
def page(browser: Browser, dev: RunningDev, watch: Watch) -> Iterator[Page]:
    """A page, 1280 by 720, light; `page.goto("runs")` opens one of the app's pages."""
    with open_page(browser, dev.url, watch=watch) as opened:
        yield opened
