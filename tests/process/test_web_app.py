"""The web app's files and pages, and the headers of whatever is answered."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from agentmesh_dagster.api.headers import SafeHeaders
from agentmesh_dagster.api.web_app import build_web_app

PREFIX = "/mesh"
INDEX = '<!doctype html><html><head><script type="module" src="./assets/index-4f.js"></script></head></html>'


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "web" / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "assets" / "index-4f.js").write_text("export {}")
    (folder / "favicon.svg").write_text("<svg/>")
    (tmp_path / "web" / "secret.txt").write_text("not for you")
    return folder


@pytest.fixture(params=["", PREFIX])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def browser(dist: Path, prefix: str) -> Iterator[TestClient]:
    async def dagster(_request: object) -> PlainTextResponse:
        return PlainTextResponse("Dagster's")

    routes = [*build_web_app(dist), Route("/api", dagster), Route("/{path:path}", dagster)]
    app = Starlette(routes=[Mount(prefix, routes=routes)] if prefix else routes)
    with TestClient(SafeHeaders(app, prefix), base_url="http://testserver", follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/agentmesh/", "/agentmesh/runs/1", "/agentmesh/index.html", "/agentmesh/a/b.c/d"])
def test_every_path_that_is_no_file_shows_the_page_which_knows_where_it_is(browser: TestClient, prefix: str, path: str):
    page = browser.get(prefix + path)
    assert page.status_code == 200
    assert f'<head><base href="{prefix}/agentmesh/">' in page.text
    assert page.headers["cache-control"] == "no-store"


def test_a_base_that_the_page_has_is_replaced(browser: TestClient, dist: Path, prefix: str):
    (dist / "index.html").write_text(INDEX.replace("<head>", '<head><base href="/" />'))
    page = browser.get(f"{prefix}/agentmesh/").text
    assert page.count("<base") == 1
    assert f'<base href="{prefix}/agentmesh/">' in page


def test_without_its_slash_the_address_leads_there(browser: TestClient, prefix: str):
    assert browser.get(f"{prefix}/agentmesh").headers["location"] == f"{prefix}/agentmesh/"


def test_assets_are_kept_for_ever_and_other_files_are_asked_for(browser: TestClient, prefix: str):
    script = browser.get(f"{prefix}/agentmesh/assets/index-4f.js")
    assert "/javascript" in script.headers["content-type"]
    assert "immutable" in script.headers["cache-control"]
    icon = browser.get(f"{prefix}/agentmesh/favicon.svg")
    assert icon.headers["cache-control"] == "no-cache"
    assert icon.headers["content-type"] == "image/svg+xml"


def test_an_asset_of_another_release_is_not_found(browser: TestClient, prefix: str):
    assert browser.get(f"{prefix}/agentmesh/assets/index-00.js").status_code == 404


@pytest.mark.parametrize(
    "path", ["../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "%2fetc%2fpasswd", "a%00b", "x" * 5000]
)
def test_no_path_leads_out_of_the_folder(browser: TestClient, prefix: str, path: str):
    answer = browser.get(f"{prefix}/agentmesh/{path}")
    assert "not for you" not in answer.text
    assert "root:" not in answer.text


def test_what_is_not_built_says_how_to_build_it(browser: TestClient, dist: Path, prefix: str):
    (dist / "index.html").unlink()
    page = browser.get(f"{prefix}/agentmesh/runs")
    assert page.status_code == 503
    assert "npm run build" in page.text
    assert f'href="{prefix}/api/openapi.json"' in page.text


def test_our_answers_may_not_be_framed_and_load_nothing_from_elsewhere(browser: TestClient, prefix: str):
    page = browser.get(f"{prefix}/agentmesh/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    api = browser.get(f"{prefix}/api")
    assert api.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["x-frame-options"] == api.headers["x-frame-options"] == "DENY"
    assert page.headers["x-content-type-options"] == api.headers["x-content-type-options"] == "nosniff"


def test_dagsters_pages_may_be_framed_by_themselves_only(browser: TestClient, prefix: str):
    page = browser.get(f"{prefix}/locations")
    assert page.text == "Dagster's"
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    assert "script-src" not in page.headers["content-security-policy"]
