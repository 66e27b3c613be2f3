"""The names of Dagster that this floor uses although `dagster` does not export them."""

from dagster._core.events import EngineEventData
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.compute_logs import create_compute_log_file_key
from dagster._core.execution.context.system import (
    PlanExecutionContext,
    PlanOrchestrationContext,
    StepExecutionContext,
)
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.execute_plan import (
    _handle_compute_log_setup_error as tell_log_setup_error,  # pyright: ignore[reportPrivateUsage]
)
from dagster._core.execution.plan.execute_plan import (
    _handle_compute_log_teardown_error as tell_log_teardown_error,  # pyright: ignore[reportPrivateUsage]
)
from dagster._core.execution.plan.execute_plan import (
    _trigger_hook as trigger_hooks,  # pyright: ignore[reportPrivateUsage]
)
from dagster._core.execution.plan.execute_plan import dagster_event_sequence_for_step
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.execution.plan.objects import ErrorSource, StepFailureData
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.execution.step_dependency_config import StepDependencyConfig, get_step_dependency_config_field
from dagster._core.execution.tags import get_tag_concurrency_limits_config
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator
from dagster._serdes.config_class import ConfigurableClassData
from dagster._utils.error import SerializableErrorInfo

__all__ = [
    "ActiveExecution",
    "ConfigurableClassData",
    "EngineEventData",
    "ErrorSource",
    "ExecuteRunWithPlanIterable",
    "ExecutionPlan",
    "InstanceConcurrencyContext",
    "PlanExecutionContext",
    "PlanExecutionContextManager",
    "PlanOrchestrationContext",
    "QueuedRunCoordinator",
    "RetryMode",
    "SerializableErrorInfo",
    "StepDependencyConfig",
    "StepExecutionContext",
    "StepFailureData",
    "create_compute_log_file_key",
    "dagster_event_sequence_for_step",
    "get_retries_config",
    "get_step_dependency_config_field",
    "get_tag_concurrency_limits_config",
    "tell_log_setup_error",
    "tell_log_teardown_error",
    "trigger_hooks",
]
