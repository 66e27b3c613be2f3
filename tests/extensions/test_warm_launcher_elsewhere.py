"""Runs that cannot be forked on this machine: Dagster's default launcher takes them, and their log says why."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget

from agentmesh_dagster.extensions.warm_launcher.suitability import explain_why_not_warm
from agentmesh_dagster.extensions.warm_launcher.worker_process import WORKER_TAG
from tests.extensions import warm_jobs
from tests.extensions.warm_launching import get_run, list_messages, open_home, wait_for_end, wait_until

_IMAGE = "DAGSTER_CURRENT_IMAGE"


def build_run(
    host: str | None = None, port: int | None = 4000, socket: str | None = None, **origin: object
) -> dg.DagsterRun:
    """A run of code that this process could fork, but for what is given."""
    code = dg.reconstructable(warm_jobs.telling).get_python_origin()
    code = code._replace(repository_origin=code.repository_origin._replace(**origin))
    remote = None
    if host is not None:
        server = GrpcServerCodeLocationOrigin(host=host, port=None if socket else port, socket=socket)
        remote = RemoteRepositoryOrigin(server, "jobs").get_job_origin("telling")
    return dg.DagsterRun("telling", job_code_origin=code, remote_job_origin=remote)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (dg.DagsterRun("telling"), "nothing says where its code is"),
        (build_run(executable_path="/opt/other/bin/python"), "runs with /opt/other/bin/python"),
        (build_run(container_image="models:4"), "in the image models:4"),
        (build_run(entry_point=["/entry.sh", "dagster"]), "an entry point of its own, /entry.sh dagster"),
        (build_run("code.example"), "another machine, code.example"),
        (build_run("10.0.0.7"), "another machine, 10.0.0.7"),
    ],
)
def test_code_that_is_elsewhere_is_not_forked(run: dg.DagsterRun, said: str):
    assert said in (explain_why_not_warm(run) or "")


@pytest.mark.parametrize(
    "run",
    [
        build_run(),
        build_run("localhost"),
        build_run("127.0.0.2"),
        build_run("::1"),
        build_run("localhost", socket="/tmp/a"),
        build_run(entry_point=DEFAULT_DAGSTER_ENTRY_POINT),
        build_run(entry_point=[sys.executable, "-m", "dagster"]),
    ],
)
def test_code_that_is_here_is_forked(run: dg.DagsterRun):
    assert explain_why_not_warm(run) is None


def test_code_in_the_image_of_this_process_is_here(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(_IMAGE, "models:4")
    assert explain_why_not_warm(build_run(container_image="models:4")) is None


def test_a_link_to_this_python_in_another_environment_is_another_python(tmp_path: Path):
    beside = Path(sys.executable).parent / "python3"
    link = tmp_path / "python"
    link.symlink_to(Path(sys.executable).resolve())
    assert explain_why_not_warm(build_run(executable_path=str(beside))) is None
    assert explain_why_not_warm(build_run(executable_path=str(link))) is not None


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkspaceProcessContext]:
    """A code server that says that its code is in an image, which this process is not in."""
    monkeypatch.setenv(_IMAGE, "models:4")
    target = PythonFileTarget(warm_jobs.__file__, "waiting", os.getcwd(), "elsewhere")
    with open_home(tmp_path / "dagster") as instance, WorkspaceProcessContext(instance, target) as opened:
        opened.create_request_context()
        monkeypatch.delenv(_IMAGE)
        yield opened


def test_a_run_that_cannot_be_forked_is_launched_looked_after_and_ended_through_its_code_server(
    workspace: WorkspaceProcessContext,
):
    instance, request = workspace.instance, workspace.create_request_context()
    (repository,) = request.get_code_location("elsewhere").get_repositories().values()
    job = repository.get_full_job("waiting")
    run = instance.create_run_for_job(
        job_def=warm_jobs.waiting,
        remote_job_origin=job.get_remote_origin(),
        job_code_origin=job.get_python_origin(),
    )
    instance.launch_run(run.run_id, request)
    wait_until((Path(instance.root_directory) / f"{run.run_id}.working").exists)

    launched = get_run(instance, run.run_id)
    assert GRPC_INFO_TAG in launched.tags
    assert WORKER_TAG not in launched.tags
    said = "Launched through the code server: its code is in the image models:4."
    assert any(message.endswith(said) for message in list_messages(instance, run.run_id))
    assert instance.run_launcher.check_run_worker_health(launched).status.value == "RUNNING"
    assert instance.run_launcher.terminate(run.run_id) is True
    assert wait_for_end(instance, run.run_id).status == dg.DagsterRunStatus.CANCELED
