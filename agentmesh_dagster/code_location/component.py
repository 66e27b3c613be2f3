"""The component for `dg` projects: `type: agentmesh_dagster.AgentMeshWorkflows`."""

import dagster as dg

from agentmesh_dagster.code_location.definitions import build_definitions
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.translator.executor import get_executor


class AgentMeshWorkflows(dg.Component, dg.Model, dg.Resolvable):
    """All workflows of an AgentMesh store as Dagster jobs."""

    database_url: str | None = None  # SQLAlchemy URL of the store; the setting AGENTMESH_DATABASE_URL unless given
    executor: str | None = None  # threads, in_process, multiprocess or celery; AGENTMESH_EXECUTOR unless given

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002
        executor = get_executor(self.executor, get_settings()) if self.executor else None
        return build_definitions(database_url=self.database_url, executor=executor)
