"""An executor that runs the steps of a run side by side, in threads of the run worker's process."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache, partial
from typing import Any, cast

import dagster as dg

from agentmesh_dagster.extensions.dagster_internals import (
    ActiveExecution,
    EngineEventData,
    ExecuteRunWithPlanIterable,
    ExecutionPlan,
    PlanExecutionContext,
    PlanExecutionContextManager,
    PlanOrchestrationContext,
    RetryMode,
    StepDependencyConfig,
    create_compute_log_file_key,
    get_retries_config,
    get_step_dependency_config_field,
    get_tag_concurrency_limits_config,
    report_log_setup_error,
    report_log_teardown_error,
)
from agentmesh_dagster.extensions.thread_executor.pool_slots import PoolSlots
from agentmesh_dagster.extensions.thread_executor.side_by_side import Limits, SideBySide
from agentmesh_dagster.extensions.thread_executor.step_output import label_lines

DEFAULT_MAX_CONCURRENT = 32


class ThreadExecutor(dg.Executor):
    """Executes each step in a thread; see `build_thread_executor`."""

    def __init__(self, retries: RetryMode, dependencies: StepDependencyConfig, limits: Limits) -> None:
        self._retries = retries
        self._dependencies = dependencies
        self._limits = limits

    @property
    def retries(self) -> RetryMode:
        return self._retries

    @property
    def step_dependency_config(self) -> StepDependencyConfig:
        return self._dependencies

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        pid = os.getpid()
        about = EngineEventData.in_process(pid, execution_plan.step_keys_to_execute)
        started = time.monotonic()
        yield dg.DagsterEvent.engine_event(
            plan_context, f"Executing steps in threads (pid: {pid}), {self._limits.max_concurrent} at most", about
        )
        yield from ExecuteRunWithPlanIterable(
            execution_plan=execution_plan,
            iterator=partial(_execute_plan, self._limits),
            execution_context_manager=PlanExecutionContextManager(
                job=plan_context.job,
                retry_mode=plan_context.retry_mode,
                execution_plan=execution_plan,
                run_config=plan_context.run_config,
                dagster_run=plan_context.dagster_run,
                instance=plan_context.instance,
                raise_on_error=plan_context.raise_on_error,
                output_capture=plan_context.output_capture,
                step_dependency_config=self._dependencies,
            ),
        )
        seconds = time.monotonic() - started
        yield dg.DagsterEvent.engine_event(
            plan_context, f"Finished steps in threads (pid: {pid}) in {seconds:.2f} s", about
        )


def _execute_plan(
    limits: Limits, job_context: PlanExecutionContext, execution_plan: ExecutionPlan
) -> Iterator[dg.DagsterEvent]:
    with (
        PoolSlots(job_context.instance, job_context.dagster_run) as slots,
        ActiveExecution(
            execution_plan,
            retry_mode=job_context.retry_mode,
            max_concurrent=limits.max_concurrent,
            tag_concurrency_limits=limits.per_tag,
            instance_concurrency_context=slots,
            step_dependency_config=job_context.step_dependency_config,
        ) as active,
        ExitStack() as capture,
    ):
        yield from _capture_logs(job_context, execution_plan, capture)
        with label_lines():
            yield from SideBySide(job_context, active, limits).run()
        try:
            capture.close()
        except Exception:  # noqa: BLE001 as Dagster does it: a run does not fail for its compute logs
            yield from report_log_teardown_error(job_context, sys.exc_info())


def _capture_logs(
    job_context: PlanExecutionContext, execution_plan: ExecutionPlan, capture: ExitStack
) -> Iterator[dg.DagsterEvent]:
    """Captures what the whole process prints, once for all steps."""
    manager = job_context.instance.compute_log_manager
    step_keys = [step.key for step in execution_plan.get_steps_to_execute_in_topo_order()]
    log_key = manager.build_log_key_for_run(job_context.run_id, create_compute_log_file_key())
    try:
        log_context = capture.enter_context(manager.capture_logs(log_key))
        yield dg.DagsterEvent.capture_logs(job_context, step_keys, log_key, log_context)
    except Exception:  # noqa: BLE001 as above
        yield from report_log_setup_error(job_context, sys.exc_info())


@cache
def build_thread_executor(max_concurrent: int = DEFAULT_MAX_CONCURRENT) -> dg.ExecutorDefinition:
    """The executor `threads`, which runs at most `max_concurrent` steps at once unless a run's config says otherwise.

    For steps that wait for others: models, HTTP, databases. Steps that compute wait for each other.
    """

    @dg.executor(name="threads", config_schema=_build_config(max_concurrent))
    def thread_executor(init_context: dg.InitExecutorContext) -> ThreadExecutor:
        """Executes the steps side by side, in threads of the run worker's process."""
        config = cast("Mapping[str, Any]", init_context.executor_config)
        return ThreadExecutor(
            RetryMode(next(iter(config["retries"]))),
            StepDependencyConfig.from_config(config.get("step_dependency_config")),
            Limits(config["max_concurrent"], config.get("tag_concurrency_limits", [])),
        )

    return thread_executor


def _build_config(max_concurrent: int) -> dict[str, Any]:
    return {
        "max_concurrent": dg.Field(
            int,
            default_value=max_concurrent,
            description="How many steps of the run are executed at the same time.",
        ),
        "tag_concurrency_limits": get_tag_concurrency_limits_config(),
        "retries": get_retries_config(),
        "step_dependency_config": get_step_dependency_config_field(),
    }


thread_executor = build_thread_executor()
