"""The names of Dagster that this floor uses although `dagster` does not export them."""

from dagster._check import CheckError
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.definitions.assets.job.asset_layer import AssetLayer
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    extract_data_version_from_entry,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from dagster._core.definitions.dependency import DynamicCollectDependencyDefinition, NodeHandle
from dagster._core.definitions.executor_definition import execute_in_process_executor
from dagster._core.definitions.metadata.metadata_value import CodeLocationReconstructionMetadataValue
from dagster._core.errors import DagsterRunNotFoundError
from dagster._core.events import AssetMaterializationPlannedData, EngineEventData, StepMaterializationData
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
from dagster._core.storage.tags import BACKFILL_ID_TAG, MAX_RETRIES_TAG, PARTITION_NAME_TAG, WILL_RETRY_TAG
from dagster._core.system_config.objects import ResolvedRunConfig
from dagster_shared.error import SerializableErrorInfo
from dagster_shared.utils.warnings import disable_dagster_warnings

__all__ = [
    "BACKFILL_ID_TAG",
    "CODE_VERSION_TAG",
    "DATA_VERSION_IS_USER_PROVIDED_TAG",
    "DATA_VERSION_TAG",
    "IMPLICIT_ASSET_JOB_NAME",
    "MAX_RETRIES_TAG",
    "PARTITION_NAME_TAG",
    "WILL_RETRY_TAG",
    "AssetCheckEvaluationPlanned",
    "AssetGraph",
    "AssetLayer",
    "AssetMaterializationPlannedData",
    "CheckError",
    "CodeLocationReconstructionMetadataValue",
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
    "StepMaterializationData",
    "UnresolvedMappedExecutionStep",
    "UnresolvedStepHandle",
    "create_execution_plan",
    "disable_dagster_warnings",
    "execute_in_process_executor",
    "extract_data_version_from_entry",
    "get_input_data_version_tag",
    "get_input_event_pointer_tag",
    "get_log_record_event",
    "has_log_record_event",
]
