"""The catalogue: projects, agents, tools and workflows, in immutable revisions under one count."""

from agentmesh_dagster.store.catalogue.applying import InvalidDocument, raise_for_faults, save_checked
from agentmesh_dagster.store.catalogue.assets import AssetNotFound, find_asset_workflow, list_asset_workflows
from agentmesh_dagster.store.catalogue.deleting import Use, delete_entity, list_uses
from agentmesh_dagster.store.catalogue.documents import AnyEntity, kind_of, kind_of_type
from agentmesh_dagster.store.catalogue.drafts import (
    Draft,
    DraftInfo,
    DraftNotFound,
    InvalidBase,
    StaleDraft,
    discard_draft,
    find_drafted,
    get_draft,
    list_drafts,
    publish_draft,
    save_draft,
)
from agentmesh_dagster.store.catalogue.faults import (
    AmbiguousName,
    BrokenDocument,
    EntityInUse,
    EntityNotFound,
    InvalidEntity,
    MissingProject,
    StaleRevision,
)
from agentmesh_dagster.store.catalogue.heads import Key
from agentmesh_dagster.store.catalogue.history import has_changed, read_revisions
from agentmesh_dagster.store.catalogue.job_problems import list_job_problems, save_job_problems
from agentmesh_dagster.store.catalogue.jobs import JobNotFound, find_job, get_job_name, list_job_names
from agentmesh_dagster.store.catalogue.reading import (
    CatalogueSlice,
    Revised,
    RevisionInfo,
    current_revision,
    find_entity,
    get_entity,
    get_revised,
    get_revision,
    list_all,
    list_entities,
    list_revisions,
    load_workflow_at,
    newest_revisions,
)
from agentmesh_dagster.store.catalogue.saving import Saved, restore_revision, save_entities
from agentmesh_dagster.store.catalogue.tool_functions import (
    FunctionInfo,
    ReportedFunction,
    list_tool_functions,
    save_tool_functions,
)
from agentmesh_dagster.store.catalogue.view import CatalogueView, open_lookup

__all__ = [
    "AmbiguousName",
    "AnyEntity",
    "AssetNotFound",
    "BrokenDocument",
    "CatalogueSlice",
    "CatalogueView",
    "Draft",
    "DraftInfo",
    "DraftNotFound",
    "EntityInUse",
    "EntityNotFound",
    "FunctionInfo",
    "InvalidBase",
    "InvalidDocument",
    "InvalidEntity",
    "JobNotFound",
    "Key",
    "MissingProject",
    "ReportedFunction",
    "Revised",
    "RevisionInfo",
    "Saved",
    "StaleDraft",
    "StaleRevision",
    "Use",
    "current_revision",
    "delete_entity",
    "discard_draft",
    "find_asset_workflow",
    "find_drafted",
    "find_entity",
    "find_job",
    "get_draft",
    "get_entity",
    "get_job_name",
    "get_revised",
    "get_revision",
    "has_changed",
    "kind_of",
    "kind_of_type",
    "list_all",
    "list_asset_workflows",
    "list_drafts",
    "list_entities",
    "list_job_names",
    "list_job_problems",
    "list_revisions",
    "list_tool_functions",
    "list_uses",
    "load_workflow_at",
    "newest_revisions",
    "open_lookup",
    "publish_draft",
    "raise_for_faults",
    "read_revisions",
    "restore_revision",
    "save_checked",
    "save_draft",
    "save_entities",
    "save_job_problems",
    "save_tool_functions",
]
