"""The API on a port of its own, over a store and a Dagster instance whose queue the test works off by itself."""

import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import httpx2
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from agentmesh_dagster.api.access import IDENTITY_KEY
from agentmesh_dagster.api.app import build_api
from agentmesh_dagster.api.context import ApiContext, LoadedAsset
from agentmesh_dagster.control.dagster_internals import execute_run
from agentmesh_dagster.control.location import CodeLocation, build_reconstructable_job
from agentmesh_dagster.control.pinning import build_load_data, read_revision
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.entities.access import Identity, Role
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.launches import find_launch

WHO = "x-test-identity"
STARTS_WITHIN_SECONDS = 90


@dataclass
class QueueOnly:
    """A workspace without code locations: launches go to the queue, and reloads are counted."""

    instance: dg.DagsterInstance
    reloads: int = 0
    breaks_with: Exception | None = None  # instead of taking a launch

    def find_code_location(self, workflow: Workflow) -> CodeLocation:  # noqa: ARG002
        return CodeLocation()

    def list_assets(self) -> Sequence[LoadedAsset]:
        return [LoadedAsset("raw/tickets", "elsewhere", "raw", {})]

    def submit(self, launch_id: str) -> None:
        if self.breaks_with is not None:
            raise self.breaks_with
        self.instance.submit_run(launch_id, workspace=None)  # type: ignore[arg-type]

    def reload_soon(self) -> None:
        self.reloads += 1


@dataclass(frozen=True)
class WhoSays:
    """Stands where the guard stands: the identity is what a header says, `name role via`."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            name, role, via = headers.get(WHO, "ann admin session").split(" ")
            scope[IDENTITY_KEY] = Identity(name, Role(role), via)
        await self.app(scope, receive, send)


@dataclass
class Office:
    """The API, and what stands behind it."""

    services: Services
    instance: dg.DagsterInstance
    workspace: QueueOnly
    url: str
    client: httpx2.Client
    _clients: list[httpx2.Client] = field(default_factory=list)

    def open_client(self, who: str = "ann admin session") -> httpx2.Client:
        client = httpx2.Client(base_url=self.url, headers={WHO: who}, timeout=90)
        self._clients.append(client)
        return client

    def apply(self, **sections: Any) -> None:
        self.ok("POST", "/documents", sections)

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """What a call answers that must succeed."""
        response = self.client.request(method, path, **({} if body is None else {"json": body}), **options)
        assert response.is_success, (response.status_code, response.text)
        return response.json() if response.content else None

    def fault(self, status: int, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The problem that a call answers which must be refused."""
        response = self.client.request(method, path, **({} if body is None else {"json": body}), **options)
        assert response.status_code == status, (response.status_code, response.text)
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert {"type", "title", "status", "detail"} <= problem.keys()
        assert problem["status"] == status
        return problem

    def start(self, workflow_id: str, run_input: Any = None) -> str:
        return self.ok("POST", f"/workflows/{workflow_id}/runs", {"input": run_input or {}})["runId"]

    def list_queued(self) -> Sequence[dg.DagsterRun]:
        return self.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))

    def work(self) -> None:
        """Takes launches off the queue, as the daemon does, and executes them here, until none is left."""
        while queued := self.list_queued():
            for run in queued:
                self._execute(run)

    def run(self, workflow_id: str, run_input: Any = None) -> Any:
        """A run from its start to its end, or to where it waits."""
        run_id = self.start(workflow_id, run_input)
        self.work()
        return self.ok("GET", f"/runs/{run_id}")

    def wait_for_queue(self) -> None:
        """Waits until a launch stands in the queue: what follows an answer comes after the response."""
        give_up = time.monotonic() + 60
        while not self.list_queued():
            assert time.monotonic() < give_up, "nothing was queued"
            time.sleep(0.02)

    def _execute(self, queued: dg.DagsterRun) -> None:
        event = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, queued.job_name)
        self.instance.report_dagster_event(event, queued.run_id)
        starting = self.instance.get_run_by_id(queued.run_id)
        revision = read_revision(self.instance, queued)
        assert starting
        assert revision is not None
        job = build_reconstructable_job(queued.job_name, build_load_data(revision))
        execute_run(job, starting, self.instance)
        with self.services.store.read() as connection:
            launch = find_launch(connection, queued.run_id)
        assert launch
        reconcile_run(self.services, self.instance, launch.run_id)


@contextmanager
def run_office(services: Services, instance: dg.DagsterInstance) -> Generator[Office]:
    """The API on a free port until the end of the block."""
    workspace = QueueOnly(instance)
    app = WhoSays(build_api(ApiContext(services, instance, workspace)))
    with serve(app) as url, httpx2.Client(base_url=url, timeout=90) as client:
        office = Office(services, instance, workspace, url, client)
        yield office
        for opened in office._clients:
            opened.close()


@contextmanager
def serve(app: ASGIApp) -> Generator[str]:
    """The app on a free port of this machine; gives its URL."""
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="api-under-test")
    thread.start()
    give_up = time.monotonic() + STARTS_WITHIN_SECONDS
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < give_up, "the server did not start"
        time.sleep(0.01)
    try:
        [socket] = server.servers[0].sockets
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(90)
        assert not thread.is_alive()
