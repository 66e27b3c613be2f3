"""The names of Dagster that this floor uses although `dagster` does not export them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dagster._api import snapshot_repository
from dagster._core.errors import DagsterUserCodeProcessError
from dagster._core.events import DagsterEvent, EngineEventData
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.compute_logs import (
    create_compute_log_file_key,
    redirect_to_file,  # pyright: ignore[reportUnknownVariableType]
)
from dagster._core.execution.context.system import (
    PlanExecutionContext,
    PlanOrchestrationContext,
    StepExecutionContext,
)
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.plan import execute_plan
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.execute_plan import dagster_event_sequence_for_step
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.execution.plan.objects import ErrorSource, StepFailureData
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.execution.step_dependency_config import StepDependencyConfig, get_step_dependency_config_field
from dagster._core.execution.tags import get_tag_concurrency_limits_config
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT, get_python_environment_entry_point
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
from dagster._core.remote_representation.external_data import (
    JobDataSnap,
    JobRefSnap,
    RepositoryErrorSnap,
    RepositorySnap,
)
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator
from dagster._core.snap import ExecutionPlanSnapshot
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage, SqliteEventLogStorageWatchdog
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager
from dagster._core.storage.runs.base import RunStorage
from dagster._core.storage.runs.schema import InstanceInfo, RunStorageSqlMetadata, SnapshotsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.base import ScheduleStorage
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sql import get_alembic_config
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._core.storage.tags import GRPC_INFO_TAG, HIDDEN_TAG_PREFIX
from dagster._serdes import deserialize_value
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData
from dagster._utils import ensure_file, get_run_crash_explanation, touch_file
from dagster._utils.interrupts import capture_interrupts
from dagster_shared.error import SerializableErrorInfo

__all__ = [
    "DEFAULT_DAGSTER_ENTRY_POINT",
    "GRPC_INFO_TAG",
    "HIDDEN_TAG_PREFIX",
    "IO_TYPE_EXTENSION",
    "ActiveExecution",
    "CapturedLogContext",
    "CheckRunHealthResult",
    "ComputeIOType",
    "ConfigurableClass",
    "ConfigurableClassData",
    "DagsterStorage",
    "DagsterUserCodeProcessError",
    "EngineEventData",
    "ErrorSource",
    "EventLogStorage",
    "ExecuteRunWithPlanIterable",
    "ExecutionPlan",
    "ExecutionPlanSnapshot",
    "GrpcServerCodeLocation",
    "GrpcServerCodeLocationOrigin",
    "InstanceConcurrencyContext",
    "InstanceInfo",
    "InstanceRef",
    "JobDataSnap",
    "JobRefSnap",
    "LaunchRunContext",
    "LocalComputeLogManager",
    "PlanExecutionContext",
    "PlanExecutionContextManager",
    "PlanOrchestrationContext",
    "QueuedRunCoordinator",
    "RemoteRepositoryOrigin",
    "RepositoryErrorSnap",
    "RepositorySnap",
    "RetryMode",
    "RunStorage",
    "RunStorageSqlMetadata",
    "ScheduleStorage",
    "ScheduleStorageSqlMetadata",
    "SerializableErrorInfo",
    "SnapshotsTable",
    "SqlEventLogStorageMetadata",
    "SqlRunStorage",
    "SqliteEventLogStorage",
    "SqliteEventLogStorageWatchdog",
    "SqliteRunStorage",
    "SqliteScheduleStorage",
    "StepDependencyConfig",
    "StepExecutionContext",
    "StepFailureData",
    "WorkerStatus",
    "capture_interrupts",
    "create_compute_log_file_key",
    "create_db_conn_string",
    "dagster_event_sequence_for_step",
    "deserialize_value",
    "ensure_file",
    "get_alembic_config",
    "get_python_environment_entry_point",
    "get_retries_config",
    "get_run_crash_explanation",
    "get_step_dependency_config_field",
    "get_tag_concurrency_limits_config",
    "load_run_worker",
    "redirect_to_file",
    "report_log_setup_error",
    "report_log_teardown_error",
    "snapshot_repository",
    "touch_file",
    "trigger_hooks",
]

EventsOnError = Callable[[PlanExecutionContext, Any], Iterator[DagsterEvent]]  # the second is sys.exc_info()

report_log_setup_error: EventsOnError = execute_plan._handle_compute_log_setup_error  # pyright: ignore
report_log_teardown_error: EventsOnError = execute_plan._handle_compute_log_teardown_error  # pyright: ignore
trigger_hooks: Callable[[StepExecutionContext, Sequence[DagsterEvent]], Iterator[DagsterEvent]]
trigger_hooks = execute_plan._trigger_hook  # pyright: ignore[reportPrivateUsage]


def load_run_worker() -> tuple[Callable[..., Any], Callable[..., int]]:
    """What `dagster api execute_run` opens its instance with, and what it does then; a slow import."""
    from dagster._cli.api import _execute_run_command_body  # pyright: ignore[reportPrivateUsage]
    from dagster._cli.utils import get_instance_for_cli

    return get_instance_for_cli, _execute_run_command_body
