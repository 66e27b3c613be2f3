"""Logging in and out: by password, by a link, in a browser and as JSON; and what slows guessing down."""

import re
import threading
import time
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import select, update

from agentmesh_dagster.api.login.login import make_login_link
from agentmesh_dagster.api.login.routes import read_goal
from agentmesh_dagster.entities.access import Role
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.people import add_user, change_user, get_password_hash, remove_user
from agentmesh_dagster.store.tables import events, login_failures, login_links, sessions, tokens, users
from tests.login.server import PASSWORD, PASSWORD_HASH, TESTER, Server, follow_link, run_server

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def ann(either_server: Server) -> Server:
    """A server that knows Ann, an approver."""
    with either_server.store.begin() as tx:
        add_user(tx, "ann", Role.APPROVER, PASSWORD_HASH, by=TESTER)
    return either_server


def open_browser(server: Server) -> httpx2.Client:
    """A browser that keeps cookies, and says where it comes from."""
    return server.client(accept="text/html", origin=server.origin, sec_fetch_site="same-origin")


def fill_in(browser: httpx2.Client, name: str, password: str, goal: str = "") -> httpx2.Response:
    """Opens the form, fills it in and sends it, as a person does."""
    page = browser.get("/login", params={"next": goal} if goal else {})
    action = re.search(r'action="([^"]*)"', page.text)[1].replace("&amp;", "&")
    secret = re.search(r'name="form" value="([^"]*)"', page.text)[1]
    return browser.post(action, data={"form": secret, "name": name, "password": password})


def list_logged(server: Server) -> list[tuple[str, dict[str, object]]]:
    with server.store.read() as connection:
        rows = connection.execute(select(events.c.type, events.c.payload).order_by(events.c.id)).all()
    return [(row.type, row.payload) for row in rows if row.type.startswith("login.")]


