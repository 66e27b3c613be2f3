"""The executor `celery`: dagster-celery's own, for jobs whose steps say in the store whether their worker lives.

dagster-celery waits for ever for a step whose worker died. Imported only when it is chosen: it is an extra.
"""

import warnings
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
from celery import states  # pyright: ignore[reportMissingTypeStubs]
from celery.exceptions import WorkerLostError  # pyright: ignore[reportMissingTypeStubs]
from dagster_celery.core_execution_loop import (
    core_celery_execution_loop,  # pyright: ignore[reportUnknownVariableType]
)
from dagster_celery.executor import (
    CeleryExecutor,
    _submit_task,  # pyright: ignore[reportPrivateUsage, reportUnknownVariableType]
    celery_executor,
)

from agentmesh_dagster.runtime.step_watch import Finding, StepWatch, WorkerDied
from agentmesh_dagster.store.launches import find_launch
from agentmesh_dagster.translator.dagster_internals import RetryMode, SerializableErrorInfo
from agentmesh_dagster.translator.dagster_runs import read_op_key, read_step_key
from agentmesh_dagster.translator.ops import CompiledWorkflow

if TYPE_CHECKING:
    from dagster import DagsterEvent

_MAX_DELIVERIES = 3  # of a step that no worker lived to begin

# dagster-celery registers its task anew for each step.
warnings.filterwarnings("ignore", message="Task name 'execute_plan' is already registered")


class WatchingCeleryExecutor(CeleryExecutor):
    """Gives a step whose worker died to another one if nothing was done yet; else the step fails, or is retried."""

    def execute(self, plan_context: Any, execution_plan: Any) -> "Generator[DagsterEvent]":
        yield from core_celery_execution_loop(plan_context, execution_plan, step_execution_fn=_give_away)


def _give_away(app: Any, plan_context: Any, step: Any, queue: str, priority: int, known_state: Any) -> "DeliveredStep":
    def submit() -> Any:
        return _submit_task(app, plan_context, step, queue, priority, known_state)

    # The plan's executor is the lease around this one: see executor.py.
    return DeliveredStep(submit, plan_context.executor.compiled, plan_context, step, known_state)


class DeliveredStep:
    """A step in Celery's queue, or at a worker: what dagster-celery's loop asks of a task's result."""

    def __init__(
        self, submit: Callable[[], Any], compiled: CompiledWorkflow, plan_context: Any, step: Any, known_state: Any
    ) -> None:
        self._submit = submit
        self._compiled = compiled
        self._plan_context = plan_context
        self._step = step
        self._known_state = known_state
        self._deliveries = 0
        self._death: WorkerDied | None = None
        self._deliver()

    def _deliver(self) -> None:
        self._watch = StepWatch(
            self._compiled.services, self._find_run_id(), read_step_key(self._compiled.plan, self._step.key)
        )
        self._task = self._submit()
        self._deliveries += 1

    def _find_run_id(self) -> str:
        with self._compiled.services.store.read() as connection:
            launch = find_launch(connection, self._plan_context.run_id)
        assert launch is not None, "the executor has taken the launch up"
        return launch.run_id

    def ready(self) -> bool:
        """Whether the step has ended, or its worker has died with it."""
        state, has_died = self._task.state, isinstance(self._task.result, WorkerLostError)
        if state in states.READY_STATES and not has_died:
            return True
        finding = self._watch.look(has_begun=state == states.STARTED, has_died=has_died)
        if finding is Finding.SAFE_TO_REPEAT and self._deliveries < _MAX_DELIVERIES:
            self._task.revoke()
            self._deliver()
        elif finding is Finding.SAFE_TO_REPEAT:
            self._death = WorkerDied(f"{self._deliveries} workers died before `{self._step.key}` began")
        elif finding is Finding.DIED_AT_WORK:
            death = WorkerDied(f"`{self._step.key}`; it may have done some of its work")
            if self._watch.give_up(self._compiled.plan, str(death), tries_again=self._may_try_again()):
                self._death = death
        return self._death is not None

    def get(self) -> Sequence[str]:
        """The Dagster events of the step, packed; raises what kept the worker from executing it."""
        if self._death is None:
            return self._task.get()
        self._task.revoke()  # should the broker still have it
        error = SerializableErrorInfo(f"{self._death}\n", [], type(self._death).__name__)
        context = self._plan_context
        event = context.executor.log_failure_or_retry_event_after_error(
            context.for_step(self._step), error, self._known_state
        )
        return [dg.serialize_value(event)]

    def revoke(self) -> None:
        self._task.revoke()

    def _may_try_again(self) -> bool:
        op = self._compiled.plan.by_name[read_op_key(self._step.node_handle)]
        tried = self._known_state.get_retry_state().get_attempt_count(self._step.key)
        return tried < op.node.config.retry.max_attempts - 1


def _create(context: dg.InitExecutorContext) -> WatchingCeleryExecutor:
    config: dict[str, Any] = dict(context.executor_config)
    options = {name: config.get(name) for name in ("broker", "backend", "include", "config_source")}
    retries: Any = RetryMode.from_config(config["retries"])  # pyright: ignore[reportUnknownMemberType]
    return WatchingCeleryExecutor(retries=retries, **options)


CELERY = dg.ExecutorDefinition(
    name="celery",
    config_schema=celery_executor.config_schema,  # pyright: ignore[reportArgumentType]
    requirements=celery_executor.get_requirements,
    executor_creation_fn=_create,
    description="A Celery worker for each step.",
)
