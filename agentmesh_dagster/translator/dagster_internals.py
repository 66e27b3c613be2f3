"""The names of Dagster that this floor uses although `dagster` does not export them."""

from dagster._check import CheckError
from dagster._core.definitions.dependency import DynamicCollectDependencyDefinition, NodeHandle
from dagster._core.definitions.executor_definition import execute_in_process_executor
from dagster._core.errors import DagsterRunNotFoundError
from dagster._core.events import EngineEventData
from dagster._core.execution.api import create_execution_plan
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.handle import StepHandle, UnresolvedStepHandle
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.plan.step import UnresolvedMappedExecutionStep
from dagster._core.execution.retries import RetryMode
from dagster._core.log_manager import get_log_record_event, has_log_record_event
from dagster._core.snap import JobSnap
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._core.storage.tags import MAX_RETRIES_TAG, WILL_RETRY_TAG
from dagster._core.system_config.objects import ResolvedRunConfig
from dagster_shared.error import SerializableErrorInfo

__all__ = [
    "MAX_RETRIES_TAG",
    "WILL_RETRY_TAG",
    "CheckError",
    "DagsterRunNotFoundError",
    "DynamicCollectDependencyDefinition",
    "EngineEventData",
    "ExecutionPlan",
    "JobSnap",
    "NodeHandle",
    "PlanOrchestrationContext",
    "ResolvedRunConfig",
    "RetryMode",
    "SerializableErrorInfo",
    "SqlRunStorage",
    "StepFailureData",
    "StepHandle",
    "UnresolvedMappedExecutionStep",
    "UnresolvedStepHandle",
    "create_execution_plan",
    "execute_in_process_executor",
    "get_log_record_event",
    "has_log_record_event",
]
