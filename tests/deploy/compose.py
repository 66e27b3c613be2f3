"""The processes of `deploy/compose.yaml`, started without Docker: same commands, same settings, a folder each."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.process.servers import ROOT, clean_environment, find_free_port, list_processes

DEPLOY = ROOT / "deploy"
_WORKSPACE = "/opt/agentmesh/workspace.yaml"
_CODE_PORT, _WEB_PORT = "4266", "3000"


def read_compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def read_services() -> dict[str, Any]:
    return read_compose()["services"]


class Deployment:
    """What the containers would run, each in a folder of its own, on free ports of this machine."""

    def __init__(self, folder: Path, store_url: str, dagster_url: str) -> None:
        self.folder = folder
        self._ports = {_CODE_PORT: str(find_free_port()), _WEB_PORT: str(find_free_port())}
        self._workspace = folder / "workspace.yaml"
        text = (DEPLOY / "workspace.yaml").read_text()
        self._workspace.write_text(text.replace("host: code", "host: 127.0.0.1").replace(_CODE_PORT, self._code_port))
        self._databases = {"AGENTMESH_DATABASE_URL": store_url, "DAGSTER_POSTGRES_URL": dagster_url}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def _code_port(self) -> str:
        return self._ports[_CODE_PORT]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports[_WEB_PORT]}"

    def home(self, service: str) -> Path:
        return self.folder / service / "home"

    def start(self, service: str) -> None:
        """Starts the service's command in the background."""
        home = self.home(service)
        home.mkdir(parents=True)
        (home / "dagster.yaml").write_text((DEPLOY / "dagster.yaml").read_text())
        with self._log(service).open("w") as output:
            self._processes[service] = subprocess.Popen(
                self._adapt(read_services()[service]["command"]),
                cwd=home.parent,
                env=self._environment(service),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def is_healthy(self, service: str) -> bool:
        """Whether the service's health check says so now."""
        assert self._processes[service].poll() is None, self.read_log(service)
        _, *check = read_services()[service]["healthcheck"]["test"]
        asked = subprocess.run(self._adapt(check), env=self._environment(service), capture_output=True, check=False)
        return asked.returncode == 0

    def read_log(self, service: str) -> str:
        return self._log(service).read_text()

    def close(self) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            for pid in list_processes(process.pid):
                os.kill(pid, signal.SIGKILL)
            process.wait()

    def _log(self, service: str) -> Path:
        return self.folder / service / "log"

    def _environment(self, service: str) -> Mapping[str, str]:
        named = read_services()[service]["environment"]
        assert named.keys() >= self._databases.keys()
        home = str(self.home(service))
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        homes = {"AGENTMESH_HOME": home, "DAGSTER_HOME": home, "PATH": programs}
        return clean_environment() | homes | self._databases

    def _adapt(self, command: list[str]) -> list[str]:
        known = {"0.0.0.0": "127.0.0.1", _WORKSPACE: str(self._workspace), **self._ports}
        adapted = [known.get(word, word) for word in command]
        for port, free in self._ports.items():  # inside the code of a health check
            adapted = [word.replace(f":{port}/", f":{free}/").replace(f" {port})", f" {free})") for word in adapted]
        return [sys.executable if word == "python" else word for word in adapted]
