"""The first login, names of the server, and when login may be switched off."""

import stat
import threading
from pathlib import Path

import pytest

from agentmesh_dagster.api.login.first_login import FirstLogin, make_first_login
from agentmesh_dagster.api.login.hosts import LoginOffInPublic, check_auth_setting, read_hosts
from agentmesh_dagster.entities.access import Role
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.people import (
    add_user,
    change_user,
    create_token,
    list_tokens,
    list_users,
    remove_user,
    revoke_token,
)
from tests.login.server import PASSWORD_HASH, TESTER, Server, follow_link


def test_the_first_start_makes_an_admin_a_token_and_a_link(either_server: Server, tmp_path: Path):
    settings = Settings(home=tmp_path / "home")

    first = make_first_login(either_server.store, settings, either_server.origin)

    assert first.token_file == tmp_path / "home" / "admin-token"
    assert stat.S_IMODE(first.token_file.stat().st_mode) == 0o600
    assert first.link is not None
    with either_server.client() as script, either_server.client() as browser:
        script.headers["authorization"] = f"Bearer {first.token_file.read_text().strip()}"
        assert script.get("/api/session").json()["role"] == "admin"
        assert follow_link(browser, first.link).status_code == 303
        assert (browser.get("/api/session").json()["name"], browser.get("/api/users").status_code) == ("admin", 200)


def test_a_later_start_makes_a_link_only(either_server: Server, tmp_path: Path):
    settings, store = Settings(home=tmp_path), either_server.store
    first = make_first_login(store, settings, either_server.origin)
    with store.begin() as tx:
        revoke_token(tx, "admin", by=TESTER)

    second = make_first_login(store, settings, either_server.origin)

    assert second.token_file is None
    assert second.link not in (None, first.link)
    with either_server.client() as browser, either_server.client() as other:
        assert follow_link(browser, second.link or "").status_code == 303
        assert follow_link(other, first.link or "").status_code == 303  # both are good, each once


def test_no_link_is_printed_once_an_admin_has_a_password(either_server: Server, tmp_path: Path):
    settings, store = Settings(home=tmp_path), either_server.store
    make_first_login(store, settings, "http://x")
    with store.begin() as tx:
        change_user(tx, "admin", password_hash=PASSWORD_HASH, by=TESTER)

    assert make_first_login(store, settings, "http://x") == FirstLogin(None, None)


def test_a_token_made_before_the_first_start_locks_nobody_out(either_server: Server, tmp_path: Path):
    store = either_server.store
    with store.begin() as tx:
        create_token(tx, "ci", Role.EDITOR, "hash", by=TESTER)

    first = make_first_login(store, Settings(home=tmp_path), either_server.origin)

    assert first.token_file is None
    with either_server.client() as browser:
        assert follow_link(browser, first.link or "").status_code == 303
        assert browser.get("/api/session").json()["role"] == "admin"


def test_there_is_a_way_in_as_long_as_no_admin_has_a_password(either_server: Server, tmp_path: Path):
    settings, store = Settings(home=tmp_path), either_server.store

    def come_in() -> str:
        with either_server.client() as browser:
            follow_link(browser, make_first_login(store, settings, either_server.origin).link or "")
            session = browser.get("/api/session").json()
        assert session["role"] == "admin"
        return session["name"]

    with store.begin() as tx:
        add_user(tx, "eve", Role.EDITOR, PASSWORD_HASH, by=TESTER)
    assert come_in() == "admin"
    with store.begin() as tx:
        change_user(tx, "admin", role=Role.VIEWER, by=TESTER)
    assert come_in() == "admin-2"
    with store.begin() as tx:
        add_user(tx, "ann", Role.ADMIN, None, by=TESTER)
        remove_user(tx, "admin-2", by=TESTER)
    assert come_in() == "ann"
    with store.begin() as tx:
        change_user(tx, "ann", password_hash=PASSWORD_HASH, by=TESTER)
    assert make_first_login(store, settings, "http://x") == FirstLogin(None, None)


def test_processes_that_start_at_once_make_one_admin(either_server: Server, tmp_path: Path):
    store = either_server.store
    made: list[FirstLogin] = []
    threads = [
        threading.Thread(target=lambda: made.append(make_first_login(store, Settings(home=tmp_path), "http://x")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [first.token_file for first in made].count(None) == 5
    assert all(first.link for first in made)
    with store.read() as connection:
        assert [user.name for user in list_users(connection)] == ["admin"]
        assert [token.name for token in list_tokens(connection)] == ["admin"]


def test_without_login_there_is_no_first_one(own_store: Store, tmp_path: Path):
    assert make_first_login(own_store, Settings(home=tmp_path, auth="off"), "http://x") == FirstLogin(None, None)
    with own_store.read() as connection:
        assert list_users(connection) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.0.7", "mesh.example", "127.0.0.1.example"])
def test_login_cannot_be_switched_off_where_others_reach_the_server(host: str):
    check_auth_setting(Settings(), host)
    with pytest.raises(LoginOffInPublic, match=r"bind it to 127\.0\.0\.1"):
        check_auth_setting(Settings(auth="off"), host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_login_may_be_switched_off_on_a_loopback_address(host: str):
    check_auth_setting(Settings(auth="off"), host)


def test_a_server_that_listens_everywhere_goes_by_all_its_addresses_but_no_other_name():
    hosts = read_hosts(Settings(), "0.0.0.0")

    assert hosts.know("192.168.0.7:3000")
    assert hosts.know("[fe80::1]:3000")
    assert hosts.know("localhost:3000")
    assert not hosts.know("rebound.example:3000")
    assert not hosts.know("0.0.0.0.example")


def test_a_server_that_listens_at_one_address_goes_by_that_one():
    hosts = read_hosts(Settings(), "192.168.0.7")

    assert hosts.know("192.168.0.7:3000")
    assert not hosts.know("192.168.0.8:3000")
