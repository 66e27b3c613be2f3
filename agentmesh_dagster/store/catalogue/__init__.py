"""The catalogue: projects, agents, tools and workflows, in immutable revisions under one count."""

from agentmesh_dagster.store.catalogue.applying import InvalidDocument, refuse_faults, save_checked
from agentmesh_dagster.store.catalogue.deleting import delete_entity
from agentmesh_dagster.store.catalogue.documents import kind_of
from agentmesh_dagster.store.catalogue.faults import (
    AmbiguousName,
    BrokenDocument,
    EntityInUse,
    EntityNotFound,
    InvalidEntity,
    MissingProject,
    StaleRevision,
)
from agentmesh_dagster.store.catalogue.history import has_changed
from agentmesh_dagster.store.catalogue.jobs import JobNotFound, find_job, get_job_name, list_job_names
from agentmesh_dagster.store.catalogue.reading import (
    CatalogueSlice,
    RevisionInfo,
    current_revision,
    find_entity,
    get_entity,
    get_revision,
    list_entities,
    list_revisions,
    load_workflow_at,
)
from agentmesh_dagster.store.catalogue.saving import Saved, restore_revision, save_entities
from agentmesh_dagster.store.catalogue.view import CatalogueView

__all__ = [
    "AmbiguousName",
    "BrokenDocument",
    "CatalogueSlice",
    "CatalogueView",
    "EntityInUse",
    "EntityNotFound",
    "InvalidDocument",
    "InvalidEntity",
    "JobNotFound",
    "MissingProject",
    "RevisionInfo",
    "Saved",
    "StaleRevision",
    "current_revision",
    "delete_entity",
    "find_entity",
    "find_job",
    "get_entity",
    "get_job_name",
    "get_revision",
    "has_changed",
    "kind_of",
    "list_entities",
    "list_job_names",
    "list_revisions",
    "load_workflow_at",
    "refuse_faults",
    "restore_revision",
    "save_checked",
    "save_entities",
]
