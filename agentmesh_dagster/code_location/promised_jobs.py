"""Jobs of a host project's worker: of a thousand it executes one, so each is built when it is asked for."""

from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg

from agentmesh_dagster.code_location.dagster_internals import MakeRepository, Parts, replace_jobs
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.translator.build_job import WorkflowGraph
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG


class PromisedJob(dg.JobDefinition):
    """Stands for a job of ours wherever only its name is looked at."""

    def __init__(self, job_name: str, workflow_id: str, services: Services, build: Callable[[], dg.JobDefinition]):
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            graph_def=WorkflowGraph(job_name, services),
            name=job_name,
            executor_def=dg.in_process_executor,
            tags={WORKFLOW_TAG: workflow_id},
        )
        self.build = build


def keep_promises(repository: dg.RepositoryDefinition, make: MakeRepository, parts: Parts) -> None:
    """From now on each job is built, and gets what the repository gives to its jobs, when it is asked for."""
    given = {name: parts[name] for name in ("resources", "executor", "loggers") if name in parts}

    def build(promised: PromisedJob) -> dg.JobDefinition:
        alone = make(repository.name, jobs=[promised.build()], **given)
        return alone.get_job(promised.name)

    replace_jobs(repository, {job.name: lambda job=job: build(job) for job in _list_promised(parts.get("jobs") or ())})


def _list_promised(jobs: Iterable[Any]) -> list[PromisedJob]:
    return [job for job in jobs if isinstance(job, PromisedJob)]
