"""The guard: who gets through to which page, over HTTP and websocket."""

import json
import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from starlette.routing import Mount, Route, WebSocketRoute
from websockets.exceptions import InvalidStatus

from agentmesh_dagster.entities.access import Role
from agentmesh_dagster.store import Store
from tests.login.server import QUERY, Server, run_server

PAGES = [
    "/",
    "/runs",
    "/server_info",
    "/dagit_info",
    "/graphql",
    "/robots.txt",
    "/favicon.ico",
    "/logs/a/b.out",
    "/download_debug/x",
    "/notebook?path=a.ipynb",
    "/agentmesh",
    "/agentmesh/assets/x.js",
    "/api",
    "/api/openapi.json",
    "/api/runs",
    "/api/session",
    "/api/no/such/page",
    "/api/callbacks/x",
    "/api/hooks",
    "/api/hooks/x",
    "/logout",
    "/login/",
    "//login",
    "/LOGIN",
]
CHANGES = [
    ("POST", "/graphql"),
    ("POST", "/report_asset_materialization/a"),
    ("POST", "/report_asset_check/a"),
    ("POST", "/report_asset_observation/a"),
    ("POST", "/api/workflows"),
    ("PUT", "/api/users/ann"),
    ("DELETE", "/api/session"),
    ("PATCH", "/api/session"),
    ("POST", "/logout"),
    ("PUT", "/login"),
    ("POST", "/api/session/"),
    ("POST", "/api/callbacks"),
    ("POST", "/api/hooks"),
    ("POST", "/api/hooks/"),
    ("POST", "/api/hooks/x/rotate"),
    ("POST", "/api/hooks//x"),
    ("PUT", "/api/hooks/x"),
    ("DELETE", "/api/hooks/x"),
    ("POST", "/hooks/x"),
    ("PUT", "/api/callbacks/x"),
    ("DELETE", "/api/callbacks/x"),
    ("POST", "/callbacks/x"),
    ("OPTIONS", "/api/runs"),
]


def test_no_page_opens_without_login(server: Server):
    with server.client() as nobody:
        for page in PAGES:
            answer = nobody.get(page)

            assert answer.status_code == 401, page
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"


def test_nothing_is_changed_without_login(server: Server):
    with server.client() as nobody:
        for method, path in CHANGES:
            assert nobody.request(method, path, json={}).status_code == 401, (method, path)


def test_every_route_of_the_web_process_asks_who_it_is(server: Server):
    """Also those that came with a new release of Dagster, or of ours."""
    opened: dict[str, int] = {}
    with server.client() as nobody:
        for method, path in list_routes(server.routes):
            opened[f"{method} {path}"] = nobody.request(method, path).status_code

    assert len(opened) > 60
    others = {route: status for route, status in opened.items() if status != 401}
    # What probes ask; no page to see, a form that is not ours, no JSON.
    probes = {f"{method} {path}": 200 for method in ("GET", "HEAD") for path in ("/healthz", "/healthz/live")}
    login = {"GET /login": 200, "HEAD /login": 200, "POST /login": 403, "POST /api/session": 422}
    # Whoever was given such an address may post there: once, or what is signed.
    hand_outs = {"POST /api/callbacks/token": 404, "POST /api/hooks/id": 404}
    assert others == probes | login | hand_outs


def list_routes(routes: list[object], prefix: str = "") -> list[tuple[str, str]]:
    """Methods and paths; whatever has neither a Route nor a Mount of Starlette's is a mistake of this test."""
    found: list[tuple[str, str]] = []
    for route in routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            for path, methods in route.app.openapi()["paths"].items():
                found += [(method.upper(), prefix + route.path + path) for method in methods]
        elif isinstance(route, Mount):
            found += list_routes(route.routes, prefix + route.path) or [("GET", f"{prefix}{route.path}/x")]
        elif not isinstance(route, WebSocketRoute):
            assert isinstance(route, Route), route
            found += [(method, prefix + route.path) for method in route.methods or ["GET", "POST"]]
    return [(method, re.sub(r"{(\w+)(:\w+)?}", r"\1", path)) for method, path in found]


def test_a_browser_without_login_is_sent_to_the_form_and_back(server: Server):
    with server.client(accept="text/html,*/*") as browser:
        answer = browser.get("/runs/a%20b?status=waiting&x=%26")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fruns%2Fa%2520b%3Fstatus%3Dwaiting%26x%3D%2526"


