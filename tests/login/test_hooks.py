"""The addresses of third parties: open without login, for what they have to say and nothing else."""

import httpx2
import pytest

from agentmesh_dagster.entities.access import Role
from tests.login.server import Server

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def hook(server: Server) -> str:
    """The path of an unsigned hook."""
    with server.script(Role.EDITOR) as editor:
        flow = {"nodes": [{"id": "s", "type": "start"}, {"id": "e", "type": "end"}]}
        edges = [{"id": "se", "fromNodeId": "s", "toNodeId": "e"}]
        made = editor.post("/api/workflows", json={"id": "w", "name": "W", "graph": {**flow, "edges": edges}})
        assert made.status_code in (201, 409), made.text
        for old in editor.get("/api/hooks").json()["items"]:
            editor.delete(f"/api/hooks/{old['id']}")
        created = editor.post("/api/hooks", json={"name": "them", "eventName": "said"})
        assert created.status_code == 201, created.text
        return str(created.json()["path"])


def test_a_third_party_posts_without_login_json_or_a_form(server: Server, hook: str):
    with server.client() as nobody:
        assert nobody.post(hook, json={"n": 1}).status_code == 202
        assert nobody.post(hook, content=b"n=1", headers={"Content-Type": FORM}).status_code == 202
        assert nobody.post(hook, content=b"<n/>", headers={"Content-Type": "text/xml"}).status_code == 415
        assert nobody.get(hook).status_code == 401
        assert nobody.post(f"{hook}/rotate").status_code == 401


def test_what_a_third_party_sends_is_bounded(server: Server, hook: str):
    with server.client() as nobody:
        assert post(nobody, hook, 500_000).status_code == 202
        assert post(nobody, hook, 1_000_001).status_code == 413


def test_what_a_service_calls_back_with_has_the_same_bound(server: Server):
    with server.client() as nobody:
        assert post(nobody, "/api/callbacks/unknown", 500_000).status_code == 404
        assert post(nobody, "/api/callbacks/unknown", 1_000_001).status_code == 413


def test_a_page_of_another_site_is_no_third_party(server: Server, hook: str):
    with server.browser(Role.ADMIN) as browser:
        answer = browser.post(hook, json={}, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER])
def test_hooks_are_made_by_who_may_edit(server: Server, role: Role):
    with server.script(role) as script:
        assert script.post("/api/hooks", json={"name": "x", "eventName": "e"}).status_code == 403
        assert script.get("/api/hooks").status_code == 200


def post(client: httpx2.Client, path: str, size: int) -> httpx2.Response:
    return client.post(path, content=b'"' + b"x" * (size - 2) + b'"', headers={"Content-Type": "application/json"})
