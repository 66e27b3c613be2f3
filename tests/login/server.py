"""A whole web server in a thread of the test's process: Dagster's, ours, and the guard around both."""

import html
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import httpx2
import uvicorn
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import EmptyWorkspaceTarget, InProcessWorkspaceLoadTarget
from dagster._daemon.asset_daemon import get_auto_materialize_paused, set_auto_materialize_paused
from sqlalchemy import delete
from websockets.sync.client import ClientConnection, connect

from agentmesh_dagster.api.addresses import bind
from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.dagster_internals import WorkspaceProcessContext
from agentmesh_dagster.api.forwarding import FollowsProxies, read_proxies
from agentmesh_dagster.api.headers import SafeHeaders
from agentmesh_dagster.api.login.guard import protect
from agentmesh_dagster.api.login.passwords import hash_password
from agentmesh_dagster.api.login.secrets import hash_secret, make_secret, make_token
from agentmesh_dagster.api.webserver import AgentMeshWebserver
from agentmesh_dagster.api.workspace import LoadedWorkspace
from agentmesh_dagster.entities.access import Identity, Role
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.people import add_user, create_token
from agentmesh_dagster.store.sessions import open_session
from agentmesh_dagster.store.tables import events, login_failures, login_links, login_places, sessions, tokens, users

TESTER = Identity("tester", Role.ADMIN, via="test")
PASSWORD = "correct horse battery"
PASSWORD_HASH = hash_password(PASSWORD)


@dataclass(frozen=True)
class Server:
    """A server that listens."""

    port: int
    store: Store
    instance: dg.DagsterInstance
    routes: list[Any]
    path_prefix: str = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def cookie(self) -> str:
        return f"agentmesh-{self.port}{self.path_prefix.replace('/', '-')}"

    def client(self, **headers: str) -> httpx2.Client:
        """A client that is nobody; `sec_fetch_site="none"` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx2.Client(base_url=self.origin + self.path_prefix, headers=named, timeout=20)

    def script(self, role: Role, name: str | None = None) -> httpx2.Client:
        """A client with a token of this role."""
        token = make_token()
        with self.store.begin() as tx:
            create_token(tx, name or make_name(role), role, hash_secret(token), by=TESTER)
        return self.client(authorization=f"Bearer {token}")

    def browser(self, role: Role, name: str | None = None) -> httpx2.Client:
        """A client with the session of a person, that says what a browser says on our own pages."""
        name, secret = name or make_name(role), make_secret()
        with self.store.begin() as tx:
            add_user(tx, name, role, PASSWORD_HASH, by=TESTER)
            open_session(
                tx,
                user_name=name,
                secret_hash=hash_secret(secret),
                via="password",
                address="test",
                lasts=timedelta(hours=1),
            )
        return self.client(cookie=f"{self.cookie}={secret}", origin=self.origin, sec_fetch_site="same-origin")

    def websocket(self, client: httpx2.Client, **headers: str) -> ClientConnection:
        """Opens Dagster's websocket as this client would."""
        ours = {name: value for name, value in client.headers.items() if name in ("authorization", "cookie")}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"ws://127.0.0.1:{self.port}{self.path_prefix}/graphql"
        return connect(url, additional_headers={**ours, **named}, subprotocols=["graphql-ws"], proxy=None)

    def begin_anew(self) -> None:
        """Nobody is known, and nothing is paused."""
        empty_people(self.store)
        set_auto_materialize_paused(self.instance, False)

    def is_paused(self) -> bool:
        """What MUTATION changes."""
        return get_auto_materialize_paused(self.instance)


QUERY = "query Read { version }"
MUTATION = "mutation Change { setAutoMaterializePaused(paused: true) }"


def follow_link(browser: httpx2.Client, link: str) -> httpx2.Response:
    """Opens a login link and presses its button, as a person does."""
    page = browser.get(link)
    assert page.status_code == 200
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
    action = html.unescape(re.search(r'action="([^"]*)"', page.text)[1])
    origin = str(httpx2.URL(link).copy_with(path="", query=None)).rstrip("/")
    return browser.post(page.url.join(action), data=fields, headers={"origin": origin, "sec-fetch-site": "same-origin"})


def make_name(role: Role) -> str:
    return f"{role.value}-{make_secret()[:8]}"


@contextmanager
def run_server(
    store: Store, folder: Path, *, path_prefix: str = "", code: Path | None = None, **settings: Any
) -> Generator[Server]:
    """Serves until the end of the block; `code` is a file with Dagster's definitions, `settings` fields of Settings."""
    services = Services(store, Settings(home=folder / "home", **settings))
    queued = {"run_coordinator": {"module": "dagster", "class": "QueuedRunCoordinator"}}
    with (
        dg.DagsterInstance.local_temp(str(folder), overrides=queued) as instance,
        open_workspace(instance, code) as process_context,
    ):
        context = ApiContext(services, instance, LoadedWorkspace(process_context, store))
        app = AgentMeshWebserver(process_context, path_prefix, context=context).create_asgi_app()
        guarded = protect(app, store=store, settings=services.settings, host="127.0.0.1", path_prefix=path_prefix)
        served = FollowsProxies(SafeHeaders(guarded, path_prefix), read_proxies(services.settings))
        with serve(served) as port:
            yield Server(port, store, instance, app.routes, path_prefix)


def open_workspace(instance: dg.DagsterInstance, code: Path | None = None) -> WorkspaceProcessContext:
    """A workspace without code locations, or with one in this very process: quick, and GraphQL works."""
    target: Any = EmptyWorkspaceTarget()
    if code is not None:
        origin = LoadableTargetOrigin(python_file=str(code), working_directory=str(code.parent))
        target = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(origin, location_name="here"))
    return WorkspaceProcessContext(instance, workspace_load_target=target, version="1.2.3")


@contextmanager
def serve(app: Any) -> Generator[int]:
    """Serves an ASGI app in a thread; gives the port."""
    listening = bind("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def empty_people(store: Store) -> None:
    """Forgets all people, tokens, failures and events."""
    with store.begin() as tx:
        for table in (login_places, login_links, sessions, login_failures, tokens, users, events):
            tx.execute(delete(table))
