"""Debian's Chromium, and pages whose console is read along."""

import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

DIST = Path(__file__).parents[2] / "agentmesh_dagster" / "web" / "dist"
NAMES = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1280, "height": 720}
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of ([45]\d\d)")

Scheme = Literal["light", "dark"]


def find_chromium() -> str:
    """The machine's Chromium; without one the test is skipped, and fails in CI."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    return path or _give_up("Chromium is needed: apt-get install chromium")


@contextmanager
def run_browser() -> Generator[Browser]:
    """A browser. As long as there is one, no `asyncio.run` works in this thread: it should not outlive its tests."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield chromium
        chromium.close()


def require_app() -> None:
    """Goes on only if the web app is built."""
    if not (DIST / "assets").is_dir():
        _give_up(
            "the web app is not built: pip install -e . builds it, or npm ci && npm run build in agentmesh_dagster/web"
        )


def _give_up(reason: str) -> str:
    if "CI" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass
class Watch:
    """What a page's console said, and which refusals (HTTP statuses) the test is about."""

    faults: list[str] = field(default_factory=list[str])
    refusals: set[int] = field(default_factory=set[int])

    def expect(self, *statuses: int) -> None:
        self.refusals.update(statuses)

    def take(self, message: ConsoleMessage) -> None:
        refused = _REFUSED.match(message.text)
        if message.type in ("error", "warning") and not (refused and int(refused[1]) in self.refusals):
            self.faults.append(f"{message.type}: {message.text}")


@contextmanager
def open_page(
    browser: Browser,
    url: str,
    *,
    scheme: Scheme = "light",
    watch: Watch | None = None,
    token: str | None = None,
    width: int = SIZE["width"],
) -> Generator[Page]:
    """A page of its own, below `url`/agentmesh/; fails at its end if the console said that something is wrong."""
    watch = watch or Watch()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    context = browser.new_context(
        viewport={"width": width, "height": SIZE["height"]},
        color_scheme=scheme,
        base_url=f"{url}/agentmesh/",
        extra_http_headers=headers,
    )
    context.set_default_timeout(15_000)
    try:
        page = context.new_page()
        page.on("console", watch.take)
        page.on("pageerror", lambda error: watch.faults.append(f"thrown: {error}"))
        yield page
        assert not watch.faults, watch.faults
    finally:
        context.close()
