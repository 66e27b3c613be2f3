"""Read entities of the catalogue, now or as they were."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import func, or_, select, tuple_

from agentmesh_dagster.entities.called import find_called
from agentmesh_dagster.entities.models import Agent, CatalogueEntity, Kind, Project, Tool, Workflow
from agentmesh_dagster.store.catalogue.documents import AnyEntity, Entry, read_as, read_document
from agentmesh_dagster.store.catalogue.entries import entry_of, live_entities, read_entries
from agentmesh_dagster.store.catalogue.faults import AmbiguousName, BrokenDocument, EntityNotFound
from agentmesh_dagster.store.catalogue.heads import Key, read_heads
from agentmesh_dagster.store.engine import Store
from agentmesh_dagster.store.pages import Page, read_cursor, write_cursor
from agentmesh_dagster.store.tables import catalogue, revisions


@dataclass(frozen=True)
class RevisionInfo:
    """One line in the history of an entity."""

    revision: int
    name: str
    saved_at: datetime
    saved_by: str
    note: str | None
    deleted: bool  # the entity was deleted here


@dataclass(frozen=True)
class CatalogueSlice:
    """A workflow with all that it uses, as of one catalogue revision."""

    workflow: Workflow
    project: Project
    # By id; what the catalogue does not have is not in it.
    workflows: Mapping[str, Workflow]  # that its nodes run, and those that the nodes of these run
    agents: Mapping[str, Agent]  # of all their nodes
    tools: Mapping[str, Tool]  # of all their nodes and agents
    revision: int  # the catalogue's


def current_revision(store: Store) -> int:
    """The catalogue's newest revision; 0 before the first save."""
    with store.read() as connection:
        return connection.execute(select(catalogue.c.revision)).scalar_one()


def newest_revisions(store: Store, *, at: int) -> dict[Key, int]:
    """The newest revision up to `at` of each entity that there was by then, deleted or not; reads no document."""
    query = (
        select(revisions.c.kind, revisions.c.entity_id, func.max(revisions.c.revision))
        .where(revisions.c.revision <= at)
        .group_by(revisions.c.kind, revisions.c.entity_id)
    )
    with store.read() as connection:
        return {(Kind(kind), identity): revision for kind, identity, revision in connection.execute(query)}


def get_entity(store: Store, kind: Kind, identity: str, *, at: int | None = None) -> CatalogueEntity:
    """The entity as of catalogue revision `at`, or now. Raises EntityNotFound, BrokenDocument."""
    with store.read() as connection:
        entry = read_entries(connection, kind, [identity], at=at).get(identity)
    if entry is None:
        raise EntityNotFound(kind, identity, "" if at is None else f" at revision {at}")
    return read_document(entry)


@dataclass(frozen=True)
class Revised:
    """An entity with the revision that it is at."""

    entity: CatalogueEntity
    revision: int


def get_revised(store: Store, kind: Kind, identity: str) -> Revised:
    """The entity as it is now. Raises EntityNotFound, BrokenDocument."""
    with store.read() as connection:
        entry = read_entries(connection, kind, [identity]).get(identity)
    if entry is None:
        raise EntityNotFound(kind, identity)
    return Revised(read_document(entry), entry.revision)


def find_entity(store: Store, kind: Kind, id_or_name: str) -> CatalogueEntity:
    """The entity with this id, else the one with this name.

    Raises EntityNotFound, which says what comes near; AmbiguousName; BrokenDocument.
    """
    live = live_entities(kind)
    matches = select(live).where(or_(live.c.id == id_or_name, live.c.name == id_or_name)).order_by(live.c.id)
    with store.read() as connection:
        found = [entry_of(row) for row in connection.execute(matches).mappings()]
        if not found:
            known = [text for row in connection.execute(select(live.c.id, live.c.name)) for text in row]
            raise EntityNotFound(kind, id_or_name, _write_near(id_or_name, known))
    found = [entry for entry in found if entry.id == id_or_name] or found
    if len(found) > 1:
        raise AmbiguousName(kind, id_or_name, [entry.id for entry in found])
    return read_document(found[0])


def _write_near(wanted: str, known: Iterable[str]) -> str:
    lowered = {text.lower(): text for text in known}
    near = difflib.get_close_matches(wanted.lower(), lowered, n=3)
    return f"; near it: {', '.join(f'`{lowered[text]}`' for text in near)}" if near else ""


