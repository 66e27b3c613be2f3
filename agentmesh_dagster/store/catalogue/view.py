"""The catalogue as it will be once a save is through, for those who judge whether it may."""

from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection, func, select

from agentmesh_dagster.entities.models import Agent, Kind, Project, Tool, Workflow
from agentmesh_dagster.graph.rules import Lookup
from agentmesh_dagster.store.catalogue.assets import find_makers
from agentmesh_dagster.store.catalogue.documents import AnyEntity, kind_of_type, read_as
from agentmesh_dagster.store.catalogue.entries import live_entities, read_entries
from agentmesh_dagster.store.engine import Store


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

    def find_makers(self, keys: Collection[str]) -> Mapping[str, Collection[str]]:
        """Which workflows make these assets."""
        return find_makers(self._tx, keys)

    def _get(self, entity_type: type[AnyEntity], identity: str) -> AnyEntity | None:
        kind = kind_of_type(entity_type)
        if (kind, identity) not in self._seen:
            entry = read_entries(self._tx, kind, [identity]).get(identity)
            self._seen[kind, identity] = entry and read_as(entity_type, entry)
        found = self._seen[kind, identity]
        return found if isinstance(found, entity_type) else None


class _Live(Mapping[str, AnyEntity]):
    """The live entities of a kind by id, each read when it is looked up."""

    def __init__(self, connection: Connection, entity_type: type[AnyEntity]) -> None:
        self._connection = connection
        self._type = entity_type
        self._live = live_entities(kind_of_type(entity_type))
        self._seen: dict[str, AnyEntity | None] = {}

    def __getitem__(self, identity: str) -> AnyEntity:
        if identity not in self._seen:
            entry = read_entries(self._connection, kind_of_type(self._type), [identity]).get(identity)
            self._seen[identity] = entry and read_as(self._type, entry)
        found = self._seen[identity]
        if found is None:
            raise KeyError(identity)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._connection.execute(select(self._live.c.id)).scalars())

    def __len__(self) -> int:
        return self._connection.execute(select(func.count()).select_from(self._live)).scalar_one()


@contextmanager
def open_lookup(store: Store) -> Generator[Lookup]:
    """What the catalogue holds at this moment, for those who judge a document before it is saved."""
    with store.read() as connection:
        workflows = _Live(connection, Workflow)
        makers = partial(find_makers, connection)
        yield Lookup(_Live(connection, Agent), _Live(connection, Tool), workflows, workflows, makers)
