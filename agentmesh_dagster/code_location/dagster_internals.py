"""The names of Dagster that this floor uses although `dagster` does not export them."""

from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster.components.core.component_tree import ComponentTree

__all__ = ["SINGLETON_REPOSITORY_NAME", "ComponentTree", "DefinitionsLoadContext", "DefinitionsLoadType"]