def list_entities(
    store: Store, kind: Kind, *, project_id: str | None = None, limit: int = 100, cursor: str | None = None
) -> Page[CatalogueEntity]:
    """One page of the live entities, by name and id; a broken one is among the page's faults.

    `limit` is at least 1. Raises InvalidCursor.
    """
    live = live_entities(kind)
    query = select(live).order_by(live.c.name, live.c.id).limit(limit + 1)
    if project_id is not None:
        query = query.where(live.c.project_id == project_id)
    if cursor is not None:
        query = query.where(tuple_(live.c.name, live.c.id) > tuple_(*read_cursor(cursor, 2)))
    with store.read() as connection:
        entries = [entry_of(row) for row in connection.execute(query).mappings()]
    shown, more = entries[:limit], len(entries) > limit
    items: list[CatalogueEntity] = []
    faults: list[BrokenDocument] = []
    for entry in shown:
        try:
            items.append(read_document(entry))
        except BrokenDocument as fault:
            faults.append(fault)
    next_cursor = write_cursor((shown[-1].name, shown[-1].id)) if more else None
    return Page(tuple(items), next_cursor, tuple(faults))


def list_all(store: Store, kind: Kind) -> tuple[list[CatalogueEntity], list[BrokenDocument]]:
    """All live entities of a kind, by name and id, and a fault for each that cannot be read."""
    entities: list[CatalogueEntity] = []
    faults: list[BrokenDocument] = []
    for entry in _read_all(store, kind):
        try:
            entities.append(read_document(entry))
        except BrokenDocument as fault:
            faults.append(fault)
    return entities, faults


def _read_all(store: Store, kind: Kind) -> list[Entry]:
    live = live_entities(kind)
    with store.read() as connection:
        return [entry_of(row) for row in connection.execute(select(live).order_by(live.c.name, live.c.id)).mappings()]


def list_revisions(
    store: Store, kind: Kind, identity: str, *, before: int | None = None, limit: int | None = None
) -> list[RevisionInfo]:
    """The history of an entity, deleted or not, newest first; `before` is the last revision seen.

    Raises EntityNotFound for an entity that never was.
    """
    query = (
        select(
            revisions.c.revision,
            revisions.c.name,
            revisions.c.saved_at,
            revisions.c.saved_by,
            revisions.c.note,
            revisions.c.document.is_(None).label("deleted"),
        )
        .where(revisions.c.kind == kind.value, revisions.c.entity_id == identity)
        .order_by(revisions.c.revision.desc())
    )
    if before is not None:
        query = query.where(revisions.c.revision < before)
    with store.read() as connection:
        history = [RevisionInfo(**row) for row in connection.execute(query.limit(limit)).mappings()]
        if not history and not read_heads(connection, [(kind, identity)]):
            raise EntityNotFound(kind, identity)
    return history


def get_revision(store: Store, kind: Kind, identity: str, revision: int) -> CatalogueEntity:
    """The entity as it was saved in exactly this revision. Raises EntityNotFound, BrokenDocument."""
    with store.read() as connection:
        entry = read_entries(connection, kind, [identity], at=revision).get(identity)
    if entry is None or entry.revision != revision:
        raise EntityNotFound(kind, identity, f" in revision {revision}")
    return read_document(entry)


def load_workflow_at(store: Store, workflow_id: str, at: int) -> CatalogueSlice:
    """The workflow and all that it uses at catalogue revision `at`, whatever became of them since.

    Raises EntityNotFound, BrokenDocument.
    """
    with store.read() as connection:

        def read_live(kind: Kind, ids: set[str]):
            return read_entries(connection, kind, sorted(ids), at=at)

        entry = read_live(Kind.WORKFLOW, {workflow_id}).get(workflow_id)
        if entry is None:
            raise EntityNotFound(Kind.WORKFLOW, workflow_id, f" at revision {at}")
        workflow = read_as(Workflow, entry)
        workflows = find_called(
            workflow,
            lambda ids: [_read_shared(Workflow, found) for found in read_live(Kind.WORKFLOW, ids).values()],
        )
        graphs = [flow.graph for flow in (workflow, *workflows.values())]
        asked = {identity for graph in graphs for identity in graph.list_named(Kind.AGENT)}
        agents = {found.id: _read_shared(Agent, found) for found in read_live(Kind.AGENT, asked).values()}
        used = {identity for graph in graphs for identity in graph.list_named(Kind.TOOL)}
        used |= {tool for agent in agents.values() for tool in agent.tools}
        tools = {found.id: _read_shared(Tool, found) for found in read_live(Kind.TOOL, used).values()}
        project = read_live(Kind.PROJECT, {workflow.project_id}).get(workflow.project_id)
    if project is None:
        raise EntityNotFound(Kind.PROJECT, workflow.project_id, f" at revision {at}")
    return CatalogueSlice(workflow, read_as(Project, project), workflows, agents, tools, at)


@lru_cache(maxsize=256)
def _read_shared(entity_type: type[AnyEntity], entry: Entry) -> AnyEntity:
    """`read_as`, the same object for all workflows that use the same agents, tools and workflows."""
    return read_as(entity_type, entry)
