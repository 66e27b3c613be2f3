"""The names of Dagster that this floor uses although `dagster` does not export them."""

from dagster._core.definitions.dependency import DynamicCollectDependencyDefinition

__all__ = ["DynamicCollectDependencyDefinition"]
