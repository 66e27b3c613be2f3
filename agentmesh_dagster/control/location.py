"""Where Dagster finds the code of a run: for the worker that executes it, and for the links in its UI."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentmesh_dagster.control.dagster_internals import (
    SINGLETON_REPOSITORY_NAME,
    JobPythonOrigin,
    LoadableTargetOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
    ModuleCodePointer,
    ReconstructableJob,
    ReconstructableRepository,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
    RepositoryLoadData,
    RepositoryPythonOrigin,
)


@dataclass(frozen=True)
class CodeLocation:
    """A code location as `workspace.yaml` names it; the default is the one at the repository's root."""

    name: str = "agentmesh"
    module: str = "definitions"
    working_directory: str = field(default_factory=lambda: str(Path.cwd()))
    job_prefix: str = ""  # of a host project's, before the names of its jobs
    remote_origin: RemoteRepositoryOrigin | None = None  # of a host project's location, as Dagster has loaded it
    code_origin: RepositoryPythonOrigin | None = None  # what a worker loads there; ours unless given

    def build_remote_origin(self, job_name: str) -> RemoteJobOrigin:
        """What ties a run to its job in Dagster's UI, and tells the daemon where to launch it."""
        if self.remote_origin is not None:
            return self.remote_origin.get_job_origin(job_name)
        target = LoadableTargetOrigin(
            executable_path=sys.executable, module_name=self.module, working_directory=self.working_directory
        )
        location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=self.name)
        return RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME).get_job_origin(job_name)

    def build_code_origin(self, job_name: str) -> JobPythonOrigin:
        """What tells a run worker how to rebuild the job."""
        return build_code_origin(job_name) if self.code_origin is None else self.code_origin.get_job_origin(job_name)

    def build_origins(self, job_name: str) -> dict[str, Any]:
        """Both, as Dagster takes them for a run."""
        return {
            "remote_job_origin": self.build_remote_origin(job_name),
            "job_code_origin": self.build_code_origin(job_name),
        }


# Rebuilds any stored workflow's job in another process, from whatever folder that runs in.
_POINTER = ModuleCodePointer("agentmesh_dagster.code_location", "build_repository", working_directory=None)


def build_code_origin(job_name: str) -> JobPythonOrigin:
    """What tells a run worker how to rebuild the job."""
    return RepositoryPythonOrigin(sys.executable, _POINTER).get_job_origin(job_name)


def build_reconstructable_job(job_name: str, load_data: RepositoryLoadData) -> ReconstructableJob:
    """The job as this process, and those that it starts, rebuild it."""
    return ReconstructableJob(ReconstructableRepository(_POINTER, repository_load_data=load_data), job_name)
