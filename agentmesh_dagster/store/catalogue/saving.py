"""Save entities: all or nothing, each change a new revision of the one catalogue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import Connection

from agentmesh_dagster.entities.models import DEFAULT_PROJECT, CatalogueEntity, Kind, Project, Workflow
from agentmesh_dagster.store.catalogue.documents import kind_of, project_of, stamp, write_document
from agentmesh_dagster.store.catalogue.entries import read_entries
from agentmesh_dagster.store.catalogue.faults import InvalidEntity, MissingProject, name_some
from agentmesh_dagster.store.catalogue.heads import (
    Head,
    Key,
    NewRevision,
    add_revisions,
    check_expected,
    lock_catalogue,
    read_heads,
)
from agentmesh_dagster.store.catalogue.jobs import name_jobs
from agentmesh_dagster.store.catalogue.reading import get_revision
from agentmesh_dagster.store.catalogue.view import CatalogueView
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.engine import Store
from agentmesh_dagster.store.run_limits import index_run_limit
from agentmesh_dagster.store.triggers import index_triggers

Change: TypeAlias = Literal["created", "updated", "unchanged", "restored"]
Validate: TypeAlias = Callable[[CatalogueView], None]


@dataclass(frozen=True)
class Saved:
    """What became of one entity that was to be saved."""

    kind: Kind
    id: str
    revision: int  # its newest; an old one if nothing changed
    change: Change
    entity: CatalogueEntity  # with times and revision


@dataclass(frozen=True)
class _Candidate:
    entity: CatalogueEntity
    key: Key
    document: str


def save_entities(
    store: Store,
    entities: Sequence[CatalogueEntity],
    *,
    author: str,
    expected_revision: Mapping[Key, int] | None = None,
    validate: Validate | None = None,
    note: str | None = None,
    via: str = "code",
) -> list[Saved]:
    """Saves all of them in one transaction, or none; the result is in the order given.

    Who saved what, and how they came (`via`), is written down in that transaction.

    `expected_revision` holds the revision that the author had seen; 0 says that the entity must be new.
    `validate` sees the catalogue as it will be and may raise. The project `default` makes itself.
    Raises InvalidEntity, MissingProject, StaleRevision, EntityNotFound, and whatever `validate` raises.
    """
    with store.begin() as tx:
        return save_within(
            tx,
            entities,
            author=author,
            expected_revision=expected_revision,
            validate=validate,
            note=note,
            via=via,
        )


def save_within(
    tx: Connection,
    entities: Sequence[CatalogueEntity],
    *,
    author: str,
    expected_revision: Mapping[Key, int] | None,
    validate: Validate | None,
    note: str | None,
    via: str,
) -> list[Saved]:
    """`save_entities` in a transaction that does more."""
    given = _write_candidates(entities)
    expected = expected_revision or {}
    newest = lock_catalogue(tx)
    candidates = [*_missing_default_project(tx, given), *given]
    before = read_heads(tx, [candidate.key for candidate in candidates])
    for candidate in candidates:
        check_expected(candidate.key, before.get(candidate.key), expected.get(candidate.key))
    changed = [candidate for candidate in candidates if not _is_stored(candidate, before.get(candidate.key))]
    if changed:
        moment = now(tx)
        numbered = enumerate(changed, start=newest + 1)
        added = [_revision(candidate, number, moment, author, note) for number, candidate in numbered]
        add_revisions(tx, added, before, via=via)
        workflows = [candidate.entity for candidate in changed if isinstance(candidate.entity, Workflow)]
        name_jobs(tx, workflows)
        for workflow in workflows:
            index_triggers(tx, workflow.id, workflow.triggers)
            index_run_limit(tx, workflow.id, workflow.concurrency)
    if validate is not None:
        validate(CatalogueView(tx))
    after = read_heads(tx, [candidate.key for candidate in given])
    return [_saved(candidate, before.get(candidate.key), after[candidate.key]) for candidate in given]


def restore_revision(
    store: Store,
    kind: Kind,
    identity: str,
    revision: int,
    *,
    author: str,
    expected_revision: int | None = None,
    validate: Validate | None = None,
    via: str = "code",
) -> Saved:
    """Saves an older revision of an entity, deleted or not, as a new one.

    Raises EntityNotFound, BrokenDocument, and what `save_entities` raises.
    """
    old = get_revision(store, kind, identity, revision)
    expected = None if expected_revision is None else {(kind, identity): expected_revision}
    note = f"restored from revision {revision}"
    [saved] = save_entities(
        store, [old], author=author, expected_revision=expected, validate=validate, note=note, via=via
    )
    return saved if saved.change == "unchanged" else replace(saved, change="restored")


def _write_candidates(entities: Sequence[CatalogueEntity]) -> list[_Candidate]:
    candidates: dict[Key, _Candidate] = {}
    for entity in entities:
        key = (kind_of(entity), entity.id)
        if key in candidates:
            raise InvalidEntity(f"{key[0]} `{entity.id}` stands twice in what is to be saved")
        candidates[key] = _Candidate(entity, key, write_document(entity))
    return list(candidates.values())


def _missing_default_project(tx: Connection, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """The project `default` if it is needed and not there. Raises MissingProject for any other."""
    users = {
        project: candidate.key for candidate in candidates if (project := project_of(candidate.entity)) is not None
    }
    known = {candidate.entity.id for candidate in candidates if candidate.key[0] is Kind.PROJECT}
    known |= read_entries(tx, Kind.PROJECT, users.keys() - known).keys()
    missing = users.keys() - known
    if unknown := sorted(missing - {DEFAULT_PROJECT}):
        raise MissingProject(
            name_some(f"`{project}`, project of {users[project][0]} `{users[project][1]}`" for project in unknown)
        )
    return _write_candidates([Project(id=DEFAULT_PROJECT, name="Default")]) if missing else []


def _is_stored(candidate: _Candidate, head: Head | None) -> bool:
    return head is not None and head.document == candidate.document


def _revision(candidate: _Candidate, number: int, moment: datetime, author: str, note: str | None) -> NewRevision:
    return NewRevision(
        key=candidate.key,
        number=number,
        name=candidate.entity.name,
        project_id=project_of(candidate.entity),
        document=candidate.document,
        saved_at=moment,
        saved_by=author,
        note=note,
    )


def _saved(candidate: _Candidate, before: Head | None, after: Head) -> Saved:
    change: Change = "updated"
    if before is None or before.document is None:
        change = "created"
    elif before.revision == after.revision:
        change = "unchanged"
    entity = stamp(candidate.entity, revision=after.revision, created_at=after.created_at, updated_at=after.saved_at)
    return Saved(*candidate.key, after.revision, change, entity)
