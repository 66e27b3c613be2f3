"""The names of Dagster that this floor uses although `dagster` does not export them."""

from collections.abc import Callable, Mapping
from typing import Any

from dagster._core.definitions import definitions_class
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster.components.core.component_tree import ComponentTree

__all__ = [
    "SINGLETON_REPOSITORY_NAME",
    "ComponentTree",
    "DefinitionsLoadContext",
    "DefinitionsLoadType",
    "UnresolvedAssetJobDefinition",
    "before_each_repository",
]

Parts = Mapping[str, Any]  # what a `Definitions` holds: assets, jobs, schedules, sensors, resources, …
_BUILD = "_create_repository_using_definitions_args"


def before_each_repository(change: Callable[[Parts], Parts]) -> None:
    """From now on `change` sees all that a `Definitions` holds, in the moment in which Dagster makes it a repository.

    Dagster tells nobody what definitions are merged with: neither `Definitions.merge` nor a component sees the names
    of the others. `change` must leave alone whatever it does not know. Safe to call again: there is one `change`.
    """
    build: Any = getattr(definitions_class, _BUILD)
    build = getattr(build, "unchanged", build)

    def build_changed(name: str, **parts: Any) -> Any:
        return build(name, **change(parts))

    build_changed.unchanged = build  # pyright: ignore[reportFunctionMemberAccess]
    setattr(definitions_class, _BUILD, build_changed)
