"""Jobs are fetched from their code server when somebody looks at them, not all of them when a location is loaded.

What a location's list of jobs needs stands in its repository's snapshot (`JobRefSnap`). Dagster fetches the rest, the
graph and the config schema of each job, in web server and daemon at each load: 15 ms of a processor and some 100 kB for
a job, although most are never opened.
"""

from collections.abc import Mapping
from typing import Any

from agentmesh_dagster.extensions.dagster_internals import (
    DagsterUserCodeProcessError,
    GrpcServerCodeLocation,
    JobDataSnap,
    JobRefSnap,
    RemoteRepositoryOrigin,
    RepositoryErrorSnap,
    RepositorySnap,
    SerializableErrorInfo,
    deserialize_value,
    snapshot_repository,
)


def fetch_jobs_on_demand() -> None:
    """From now on every code location that this process loads fetches each of its jobs when it is first looked at.

    For a web server or a daemon, before it loads its workspace. In the second after a reload the job may be newer
    than its entry in the list.
    """
    snapshot_repository.sync_get_external_repositories_data_grpc = list_jobs
    setattr(GrpcServerCodeLocation, "_job_ref_to_snap", fetch_job)  # noqa: B010


def list_jobs(
    api_client: Any,
    code_location: Any,
    defer_snapshots: bool,
) -> Mapping[str, tuple[RepositorySnap, dict[str, Any]]]:
    """The repositories of a location by name, without the snapshots of their jobs. DagsterUserCodeProcessError."""
    return {
        name: (_read(api_client.external_repository(origin, defer_snapshots=defer_snapshots)), {})
        for name in code_location.repository_names
        for origin in [RemoteRepositoryOrigin(code_location.origin, name)]
    }


def _read(serialized: str) -> RepositorySnap:
    found = deserialize_value(serialized, (RepositorySnap, RepositoryErrorSnap))
    if isinstance(found, RepositoryErrorSnap):
        raise _build_error(found.error)
    return found


def fetch_job(location: GrpcServerCodeLocation, repository_name: str, job_ref: JobRefSnap) -> JobDataSnap:
    """The job as its code server has it now. DagsterUserCodeProcessError, DagsterUserCodeUnreachableError."""
    reply = location.client.external_job(RemoteRepositoryOrigin(location.origin, repository_name), job_ref.name)
    if not reply.serialized_job_data:
        raise _build_error(deserialize_value(reply.serialized_error, SerializableErrorInfo))
    return deserialize_value(reply.serialized_job_data, JobDataSnap)


def _build_error(error: SerializableErrorInfo | None) -> DagsterUserCodeProcessError:
    error_type: Any = DagsterUserCodeProcessError
    return error_type.from_error_info(error)
