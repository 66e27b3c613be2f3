"""Jobs of a host project's worker: of a thousand it executes one, so each is built when it is asked for."""

from collections.abc import Callable

import dagster as dg

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