def test_a_person_logs_in_with_the_form_and_gets_where_they_wanted(ann: Server):
    with open_browser(ann) as browser:
        wanted = browser.get("/server_info?x=1")
        page = browser.get(wanted.headers["location"])
        assert page.headers["content-type"].startswith("text/html")

        entered = fill_in(browser, "ann", PASSWORD, goal="/server_info?x=1")
        assert entered.status_code == 303
        assert entered.headers["location"] == "/server_info?x=1"
        assert browser.get(entered.headers["location"]).status_code == 200
        who = browser.get("/api/session").json()
        assert who == {
            "name": "ann",
            "role": "approver",
            "via": "session",
            "permissions": ["read", "answer"],
            "login": True,
        }
        assert browser.get("/login?next=/runs").headers["location"] == "/runs"  # logged in already

    assert list_logged(ann) == [
        ("login.succeeded", {"name": "ann", "address": "127.0.0.1", "by": "ann", "via": "password"})
    ]


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(ann: Server):
    with open_browser(ann) as browser:
        cookie = fill_in(browser, "ann", PASSWORD).headers["set-cookie"]

    name, _, rest = cookie.partition("=")
    assert name == f"agentmesh-{ann.port}"
    secret, *attributes = [part.strip() for part in rest.split(";")]
    assert len(secret) == 43
    assert set(attributes) == {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"}


def test_over_https_the_cookie_is_bound_to_the_host(own_store: Store, tmp_path: Path):
    with run_server(own_store, tmp_path, public_url="https://mesh.example", path_prefix="/mesh") as server:
        with own_store.begin() as tx:
            add_user(tx, "ann", Role.VIEWER, PASSWORD_HASH, by=TESTER)
        with server.client(host="mesh.example") as browser:
            answer = browser.post("/api/session", json={"name": "ann", "password": PASSWORD})
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("__Host-agentmesh-mesh=")
            assert {part.strip() for part in cookie.split(";")[1:]} == {
                "HttpOnly",
                "SameSite=lax",
                "Path=/",
                "Secure",
                "Max-Age=43200",
            }
            secret = cookie.partition("=")[2].partition(";")[0]
            named = {"Cookie": f"__Host-agentmesh-mesh={secret}"}
            assert browser.get("/api/session", headers=named).status_code == 200
            # The name without the prefix could come from another host of the domain.
            assert browser.get("/api/session", headers={"Cookie": f"agentmesh-mesh={secret}"}).status_code == 401


def test_only_hashes_are_kept(ann: Server):
    with open_browser(ann) as browser, ann.script(Role.VIEWER) as script:
        fill_in(browser, "ann", PASSWORD)
        secrets = [browser.cookies[ann.cookie], script.headers["authorization"].split()[1], PASSWORD]
        with ann.store.begin() as tx:
            secrets.append(make_login_link(tx, "ann", "http://x").partition("=")[2])
    with ann.store.read() as connection:
        kept = [
            repr(connection.execute(select(table)).all())
            for table in (users, tokens, sessions, login_links, login_failures, events)
        ]

    assert not [secret for secret in secrets for table in kept if secret in table]
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in kept[0]


def test_a_script_may_log_in_with_json_and_out_again(ann: Server):
    with ann.client() as client:
        entered = client.post("/api/session", json={"name": "ann", "password": PASSWORD})
        assert entered.status_code == 201
        assert entered.json()["permissions"] == ["read", "answer"]
        client.headers["origin"] = ann.origin
        assert client.get("/api/session").json() == entered.json()
        kept = dict(client.cookies)

        assert client.delete("/api/session").status_code == 204
        assert client.get("/api/session").status_code == 401
        client.cookies.update(kept)
        assert client.get("/api/session").status_code == 401  # the session itself has ended


def test_a_person_logs_out(ann: Server):
    with open_browser(ann) as browser:
        fill_in(browser, "ann", PASSWORD)
        page = browser.get("/logout")
        assert "ann" in page.text
        secret = re.search(r'name="form" value="([^"]*)"', page.text)[1]
        kept = dict(browser.cookies)

        assert browser.post("/logout", data={"form": "x"}).status_code == 403
        assert browser.post("/logout", data={"form": secret}).headers["location"] == "/login"
        assert browser.get("/api/session").headers["location"].startswith("/login")
        browser.cookies.update(kept)
        assert browser.get("/api/session").headers["location"].startswith("/login")


def test_a_form_without_its_secret_logs_nobody_in(ann: Server):
    with open_browser(ann) as browser:
        for given in ({}, {"form": ""}, {"form": "x"}, {"form": "ü"}):
            answer = browser.post("/login", data={**given, "name": "ann", "password": PASSWORD})
            assert answer.status_code == 403
        browser.get("/login")
        assert browser.post("/login", data={"form": "x", "name": "ann", "password": PASSWORD}).status_code == 403
        assert browser.post("/login", content=b"\xff" * 10_000).status_code == 403
    assert list_logged(ann) == []


@pytest.mark.parametrize("name", ["ann", "bob", "linkonly", "a\x00b", "", "x" * 5_000, "' OR 1=1 --", "ann\n"])
def test_a_wrong_name_or_password_is_the_same_to_who_tries(ann: Server, name: str):
    with ann.store.begin() as tx:
        add_user(tx, "linkonly", Role.ADMIN, None, by=TESTER)
    with open_browser(ann) as browser:
        refused = fill_in(browser, name, "wrong password")

    assert refused.status_code == 401
    assert "This name and this password do not belong together" in refused.text
    known = name if name in ("ann", "linkonly") else None
    payload = {"name": known, "address": "127.0.0.1", "by": known or "unknown", "via": "password"}
    assert list_logged(ann) == [("login.failed", payload)]


def test_json_login_refuses_in_problems(ann: Server):
    with ann.client() as client:
        wrong = client.post("/api/session", json={"name": "ann", "password": "nope"})
        assert wrong.status_code == 401
        assert wrong.headers["content-type"] == "application/problem+json"
        assert client.post("/api/session", json={"name": "ann"}).status_code == 422
        assert client.post("/api/session", json=[]).status_code == 422


def test_names_cannot_be_found_out_by_the_time_an_answer_takes(server: Server):
    with server.store.begin() as tx:
        add_user(tx, "ann", Role.APPROVER, PASSWORD_HASH, by=TESTER)
    with server.client() as client:

        def measure(name: str) -> float:
            times = []
            for _ in range(4):
                started = time.perf_counter()
                assert client.post("/api/session", json={"name": name, "password": "wrong"}).status_code == 401
                times.append(time.perf_counter() - started)
            return min(times)

        known, unknown = measure("ann"), measure("bob")
        assert known > 0.008  # Argon2 was at work
        assert unknown > known / 4  # without a hash to compare with it would be a seventh


def change_failures(server: Server, who: str, count: int, seconds_ago: float) -> None:
    """As if so many logins had failed, the last of them so long ago."""
    with server.store.begin() as tx:
        moment = now(tx) - timedelta(seconds=seconds_ago)
        tx.execute(
            update(login_failures).where(login_failures.c.who.startswith(who)).values(count=count, last_at=moment)
        )


def test_guessing_at_a_name_is_slowed_down_for_everybody(ann: Server):
    right, guess = {"name": "ann", "password": PASSWORD}, {"name": "ann", "password": "guess"}
    with ann.client() as client, ann.client(origin=ann.origin) as other, open_browser(ann) as browser:
        assert [client.post("/api/session", json=guess).status_code for _ in range(5)] == [401] * 5
        change_failures(ann, "name ann", count=9, seconds_ago=60)
        assert client.post("/api/session", json=guess).status_code == 401  # the tenth: 16 s to wait

        refused = client.post("/api/session", json=right)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 16
        assert other.post("/api/session", json=right).status_code == 429
        assert fill_in(browser, "ann", PASSWORD).status_code == 429
        assert client.post("/api/session", json={**guess, "name": "bob"}).status_code == 401

        change_failures(ann, "name ann", count=10, seconds_ago=17)
        assert other.post("/api/session", json=right).status_code == 201
        assert [client.post("/api/session", json=guess).status_code for _ in range(5)] == [401] * 5  # begins anew
        assert other.post("/api/session", json=right).status_code == 201
    assert [kind for kind, _ in list_logged(ann)].count("login.failed") == 12


def test_guessing_at_many_names_is_slowed_down_by_address(either_server: Server):
    with either_server.client() as client:
        for number in range(20):
            guess = {"name": f"name{number}", "password": "guess"}
            assert client.post("/api/session", json=guess).status_code == 401
        change_failures(either_server, "address 127.0.0.1", count=30, seconds_ago=0)
        refused = client.post("/api/session", json={"name": "name21", "password": "guess"})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) <= 60
        same_site = {"origin": either_server.origin}
        assert client.post("/login", data={}, headers=same_site).status_code == 429
        assert client.post("/api/session", content=b"[", headers=JSON).status_code == 429, "before it is looked at"
        change_failures(either_server, "address 127.0.0.1", count=30, seconds_ago=61)
        assert client.post("/login", data={}, headers=same_site).status_code == 403