def test_every_role_sees_every_page(either_server: Server):
    for role in Role:
        with either_server.script(role) as script:
            assert script.get("/server_info").status_code == 200
            assert script.get("/").status_code == 200
            assert script.get("/api/session").json()["role"] == role


@pytest.mark.parametrize(
    "header",
    ["Bearer nonsense", "Bearer", "bearer agentmesh_x", "Basic YTpi", "agentmesh_x", "Bearer \u00fc"],
)
def test_a_wrong_token_is_refused(server: Server, header: str):
    with server.client() as client:
        assert client.get("/api/session", headers={"Authorization": header.encode()}).status_code == 401


def test_a_wrong_token_is_not_made_up_for_by_a_session(server: Server):
    with server.browser(Role.ADMIN) as browser:
        assert browser.get("/api/session").status_code == 200
        assert browser.get("/api/session", headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example",
        "evil.example/127.0.0.1",
        "evil@127.0.0.1:{port}",
        "127.0.0.1:{port}@evil.example",
        "192.168.0.7:{port}",
        "[::2]",
        "127.0.0.1:x",
        "",
    ],
)
def test_a_page_under_a_foreign_name_is_refused(server: Server, host: str):
    with server.script(Role.ADMIN) as script:
        answer = script.get("/api/session", headers={"Host": host.format(port=server.port)})

    assert answer.status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8", "127.0.0.1.", "localhost."])
def test_the_loopback_names_are_ours(server: Server, host: str):
    with server.script(Role.VIEWER) as script:
        assert script.get("/api/session", headers={"Host": host}).status_code == 200


def test_a_websocket_needs_login_a_name_of_ours_and_our_origin(server: Server):
    with server.client() as nobody, server.browser(Role.VIEWER) as browser, server.script(Role.VIEWER) as script:
        refused = [
            (nobody, {}),
            (nobody, {"origin": server.origin}),
            (browser, {"origin": "http://evil.example"}),
            (browser, {"origin": f"http://127.0.0.1:{server.port + 1}"}),
            (browser, {"origin": "null"}),
            (browser, {"origin": server.origin, "sec_fetch_site": "cross-site"}),
            (browser, {}),  # a cookie and no Origin
            (script, {"origin": "http://evil.example"}),
        ]
        for client, headers in refused:
            with pytest.raises(InvalidStatus) as closed, server.websocket(client, **headers):
                pass
            assert closed.value.response.status_code == 403, headers

        for client, headers in [(browser, {"origin": server.origin}), (script, {})]:
            with server.websocket(client, **headers) as websocket:
                websocket.send(json.dumps({"type": "connection_init"}))
                assert json.loads(websocket.recv(timeout=10)) == {"type": "connection_ack"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "https://evil.example:{port}"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://127.0.0.1:{port}.evil.example"},
        {"Origin": "http://127.0.0.1:{port}/"},
        {"Origin": "null"},
        {"Origin": ""},
        {},
    ],
)
def test_a_change_with_a_cookie_must_come_from_our_pages(server: Server, headers: dict[str, str]):
    named = {name: value.format(port=server.port) for name, value in headers.items()}
    with server.browser(Role.ADMIN) as browser:
        for name in ("origin", "sec-fetch-site"):
            del browser.headers[name]
        for path in ("/graphql", "/api/tokens", "/logout", "/login"):
            answer = browser.post(path, headers=named, json={"query": QUERY})

            assert answer.status_code == 403
            assert "another site" in answer.json()["detail"]


def test_a_browser_that_says_only_its_origin_gets_through(server: Server):
    with server.browser(Role.ADMIN) as browser:
        del browser.headers["sec-fetch-site"]
        assert browser.post("/graphql", json={"query": QUERY}).status_code == 200
        browser.headers["origin"] = f"https://127.0.0.1:{server.port}"  # a proxy ends TLS
        assert browser.post("/graphql", json={"query": QUERY}).status_code == 200


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "application/jsonp",
        "text/json",
        "",
        None,
    ],
)
def test_a_change_is_json(server: Server, kind: str | None):
    headers = {} if kind is None else {"Content-Type": kind}
    with server.browser(Role.ADMIN) as browser:
        for path in ("/graphql", "/api/tokens", "/report_asset_materialization/a"):
            answer = browser.post(path, headers=headers, content=b'{"name": "t", "role": "admin"}')

            assert answer.status_code == 415
        assert browser.get("/api/tokens").json() == {"items": []}


