"""What a host project says of the workflows in it: which there are, under which names, and what their jobs get."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.translator.build_job import JobOptions


class InvalidOptions(AgentMeshError):
    """The code location cannot be built with these options."""


@dataclass(frozen=True)
class LocationOptions:
    """The workflows of a location, and what each of their jobs gets."""

    projects: frozenset[str] | None = None  # ids; None: all
    job_prefix: str = ""
    jobs: JobOptions = field(default_factory=JobOptions)


def read_options(
    *,
    executor: dg.ExecutorDefinition | None,
    projects: Collection[str] | None,
    job_prefix: str,
    owners: Sequence[str],
    tags: Mapping[str, str],
    hooks: Collection[dg.HookDefinition],
    resource_keys: Collection[str],
) -> LocationOptions:
    """The options as the host gave them. Raises InvalidOptions, also while there is no workflow yet."""
    for name, given in {"projects": projects, "owners": owners, "hooks": hooks, "resource_keys": resource_keys}.items():
        if isinstance(given, str):
            raise InvalidOptions(f"{name}: a list is expected, not the text {given!r}")
    if not re.fullmatch(r"[A-Za-z0-9_]*", job_prefix):
        raise InvalidOptions(f"job_prefix: `{job_prefix}` has other characters than letters, digits and _")
    jobs = JobOptions(executor, tuple(owners), dict(tags), frozenset(hooks), frozenset(resource_keys))
    try:
        _probe(jobs)
    except dg.DagsterError as fault:
        raise InvalidOptions(str(fault)) from fault
    return LocationOptions(None if projects is None else frozenset(projects), job_prefix, jobs)


def _probe(options: JobOptions) -> None:
    """A mistake of the host's is told where it stands, not in each job that is built later."""

    def do_nothing(_context: dg.OpExecutionContext, _inputs: object) -> None: ...

    op = dg.OpDefinition(compute_fn=do_nothing, name="probe")
    resources = {
        key: dg.ResourceDefinition.none_resource()
        for key in {*options.resource_keys, *(key for hook in options.hooks for key in hook.required_resource_keys)}
    }
    dg.JobDefinition(
        graph_def=dg.GraphDefinition(name="probe_graph", node_defs=[op]),
        name="probe",
        tags=options.tags,
        hook_defs=options.hooks,
        resource_defs=resources,
        **options.owner_arguments,
    )
