"""Documents that a command applies without being asked: what a person has changed since is left alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentmesh_dagster.cli.documents.files import CheckedFile, merge
from agentmesh_dagster.entities.models import CatalogueEntity
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import EntityNotFound, Saved, get_entity, kind_of, list_revisions, save_checked
from agentmesh_dagster.store.catalogue.documents import write_document

_PACKAGE = Path(__file__).parents[2]
DEMO, DEV = "agentmesh demo", "agentmesh dev"  # who saves, in the history of what is saved


@dataclass(frozen=True)
class Seeded:
    """What became of the documents."""

    saved: list[Saved]
    kept: list[CatalogueEntity]  # stand otherwise in the store, as somebody has saved or deleted them


def find_examples() -> Path:
    """The folder of the example documents: at the repository's root; a wheel carries it inside the package."""
    return next(folder for folder in (_PACKAGE / "examples", _PACKAGE.parent / "workflows") if folder.is_dir())


def seed(store: Store, checked: Sequence[CheckedFile], *, author: str, revive: bool) -> Seeded:
    """Saves what is new, or was last saved by a command of this kind; with `revive` also what somebody has deleted.

    Raises what `save_checked` raises.
    """
    entities = merge(checked)
    touched = [entity for entity in entities if _was_touched(store, entity, revive=revive)]
    saved = save_checked(store, [entity for entity in entities if entity not in touched], author=author)
    return Seeded(saved, [entity for entity in touched if not _is_stored(store, entity)])


def _was_touched(store: Store, entity: CatalogueEntity, *, revive: bool) -> bool:
    try:
        newest = list_revisions(store, kind_of(entity), entity.id)[0]
    except EntityNotFound:
        return False
    return newest.saved_by not in (DEMO, DEV) and not (newest.deleted and revive)


def _is_stored(store: Store, entity: CatalogueEntity) -> bool:
    try:
        return write_document(get_entity(store, kind_of(entity), entity.id)) == write_document(entity)
    except EntityNotFound:
        return False