def test_what_cannot_be_read_counts_too(either_server: Server):
    with either_server.client() as client:
        for _ in range(20):
            assert client.post("/api/session", content=b"[", headers=JSON).status_code == 400
        change_failures(either_server, "address 127.0.0.1", count=30, seconds_ago=0)
        assert client.post("/api/session", content=b"[", headers=JSON).status_code == 429


def test_nobody_locks_somebody_else_out_by_guessing(own_store: Store, tmp_path: Path):
    right, guess = {"name": "ann", "password": PASSWORD}, {"name": "ann", "password": "guess"}
    with run_server(own_store, tmp_path, trusted_proxies="127.0.0.0/8") as server, server.client() as client:

        def log_in(address: str, given: dict[str, str]) -> int:
            client.cookies.clear()
            return client.post("/api/session", json=given, headers={"X-Forwarded-For": address}).status_code

        with own_store.begin() as tx:
            add_user(tx, "ann", Role.APPROVER, PASSWORD_HASH, by=TESTER)
            link = make_login_link(tx, "ann", server.origin)
        assert log_in("198.51.100.1", right) == 201
        assert [log_in("203.0.113.9", guess) for _ in range(5)] == [401] * 5
        change_failures(server, "name ann from address 203.0.113.9", count=12, seconds_ago=0)
        assert log_in("203.0.113.9", right) == 429, "who guesses waits"
        assert log_in("198.51.100.2", right) == 201, "somebody else does not"

        change_failures(server, "name ann", count=70, seconds_ago=0)  # from many addresses
        assert log_in("203.0.113.77", right) == 429
        assert log_in("198.51.100.1", right) == 201, "from where she has been"
        with open_browser(server) as browser:
            browser.headers["x-forwarded-for"] = "203.0.113.78"
            assert follow_link(browser, link).status_code == 303, "or by a link"
        assert log_in("203.0.113.78", right) == 201