def test_a_change_without_a_body_needs_no_content_type(server: Server):
    with server.browser(Role.ADMIN) as browser:
        assert browser.delete("/api/tokens/nobody").status_code == 404


def test_what_changes_dagster_beside_graphql_needs_editor_or_admin(server: Server):
    allowed = set()
    for role in Role:
        with server.script(role) as script:
            answer = script.post("/report_asset_materialization/some_asset", json={})
        if answer.status_code == 200:
            allowed.add(role)
        else:
            assert answer.status_code == 403

    assert allowed == {Role.EDITOR, Role.ADMIN}


def test_a_path_with_a_line_break_is_refused(server: Server):
    """Routes are regular expressions that end with `$`, which stands before a last line break too."""
    with server.script(Role.VIEWER) as script:
        for path in ("/graphql%0A", "/graphql%00", "/api/session%0d", "/%7f"):
            assert script.get(path).status_code == 400


def test_below_a_path_prefix(own_store: Store, tmp_path: Path):
    with run_server(own_store, tmp_path, path_prefix="/mesh") as server, server.client(accept="text/html") as nobody:
        home = httpx2.get(f"{server.origin}/", headers={"Accept": "text/html"})
        assert home.headers["location"] == "/mesh/login?next=%2F"
        assert nobody.get("/runs").headers["location"] == "/mesh/login?next=%2Fmesh%2Fruns"
        assert nobody.get("/login").status_code == 200
        assert httpx2.get(f"{server.origin}/login").status_code == 404  # nothing of ours is there
        for path in ("/graphql", "/mesh/graphql", "/meshgraphql", "/mesh/mesh/graphql"):
            assert httpx2.post(server.origin + path, json={"query": QUERY}).status_code == 401
        with server.script(Role.VIEWER) as script:
            assert script.post("/graphql", json={"query": QUERY}).status_code == 200
            assert script.post("/graphql", json={"query": "mutation M { __typename }"}).status_code == 403
            assert script.get("/api/session").json()["role"] == "viewer"


def test_without_login_everybody_is_admin_and_the_other_rules_hold(own_store: Store, tmp_path: Path):
    with run_server(own_store, tmp_path, auth="off") as server, server.client() as anybody:
        assert anybody.get("/api/session").json() == {
            "name": "local",
            "role": "admin",
            "via": "open",
            "permissions": ["read", "edit", "answer", "administer"],
            "login": False,
        }
        assert anybody.post("/graphql", json={"query": QUERY}).status_code == 200
        assert anybody.get("/api/session", headers={"Host": "evil.example"}).status_code == 421
        for refused in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
            assert anybody.post("/graphql", json={"query": QUERY}, headers=refused).status_code == 403
            with pytest.raises(InvalidStatus), server.websocket(anybody, **refused):
                pass
        assert anybody.post("/graphql", content=QUERY, headers={"Content-Type": "text/plain"}).status_code == 415
        with server.websocket(anybody):
            pass


def test_other_names_are_added_by_settings(own_store: Store, tmp_path: Path):
    named = {"public_url": "https://mesh.example/x", "allowed_hosts": "proxy:8080, other.example"}
    with run_server(own_store, tmp_path, **named) as server, server.script(Role.VIEWER) as script:
        for host in ("mesh.example", "mesh.example:443", "proxy", "other.example:1"):
            assert script.get("/api/session", headers={"Host": host}).status_code == 200
        # A proxy that sets another Host still leaves the browser's Origin.
        for origin, status in (("https://mesh.example", 200), ("https://other.example", 403)):
            headers = {"Origin": origin, "Host": "localhost"}
            assert script.post("/graphql", json={"query": QUERY}, headers=headers).status_code == status


def test_what_the_guard_answers_has_safe_headers(server: Server):
    with server.client() as nobody:
        for answer in (nobody.get("/"), nobody.get("/login"), nobody.get("/x", headers={"Host": "evil.example"})):
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] in ("DENY", "SAMEORIGIN")
            assert "frame-ancestors" in answer.headers["content-security-policy"]
            assert answer.headers["referrer-policy"]
