"""The catalogue as it will be once a save is through, for those who judge whether it may."""

from sqlalchemy import Connection

from agentmesh_dagster.entities.models import Agent, Kind, Project, Tool, Workflow
from agentmesh_dagster.store.catalogue.documents import AnyEntity, kind_of_type, read_as
from agentmesh_dagster.store.catalogue.entries import read_entries


class CatalogueView:
    """Look-ups inside the transaction of a save; each raises BrokenDocument for one that cannot be read."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._seen: dict[tuple[Kind, str], object] = {}

    def get_project(self, identity: str) -> Project | None:
        return self._get(Project, identity)

    def get_agent(self, identity: str) -> Agent | None:
        return self._get(Agent, identity)

    def get_tool(self, identity: str) -> Tool | None:
        return self._get(Tool, identity)

    def get_workflow(self, identity: str) -> Workflow | None:
        return self._get(Workflow, identity)

    def _get(self, entity_type: type[AnyEntity], identity: str) -> AnyEntity | None:
        kind = kind_of_type(entity_type)
        if (kind, identity) not in self._seen:
            entry = read_entries(self._tx, kind, [identity]).get(identity)
            self._seen[kind, identity] = entry and read_as(entity_type, entry)
        found = self._seen[kind, identity]
        return found if isinstance(found, entity_type) else None
