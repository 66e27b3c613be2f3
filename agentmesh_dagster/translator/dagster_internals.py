"""The names of Dagster that this floor uses although `dagster` does not export them."""

from dagster._check import CheckError
from dagster._core.definitions.dependency import DynamicCollectDependencyDefinition
from dagster._core.events import EngineEventData
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage

__all__ = ["CheckError", "DynamicCollectDependencyDefinition", "EngineEventData", "SqlRunStorage"]