def test_only_the_proxies_that_are_named_say_whom_they_speak_for(server: Server, own_store: Store, tmp_path: Path):
    def list_addresses(asked: Server) -> list[object]:
        return [payload["address"] for _, payload in list_logged(asked)]

    guess = {"name": "ann", "password": "guess"}
    with server.client() as client:
        client.post("/api/session", json=guess, headers={"X-Forwarded-For": "203.0.113.9"})
    assert list_addresses(server) == ["127.0.0.1"]

    with run_server(own_store, tmp_path, trusted_proxies="127.0.0.1, 10.0.0.0/8") as behind, behind.client() as client:
        for said in ("203.0.113.9", "1.1.1.1, 203.0.113.9, 10.1.2.3", "nonsense", "x, 10.1.2.3", "2001:db8::1"):
            client.post("/api/session", json=guess, headers={"X-Forwarded-For": said})
        assert list_addresses(behind) == ["203.0.113.9", "203.0.113.9", "127.0.0.1", "10.1.2.3", "2001:db8::1"]
        secure = client.get("/login", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
        assert "Secure" in secure
    with server.client() as client:
        assert "Secure" not in client.get("/login", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]


def test_failures_are_forgotten_after_an_hour(either_server: Server):
    with either_server.client() as client:
        guess = {"name": "ann", "password": "guess"}
        client.post("/api/session", json=guess)
        change_failures(either_server, "", count=40, seconds_ago=3601)
        assert [client.post("/api/session", json=guess).status_code for _ in range(6)] == [401] * 6


def test_guesses_that_arrive_at_once_are_counted_one_by_one(ann: Server):
    statuses: list[int] = []

    def guess() -> None:
        with ann.client() as client:
            statuses.append(client.post("/api/session", json={"name": "ann", "password": "guess"}).status_code)

    guess()
    change_failures(ann, "name ann", count=10, seconds_ago=17)
    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [401] * 2 + [429] * 15


def test_a_login_link_works_once(ann: Server):
    with ann.store.begin() as tx:
        link = make_login_link(tx, "ann", ann.origin)
    with open_browser(ann) as browser, open_browser(ann) as thief:
        with ann.client() as robot:  # of a chat: it looks at a link, and must not use it up
            assert robot.head(link).status_code == 200
            assert robot.get(link).status_code == 200
            assert robot.get("/api/session").status_code == 401
        entered = follow_link(browser, link)
        assert entered.status_code == 303
        assert entered.headers["location"] == "/agentmesh"
        assert browser.get("/api/session").json()["name"] == "ann"

        again = follow_link(thief, link)
        assert again.status_code == 401
        assert "not good any more" in again.text
        assert thief.get("/api/session").status_code == 303
    assert [(kind, payload["via"]) for kind, payload in list_logged(ann)] == [
        ("login.succeeded", "link"),
        ("login.failed", "link"),
    ]


def test_a_link_is_used_by_our_own_form_alone(ann: Server):
    with ann.store.begin() as tx:
        link = make_login_link(tx, "ann", ann.origin)
    secret = link.partition("token=")[2]
    with open_browser(ann) as browser:
        assert browser.post("/login", data={"token": secret}).status_code == 403
        assert browser.post(link.removeprefix(ann.origin), data={}).status_code == 403
        assert follow_link(browser, link).status_code == 303


def test_of_many_who_use_a_link_at_once_one_gets_in(ann: Server):
    with ann.store.begin() as tx:
        link = make_login_link(tx, "ann", ann.origin)
    statuses: list[int] = []

    def follow() -> None:
        with ann.client() as client:
            statuses.append(follow_link(client, link).status_code)

    threads = [threading.Thread(target=follow) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [303] + [401] * 11


def test_a_login_link_ends_by_itself_and_with_its_user(ann: Server):
    with ann.store.begin() as tx:
        add_user(tx, "bob", Role.VIEWER, None, by=TESTER)
        old, orphan = make_login_link(tx, "ann", ann.origin), make_login_link(tx, "bob", ann.origin)
        for row in tx.execute(select(login_links)).all():
            tx.execute(update(login_links).values(expires_at=row.expires_at - timedelta(hours=1)))
        remove_user(tx, "bob", by=TESTER)
    with ann.client() as client:
        assert follow_link(client, old).status_code == 401
        assert follow_link(client, orphan).status_code == 401


def test_a_session_ends_by_itself(ann: Server):
    with ann.browser(Role.VIEWER) as browser:
        assert browser.get("/api/session").status_code == 200
        with ann.store.begin() as tx:
            for row in tx.execute(select(sessions)).all():
                tx.execute(update(sessions).values(expires_at=row.expires_at - timedelta(hours=1)))
        assert browser.get("/api/session").status_code == 401
    with open_browser(ann) as browser:
        fill_in(browser, "ann", PASSWORD)  # the next login removes what is over
    with ann.store.read() as connection:
        assert [row.user_name for row in connection.execute(select(sessions))] == ["ann"]


def test_a_hash_of_older_settings_is_renewed_at_the_next_login(ann: Server):
    weaker = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    with ann.store.begin() as tx:
        change_user(tx, "ann", password_hash=weaker, by=TESTER)
    with ann.client(origin=ann.origin) as client:
        assert client.post("/api/session", json={"name": "ann", "password": PASSWORD}).status_code == 201
        assert client.post("/api/session", json={"name": "ann", "password": PASSWORD}).status_code == 201
    with ann.store.read() as connection:
        assert extract_parameters(get_password_hash(connection, "ann") or "").memory_cost == 19_456


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "@evil.example",
    "/ok\r\nSet-Cookie: a=b",
    "",
]


def test_the_login_leads_nowhere_else(ann: Server):
    with open_browser(ann) as browser:
        for goal in ELSEWHERE:
            assert read_goal(goal, "") == "/agentmesh"
            assert read_goal(goal, "/mesh") == "/mesh/agentmesh"
            assert fill_in(browser, "ann", PASSWORD, goal).headers["location"] == "/agentmesh"
            browser.cookies.clear()


def test_the_login_leads_on_below_the_path_prefix_only():
    assert read_goal("/mesh/runs?a=b#c", "/mesh") == "/mesh/runs?a=b#c"
    assert read_goal("/other", "/mesh") == "/mesh/agentmesh"
    assert read_goal("/meshes", "/mesh") == "/mesh/agentmesh"


def test_the_form_is_plain_and_shows_what_was_typed_as_text(ann: Server):
    with open_browser(ann) as browser:
        page = fill_in(browser, '"><script>alert(1)</script>', "x")

    assert "<script" not in page.text
    assert "&quot;&gt;&lt;script&gt;alert(1)" in page.text
    assert '<html lang="en">' in page.text
    for field in ("name", "password"):
        assert f'<label for="{field}">' in page.text
        assert f'<input id="{field}"' in page.text
    assert 'role="alert"' in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
