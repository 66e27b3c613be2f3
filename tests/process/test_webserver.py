"""`agentmesh webserver`: the web part alone, for deployments, with all that `dagster-webserver` takes."""

import os
import signal
import subprocess
from pathlib import Path

import httpx2

from tests.process.documents import build_echo
from tests.process.servers import (
    AGENTMESH,
    ENDS_WITHIN_SECONDS,
    clean_environment,
    find_free_port,
    list_processes,
    wait_until,
)

JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"
RELOAD = 'mutation { reloadRepositoryLocation(repositoryLocationName: "agentmesh") { __typename } }'


def start_behind_an_ampersand(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """As `agentmesh webserver … &` in a script does it: with SIGINT ignored."""
    with (folder / "web.log").open("w") as output:
        return subprocess.Popen(
            [*AGENTMESH, "webserver", *arguments],
            cwd=folder,
            env=clean_environment() | {"AGENTMESH_AUTH": "off"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: (os.setsid(), signal.signal(signal.SIGINT, signal.SIG_IGN)),
        )


def test_it_takes_dagsters_options_reloads_after_a_save_and_ends_on_sigterm(tmp_path: Path):
    port = find_free_port()
    process = start_behind_an_ampersand(tmp_path, "-h", "127.0.0.1", "-p", str(port), "--read-only", "-l", "/mesh")
    log = tmp_path / "web.log"
    try:
        wait_until(lambda: "AgentMesh: " in log.read_text() or process.poll() is not None, 120)
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}/mesh", timeout=30) as client:
            refused = client.post("/graphql", json={"query": RELOAD}).json()["data"]["reloadRepositoryLocation"]
            assert refused["__typename"] == "UnauthorizedError", "Dagster's --read-only"
            assert client.post("/api/workflows", json=build_echo("Greet")).status_code == 201
            # Its code server is its own: no other process reloads it.
            wait_until(lambda: '"Greet"' in client.post("/graphql", json={"query": JOBS}).text, 120)
        process.send_signal(signal.SIGTERM)
        assert process.wait(3 * ENDS_WITHIN_SECONDS) == 0  # it waits for its code server, too
        wait_until(lambda: not list_processes(process.pid), ENDS_WITHIN_SECONDS)
        assert (tmp_path / ".agentmesh" / "dagster.yaml").exists(), "its runs are where the command line looks for them"
    finally:
        for pid in list_processes(process.pid):
            os.kill(pid, signal.SIGKILL)


def test_its_help_is_dagsters(tmp_path: Path):
    command = [*AGENTMESH, "webserver", "--help"]
    shown = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=True)
    assert "Usage: agentmesh webserver" in shown.stdout
    for option in ("--path-prefix", "--read-only", "--db-pool-recycle", "--workspace", "--grpc-port", "--log-format"):
        assert option in shown.stdout
