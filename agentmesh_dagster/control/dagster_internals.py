"""The names of Dagster that this floor uses although `dagster` does not export them."""

from dagster._check import CheckError
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.executor_definition import ExecutorRequirement
from dagster._core.definitions.job_base import IJob, InMemoryJob
from dagster._core.definitions.metadata.metadata_value import CodeLocationReconstructionMetadataValue
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME, RepositoryLoadData
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.errors import DagsterExecutionInterruptedError, DagsterRunAlreadyExists
from dagster._core.execution.api import create_execution_plan, execute_run
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import (
    CodeLocationOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorStatus
from dagster._core.snap import snapshot_from_execution_plan
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.tags import (
    BACKFILL_TAGS,
    CODE_LOCATION_TAG,
    MAX_RETRIES_TAG,
    ROOT_RUN_ID_TAG,
    SCHEDULED_EXECUTION_TIME_TAG,
    TAGS_TO_MAYBE_OMIT_ON_RETRY,
    WILL_RETRY_TAG,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._time import get_current_datetime
from dagster._utils.schedules import reverse_cron_string_iterator
from dagster_shared.error import SerializableErrorInfo
from dagster_shared.record import copy as copy_record  # pyright: ignore[reportUnknownVariableType]

__all__ = [
    "BACKFILL_TAGS",
    "CODE_LOCATION_TAG",
    "FINISHED_STATUSES",
    "MAX_RETRIES_TAG",
    "ROOT_RUN_ID_TAG",
    "SCHEDULED_EXECUTION_TIME_TAG",
    "SINGLETON_REPOSITORY_NAME",
    "TAGS_TO_MAYBE_OMIT_ON_RETRY",
    "WILL_RETRY_TAG",
    "CheckError",
    "CodeLocationOrigin",
    "CodeLocationReconstructionMetadataValue",
    "DagsterExecutionInterruptedError",
    "DagsterRunAlreadyExists",
    "ExecutionPlan",
    "ExecutorRequirement",
    "IJob",
    "InMemoryJob",
    "InstigatorStatus",
    "InstigatorType",
    "JobPythonOrigin",
    "LoadableTargetOrigin",
    "LocalComputeLogManager",
    "ManagedGrpcPythonEnvCodeLocationOrigin",
    "ModuleCodePointer",
    "ReconstructableJob",
    "ReconstructableRepository",
    "RemoteInstigatorOrigin",
    "RemoteJobOrigin",
    "RemoteRepositoryOrigin",
    "RepositoryLoadData",
    "RepositoryPythonOrigin",
    "SerializableErrorInfo",
    "SqliteEventLogStorage",
    "copy_record",
    "create_execution_plan",
    "execute_run",
    "get_current_datetime",
    "reverse_cron_string_iterator",
    "snapshot_from_execution_plan",
]
