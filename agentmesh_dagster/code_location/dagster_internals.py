"""The names of Dagster that this floor uses although `dagster` does not export them."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions import definitions_class
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.assets.job.asset_job import (
    build_asset_job,  # pyright: ignore[reportUnknownVariableType]
)
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.definitions.repository_definition.repository_data import CachingRepositoryData
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.execution.build_resources import wrap_resources_for_execution
from dagster._core.selector.subset_selector import AssetSelectionData
from dagster.components.core.component_tree import ComponentTree

__all__ = [
    "SINGLETON_REPOSITORY_NAME",
    "AssetGraph",
    "AssetSelectionData",
    "CachingRepositoryData",
    "ComponentTree",
    "DefinitionsLoadContext",
    "DefinitionsLoadType",
    "MakeRepository",
    "Parts",
    "UnresolvedAssetJobDefinition",
    "build_asset_job",
    "get_data",
    "make_each_repository",
    "set_data",
    "wrap_resources_for_execution",
]

Parts = Mapping[str, Any]  # what a `Definitions` holds: assets, jobs, schedules, sensors, resources, …
MakeRepository = Callable[..., dg.RepositoryDefinition]  # Dagster's way from a name and the parts
_MAKE = "_create_repository_using_definitions_args"


def make_each_repository(make_ours: Callable[[MakeRepository, str, Parts], dg.RepositoryDefinition]) -> None:
    """From now on `make_ours` makes a repository of all that a `Definitions` holds; it is handed Dagster's way.

    Dagster tells nobody what definitions are merged with: neither `Definitions.merge` nor a component sees the names
    of the others. It must leave alone whatever it does not know. Safe to call again: there is one `make_ours`.
    """
    make: Any = getattr(definitions_class, _MAKE)
    make = getattr(make, "unchanged", make)

    def make_changed(name: str, **parts: Any) -> dg.RepositoryDefinition:
        return make_ours(make, name, parts)

    make_changed.unchanged = make  # pyright: ignore[reportFunctionMemberAccess]
    setattr(definitions_class, _MAKE, make_changed)


def get_data(repository: dg.RepositoryDefinition) -> CachingRepositoryData:
    """What a repository holds, as Dagster makes it of the parts."""
    private: Any = repository
    return private._repository_data


def set_data(repository: dg.RepositoryDefinition, data: dg.RepositoryData) -> None:
    """Lets a repository that was just made hold something else."""
    private: Any = repository
    private._repository_data = data
