"""Users and tokens: over the API, on the command line, and what is written down about them."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from agentmesh_dagster.entities.access import Role
from agentmesh_dagster.entities.models import EventType
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import open_store
from agentmesh_dagster.store.tables import events
from tests.cli.conftest import Typed, agentmesh  # noqa: F401
from tests.login.server import PASSWORD, Server

Agentmesh = Callable[..., Typed]

ADMINISTERED = [
    ("GET", "/api/users", None),
    ("POST", "/api/users", {"name": "eve", "role": "admin"}),
    ("PUT", "/api/users/ann", {"role": "admin"}),
    ("DELETE", "/api/users/ann", None),
    ("GET", "/api/tokens", None),
    ("POST", "/api/tokens", {"name": "t", "role": "admin"}),
    ("DELETE", "/api/tokens/ci", None),
]


def list_audit(server: Server) -> list[tuple[str, dict[str, Any]]]:
    with server.store.read() as connection:
        rows = connection.execute(select(events.c.type, events.c.payload).order_by(events.c.id)).all()
    made_by_test = {"tester", "test"}
    return [
        (row.type, row.payload)
        for row in rows
        if row.payload["by"] not in made_by_test and row.payload.get("address") not in made_by_test
    ]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.APPROVER])
def test_people_are_the_business_of_admins(server: Server, role: Role):
    with server.script(role) as script, server.browser(Role.ADMIN, "ann"):
        for method, path, body in ADMINISTERED:
            assert script.request(method, path, json=body).status_code == 403, (method, path)
    with server.script(Role.ADMIN) as admin:
        assert [user["name"] for user in admin.get("/api/users").json()["items"]] == ["ann"]


def test_an_admin_lets_people_in_and_out(either_server: Server):
    with either_server.browser(Role.ADMIN, "root") as admin, either_server.client() as bob:
        new = admin.post("/api/users", json={"name": "bob", "role": "viewer", "password": PASSWORD})
        assert new.status_code == 201
        assert (new.json()["name"], new.json()["role"], new.json()["hasPassword"]) == ("bob", "viewer", True)
        assert admin.post("/api/users", json={"name": "bob", "role": "admin"}).status_code == 409

        bob.headers["origin"] = either_server.origin
        assert bob.post("/api/session", json={"name": "bob", "password": PASSWORD}).json()["role"] == "viewer"
        assert admin.put("/api/users/bob", json={"role": "editor"}).json()["role"] == "editor"
        assert bob.get("/api/session").json()["role"] == "editor"
        assert admin.put("/api/users/bob", json={"password": "another password"}).status_code == 200
        assert bob.get("/api/session").status_code == 401
        assert bob.post("/api/session", json={"name": "bob", "password": PASSWORD}).status_code == 401
        assert bob.post("/api/session", json={"name": "bob", "password": "another password"}).status_code == 201
        assert admin.delete("/api/users/bob").status_code == 204
        assert bob.get("/api/session").status_code == 401
        assert admin.delete("/api/users/bob").status_code == 404
        assert admin.put("/api/users/bob", json={"role": "admin"}).status_code == 404
    by_root = {"by": "root", "via": "session"}
    assert list_audit(either_server) == [
        ("user.saved", {"name": "bob", "role": "viewer", "newPassword": True, **by_root}),
        ("login.succeeded", {"name": "bob", "address": "127.0.0.1", "by": "bob", "via": "password"}),
        ("user.saved", {"name": "bob", "role": "editor", "newPassword": False, **by_root}),
        ("user.saved", {"name": "bob", "role": "editor", "newPassword": True, **by_root}),
        ("login.failed", {"name": "bob", "address": "127.0.0.1", "by": "bob", "via": "password"}),
        ("login.succeeded", {"name": "bob", "address": "127.0.0.1", "by": "bob", "via": "password"}),
        ("user.deleted", {"name": "bob", **by_root}),
    ]


def test_people_change_their_own_password_if_they_know_it(either_server: Server):
    with either_server.browser(Role.VIEWER, "ann") as ann, either_server.browser(Role.VIEWER, "bob"):
        new = {"password": "another password"}
        assert ann.put("/api/users/ann", json=new).status_code == 403
        assert ann.put("/api/users/ann", json={**new, "currentPassword": "wrong"}).status_code == 403
        known = {**new, "currentPassword": PASSWORD}
        assert ann.put("/api/users/ann", json={**known, "role": "admin"}).status_code == 403
        assert ann.put("/api/users/bob", json=known).status_code == 403
        assert ann.put("/api/users/ann", json=known).status_code == 200
        assert ann.get("/api/session").status_code == 401  # all sessions have ended
        assert ann.post("/api/session", json={"name": "ann", "password": "another password"}).status_code == 201


def test_somebody_with_a_token_named_like_a_user_is_not_that_user(server: Server):
    with server.browser(Role.VIEWER, "ann"), server.script(Role.VIEWER, "ann") as script:
        known = {"password": "another password", "currentPassword": PASSWORD}
        assert script.put("/api/users/ann", json=known).status_code == 403


def test_a_current_password_cannot_be_guessed_without_end(server: Server):
    with server.browser(Role.VIEWER, "ann") as ann:
        guess = {"password": "another password", "currentPassword": "guess"}
        assert [ann.put("/api/users/ann", json=guess).status_code for _ in range(7)] == [403] * 6 + [429]


def test_a_token_lets_a_script_in_until_it_is_revoked(either_server: Server):
    with either_server.browser(Role.ADMIN, "root") as admin, either_server.client() as script:
        made = admin.post("/api/tokens", json={"name": "ci", "role": "editor"})
        assert made.status_code == 201
        secret = made.json()["token"]
        assert secret.startswith("agentmesh_")
        assert admin.post("/api/tokens", json={"name": "ci", "role": "editor"}).status_code == 409
        [listed] = admin.get("/api/tokens").json()["items"]
        assert listed == {key: value for key, value in made.json().items() if key != "token"}

        script.headers["authorization"] = f"Bearer {secret}"
        assert script.get("/api/session").json()["via"] == "token"
        [listed] = admin.get("/api/tokens").json()["items"]
        assert listed["lastUsedAt"] >= listed["createdAt"]

        assert admin.delete("/api/tokens/ci").status_code == 204
        assert script.get("/api/session").status_code == 401
        assert admin.delete("/api/tokens/ci").status_code == 404
        [listed] = admin.get("/api/tokens").json()["items"]
        assert listed["revokedAt"]

        again = admin.post("/api/tokens", json={"name": "ci", "role": "viewer"})
        assert again.json()["role"] == "viewer"
        assert script.get("/api/session").status_code == 401
        script.headers["authorization"] = f"Bearer {again.json()['token']}"
        assert script.get("/api/session").json()["role"] == "viewer"
    by_root = {"by": "root", "via": "session"}
    assert list_audit(either_server) == [
        ("token.created", {"name": "ci", "role": "editor", **by_root}),
        ("token.revoked", {"name": "ci", **by_root}),
        ("token.created", {"name": "ci", "role": "viewer", **by_root}),
    ]


def test_lists_come_in_pages(either_server: Server):
    with either_server.script(Role.ADMIN, "admin") as admin:
        for name in ("Zoe", "ann", "bob", "émile"):
            assert admin.post("/api/users", json={"name": name, "role": "viewer"}).status_code == 201
        first = admin.get("/api/users?limit=3").json()
        last = admin.get("/api/users", params={"limit": 3, "cursor": first["nextCursor"]}).json()
        names = [user["name"] for user in first["items"] + last["items"]]

        assert names == ["Zoe", "ann", "bob", "émile"]
        assert "nextCursor" not in last
        assert admin.get("/api/tokens?cursor=x").status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a b", "role": "viewer"},
        {"name": "", "role": "viewer"},
        {"name": "a/b", "role": "viewer"},
        {"name": "a\n", "role": "viewer"},
        {"name": "x" * 101, "role": "viewer"},
        {"name": "ann", "role": "king"},
        {"name": "ann"},
        {"role": "viewer"},
        {"name": "ann", "role": "viewer", "password": "short"},
        {"name": "ann", "role": "viewer", "password": "x" * 1_001},
        {"name": "ann", "role": "viewer", "password": 1234567890},
        {"name": "ann", "role": "viewer", "extra": 1},
        [],
        None,
    ],
)
def test_what_cannot_be_a_user_is_refused_in_plain_words(server: Server, body: Any):
    with server.script(Role.ADMIN) as admin:
        refused = admin.post("/api/users", json=body)

        assert refused.status_code == 422 if body is not None else 415
        assert refused.json()["detail"]
        assert "1234567890" not in refused.text
        assert admin.get("/api/users").json() == {"items": []}


def list_typed(agentmesh: Agentmesh, *words: str) -> list[dict[str, Any]]:  # noqa: F811
    return agentmesh(*words, "list", "--format", "json").json


def test_tokens_on_the_command_line(agentmesh: Agentmesh):  # noqa: F811
    made = agentmesh("token", "create", "ci", "--role", "editor")
    assert made.code == 0
    assert made.out.startswith("agentmesh_")
    assert made.out.count("\n") == 1  # alone, for $(…)
    assert "not shown again" in made.err

    [listed] = list_typed(agentmesh, "token")
    assert (listed["name"], listed["role"]) == ("ci", "editor")
    assert made.out.strip() not in agentmesh("token", "list").out
    assert agentmesh("token", "create", "ci", "--role", "viewer").code == 2
    assert agentmesh("token", "create", "a b", "--role", "viewer").code == 2
    assert agentmesh("token", "create", "x", "--role", "king").code == 2
    assert agentmesh("token", "revoke", "ci").code == 0
    assert agentmesh("token", "revoke", "ci").code == 2
    assert list_typed(agentmesh, "token")[0]["revokedAt"]


def test_users_on_the_command_line(agentmesh: Agentmesh, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    def type_password(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    type_password(f"{PASSWORD}\n")
    assert agentmesh("user", "add", "ann", "--role", "viewer").code == 0
    type_password("short\n")
    assert "10 to 1,000 characters" in agentmesh("user", "add", "bob", "--role", "viewer").err
    assert agentmesh("user", "add", "eve", "--role", "admin", "--no-password").code == 0
    assert agentmesh("user", "set-role", "ann", "editor").code == 0
    assert agentmesh("user", "set-role", "nobody", "editor").code == 2
    type_password("another password")
    assert agentmesh("user", "set-password", "eve").code == 0
    assert agentmesh("user", "set-password", "nobody").code == 2
    users = [(one["name"], one["role"], one["hasPassword"]) for one in list_typed(agentmesh, "user")]
    assert users == [("ann", "editor", True), ("eve", "admin", True)]
    link = agentmesh("user", "login-link", "eve", "--server", "https://mesh.example/x/")
    assert link.out.startswith("https://mesh.example/x/login?token=")
    assert agentmesh("user", "remove", "eve").code == 0
    assert agentmesh("user", "remove", "eve").code == 2
    assert agentmesh("user", "login-link", "eve").code == 2

    get_settings.cache_clear()
    with open_store(get_settings().store_url).read() as connection:
        written = connection.execute(select(events.c.type, events.c.payload).order_by(events.c.id)).all()
    assert {row.payload["via"] for row in written} == {"cli"}
    assert [row.type for row in written] == [EventType.USER_SAVED] * 4 + [EventType.USER_DELETED]


def test_people_are_not_looked_after_through_another_server(agentmesh: Agentmesh):  # noqa: F811
    refused = agentmesh("--url", "http://127.0.0.1:9", "user", "list")

    assert refused.code == 2
    assert "/api/users" in refused.err
