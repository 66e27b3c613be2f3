"""An executor that runs the steps of a run side by side, in threads of the run worker's process."""

from agentmesh_dagster.extensions.thread_executor.executor import (
    DEFAULT_MAX_CONCURRENT,
    ThreadExecutor,
    build_thread_executor,
    thread_executor,
)

__all__ = ["DEFAULT_MAX_CONCURRENT", "ThreadExecutor", "build_thread_executor", "thread_executor"]
