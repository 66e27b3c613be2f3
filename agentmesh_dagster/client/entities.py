"""Projects, agents, tools and workflows of a server."""

from collections.abc import Iterator
from typing import Generic, TypeVar
from urllib.parse import quote

from agentmesh_dagster.client.connection import Connection
from agentmesh_dagster.entities.models import CatalogueEntity, JsonObject
from agentmesh_dagster.wire import Draft, Revision

EntityType = TypeVar("EntityType", bound=CatalogueEntity)


class Entities(Generic[EntityType]):
    """The entities of one kind."""

    def __init__(
        self,
        connection: Connection,
        path: str,
        entity_type: type[EntityType],
        listed: type[EntityType] | None = None,
    ) -> None:
        """`listed` is what lists are made of, where it says more than the entity itself."""
        self._connection = connection
        self._path = path
        self._type = entity_type
        self._listed = listed or entity_type

    def list_all(self, *, project_id: str | None = None) -> Iterator[EntityType]:
        """All of them, by name."""
        for item in self._connection.list(self._path, {"projectId": project_id}):
            yield self._listed.model_validate(item)

    def get(self, identity: str) -> EntityType:
        """Raises NothingThere."""
        return self._type.model_validate(self._connection.request("GET", self._place(identity)))

    def create(self, entity: EntityType) -> EntityType:
        """Raises ApiFault, with all faults of a document; Refused when the id is taken."""
        return self._type.model_validate(self._connection.request("POST", self._path, json=entity.to_wire()))

    def save(self, entity: EntityType) -> EntityType:
        """Saves a new revision. Raises Refused when a workflow's `revision` is not the newest any more."""
        answer = self._connection.request("PUT", self._place(entity.id), json=entity.to_wire())
        return self._type.model_validate(answer)

    def delete(self, identity: str) -> None:
        """Raises NothingThere; Refused while something uses it."""
        self._connection.request("DELETE", self._place(identity))

    def list_revisions(self, identity: str) -> list[Revision]:
        """Its history, newest first."""
        items = self._connection.list(f"{self._place(identity)}/revisions", {})
        return [Revision.model_validate(item) for item in items]

    def get_revision(self, identity: str, revision: int) -> EntityType:
        return self._type.model_validate(
            self._connection.request("GET", f"{self._place(identity)}/revisions/{revision}")
        )

    def restore(self, identity: str, revision: int) -> EntityType:
        """Saves an older revision as the newest."""
        answer = self._connection.request("POST", f"{self._place(identity)}/revisions/{revision}/restore")
        return self._type.model_validate(answer)

    def get_draft(self, identity: str) -> Draft:
        """What is being written beside it. Raises NothingThere."""
        return Draft.model_validate(self._connection.request("GET", f"{self._place(identity)}/draft"))

    def save_draft(
        self, identity: str, entity: JsonObject, *, base_revision: int | None = None, version: int | None = None
    ) -> Draft:
        """Saves a draft, whatever issues it holds; nothing runs it.

        `version` is that of the draft seen (0: none). Raises Refused when somebody else saved it since.
        """
        given = {"entity": entity, "baseRevision": base_revision, "version": version}
        body = {name: value for name, value in given.items() if value is not None}
        return Draft.model_validate(self._connection.request("PUT", f"{self._place(identity)}/draft", json=body))

    def discard_draft(self, identity: str) -> None:
        """Raises NothingThere."""
        self._connection.request("DELETE", f"{self._place(identity)}/draft")

    def publish_draft(self, identity: str, message: str | None = None) -> EntityType:
        """Makes the draft the newest revision. Raises ApiFault, with all its issues; Refused; NothingThere."""
        body = {} if message is None else {"message": message}
        answer = self._connection.request("POST", f"{self._place(identity)}/draft/publish", json=body)
        return self._type.model_validate(answer)

    def _place(self, identity: str) -> str:
        return f"{self._path}/{quote(identity, safe='')}"
