"""Runs launched over HTTP in a row while clients list and follow them, the web process restarted in between.

    python -m benchmarks.web_soak [--runs 200] [--clients 20]

Run it at the repository's root. Web server and daemon are processes of their own, the login is switched off. Nothing
may be lost: every launch that was answered ends well, and every follower sees each event once, in order.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from agentmesh_dagster.client import AgentMeshClient, ApiUnreachable
from agentmesh_dagster.entities.models import RunStatus
from tests.process.servers import AGENTMESH, ROOT, clean_environment, find_free_port, wait_until

_FLOW = """
workflows:
  - id: soak
    name: Soak
    graph:
      nodes: [{id: start, type: start}, {id: end, type: end}]
      edges: [{id: e, fromNodeId: start, toNodeId: end}]
"""
_DAEMON = (sys.executable, "-m", "dagster._daemon", "run")


@dataclass
class _Site:
    """A web server and a daemon on one home."""

    home: Path
    port: int = field(default_factory=find_free_port)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *command: str, **settings: str) -> subprocess.Popen[bytes]:
        with (self.home / "soak.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**clean_environment(), **_settings(self.home), **settings},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def start_web(self) -> subprocess.Popen[bytes]:
        web = self.start(*AGENTMESH, "webserver", "--port", str(self.port), "-w", "workspace.yaml")
        wait_until(self._answers, 120)
        return web

    def _answers(self) -> bool:
        with AgentMeshClient(self.url) as client:
            try:
                return next(client.list_runs(), None) is None or True
            except ApiUnreachable:
                return False

    def end(self) -> None:
        for process in self.started:
            process.terminate()
        for process in self.started:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _settings(home: Path) -> dict[str, str]:
    return {"AGENTMESH_HOME": str(home), "AGENTMESH_AUTH": "off"}


class _Watchers:
    """Clients that list runs and follow one of them to its end, again and again."""

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._over = threading.Event()
        self.followed = 0
        self.faults: list[str] = []
        self._threads = [threading.Thread(target=self._watch, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _watch(self) -> None:
        chance = random.Random(threading.get_ident())
        with AgentMeshClient(self._url) as client:
            while not self._over.is_set():
                try:
                    newest = list(islice(client.list_runs(), 30))
                    if newest:
                        self._follow(client, chance.choice(newest).id)
                except ApiUnreachable:
                    time.sleep(1)  # the web process is restarted

    def _follow(self, client: AgentMeshClient, run_id: str) -> None:
        seen = list(client.follow_events(run_id))
        if seen != (told := client.list_events(run_id)):
            self.faults.append(f"run {run_id}: followed {[one.id for one in seen]}, listed {[one.id for one in told]}")
        self.followed += 1

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)


def _launch_all(client: AgentMeshClient, count: int, restart: Callable[[], None]) -> tuple[list[str], list[float]]:
    ids: list[str] = []
    seconds: list[float] = []
    while len(ids) < count:
        if len(ids) == count // 2:
            restart()
        started = time.monotonic()
        try:
            ids.append(client.launch("soak"))
        except ApiUnreachable:
            time.sleep(0.5)
            continue
        seconds.append(time.monotonic() - started)
    return ids, seconds


def _read_megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def soak(runs: int, clients: int) -> None:
    """Prints the figures; AssertionError when something was lost or came twice."""
    with tempfile.TemporaryDirectory() as folder:
        site = _Site(Path(folder))
        (site.home / "flow.yaml").write_text(_FLOW)
        try:
            site.start(*AGENTMESH, "apply", str(site.home / "flow.yaml")).wait(60)
            web = site.start_web()
            site.start(*_DAEMON, "-w", "workspace.yaml", DAGSTER_HOME=str(site.home))
            watchers = _Watchers(site.url, clients)

            def restart() -> None:
                nonlocal web
                web.terminate()
                web.wait(30)
                web = site.start_web()

            begun = time.monotonic()
            with AgentMeshClient(site.url) as client:
                ids, seconds = _launch_all(client, runs, restart)
                after_launches = _read_megabytes(web.pid)
                _say(f"{runs} launches: median {statistics.median(seconds):.3f} s, longest {max(seconds):.3f} s")
                ended = [client.wait(run_id, timeout=3600) for run_id in ids]
                _say(f"all ended after {time.monotonic() - begun:.0f} s")
            watchers.end()
            megabytes = _read_megabytes(web.pid)
        finally:
            site.end()
    assert [run.status for run in ended] == [RunStatus.SUCCEEDED] * runs
    assert len(set(ids)) == runs
    assert not watchers.faults, watchers.faults
    _say(f"{clients} clients followed {watchers.followed} runs: no event lost, none twice")
    _say(f"web process: {after_launches:.0f} MB after the launches, {megabytes:.0f} MB at the end")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--clients", type=int, default=20)
    given = parser.parse_args()
    soak(given.runs, given.clients)
