"""From an entity to the text that is stored, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from agentmesh_dagster.entities.json_values import InvalidJson, check_json, read_json, write_json, write_path
from agentmesh_dagster.entities.models import ENTITY_TYPES, CatalogueEntity, Kind, Project, Tool, Workflow
from agentmesh_dagster.entities.secret_names import list_named_secrets
from agentmesh_dagster.store.catalogue.faults import BrokenDocument, InvalidEntity

_KEPT_BESIDE = ("createdAt", "updatedAt", "revision", "secrets")  # what the store itself says
_KINDS: Mapping[type, Kind] = {entity_type: kind for kind, entity_type in ENTITY_TYPES.items()}

AnyEntity = TypeVar("AnyEntity", bound=CatalogueEntity)


@dataclass(frozen=True)
class Entry:
    """A live entity as it stands in the database, its document not read yet."""

    kind: Kind
    id: str
    name: str
    revision: int
    document: str
    created_at: datetime  # of the first revision
    saved_at: datetime  # of this revision


def kind_of(entity: CatalogueEntity) -> Kind:
    """Its kind in the catalogue."""
    return _KINDS[type(entity)]


def kind_of_type(entity_type: type[CatalogueEntity]) -> Kind:
    """The kind of a class of entities."""
    return _KINDS[entity_type]


def project_of(entity: CatalogueEntity) -> str | None:
    """The id of the project it lies in; None for a project."""
    return None if isinstance(entity, Project) else entity.project_id


def write_document(entity: CatalogueEntity) -> str:
    """The canonical text of what the author wrote; equal text is equal content. Raises InvalidEntity."""
    fields = {name: value for name, value in entity.to_wire().items() if name not in _KEPT_BESIDE}
    try:
        return write_json(check_json(fields))
    except InvalidJson as error:
        raise InvalidEntity(f"{kind_of(entity)} `{entity.id}` at {error.path}: {error.reason}") from error


def read_document(entry: Entry) -> CatalogueEntity:
    """The entity of an entry, with times and revision. Raises BrokenDocument for a text edited by hand."""
    return read_as(ENTITY_TYPES[entry.kind], entry)


def read_as(entity_type: type[AnyEntity], entry: Entry) -> AnyEntity:
    """`read_document`, for a caller that knows the kind."""
    try:
        fields = read_json(entry.document, max_bytes=4 * len(entry.document), is_stored=True)
        entity = entity_type.model_validate(fields)
    except InvalidJson as error:
        raise BrokenDocument(entry.kind, entry.id, entry.revision, f"at {error.path}: {error.reason}") from error
    except ValidationError as error:
        raise BrokenDocument(entry.kind, entry.id, entry.revision, _first_fault(error)) from error
    if entity.id != entry.id:
        raise BrokenDocument(entry.kind, entry.id, entry.revision, f"at $.id: it says `{entity.id}`")
    return stamp(entity, revision=entry.revision, created_at=entry.created_at, updated_at=entry.saved_at)


def stamp(entity: AnyEntity, *, revision: int, created_at: datetime, updated_at: datetime) -> AnyEntity:
    """The entity with what the store knows about it."""
    known: dict[str, Any] = {"created_at": created_at, "updated_at": updated_at}
    if isinstance(entity, Workflow):
        known["revision"] = revision
    if isinstance(entity, Tool):
        named = list_named_secrets(entity.config.to_wire())
        known["secrets"] = list(dict.fromkeys(secret.name for secret in named)) or None
    return entity.model_copy(update=known)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    more = f" (and {error.error_count() - 1} more issues)" if error.error_count() > 1 else ""
    return f"at {write_path(fault['loc'])}: {fault['msg']}{more}"
