"""The executor of compiled jobs: any of Dagster's, with a lease that lives exactly as long as the run worker."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.begin import begin_launch
from agentmesh_dagster.runtime.launches import RunIsJoined
from agentmesh_dagster.runtime.lease import keep_lease
from agentmesh_dagster.runtime.made import read_made
from agentmesh_dagster.runtime.places import RunIsQueued, RunLimitReached
from agentmesh_dagster.runtime.selection import finish_selection
from agentmesh_dagster.runtime.tracer import link_trace, name_trace, wants_traces
from agentmesh_dagster.settings import Settings, link_run
from agentmesh_dagster.speedups import build_thread_executor
from agentmesh_dagster.store.launches import renew_launch
from agentmesh_dagster.translator.dagster_internals import (
    ExecutionPlan,
    PlanOrchestrationContext,
    ResolvedRunConfig,
    UnresolvedMappedExecutionStep,
    execute_in_process_executor,
    get_log_record_event,
    has_log_record_event,
)
from agentmesh_dagster.translator.dagster_runs import read_launch_facts, write_op_key
from agentmesh_dagster.translator.first_rounds import build_more_rounds
from agentmesh_dagster.translator.materialize import list_makers
from agentmesh_dagster.translator.ops import EACH_TAG, CompiledWorkflow
from agentmesh_dagster.translator.presentation import RUN_TAG
from agentmesh_dagster.translator.rounds import RoundsPlayed
from agentmesh_dagster.translator.run_tags import SKIPPED_TAG
from agentmesh_dagster.translator.suspension import finish_launch, suspend_joined, suspend_queued

if TYPE_CHECKING:
    from dagster import DagsterEvent

EXECUTORS: Mapping[str, Callable[[Settings], dg.ExecutorDefinition]] = {
    "threads": lambda settings: build_thread_executor(settings.max_concurrent_steps),
    "in_process": lambda _settings: dg.in_process_executor,
    "multiprocess": lambda _settings: dg.multiprocess_executor,
}

_ENDS = (dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE)
# Of an executor's config: a broker, a backend or modules to import are for whoever runs the server.
_LIMITS = "tag_concurrency_limits"
RUNS_MAY_SET = ("max_concurrent", "retries", "step_dependency_config", _LIMITS)


class CeleryIsMissing(AgentMeshError):
    """The executor `celery` is an extra: pip install 'agentmesh-dagster[celery]'."""


def get_executor(name: str, settings: Settings) -> dg.ExecutorDefinition:
    """The executor that the setting `executor` names; `celery` is imported only now. Raises CeleryIsMissing."""
    if name != "celery":
        return EXECUTORS[name](settings)
    try:
        from agentmesh_dagster.translator.celery import CELERY
    except ModuleNotFoundError as missing:
        raise CeleryIsMissing(f"there is no module `{missing.name}`") from missing
    return CELERY


class LeasedExecutor(dg.Executor):
    """Takes the launch up, and keeps its lease while another executor does the work."""

    def __init__(self, inner: dg.Executor, compiled: CompiledWorkflow) -> None:
        self._inner = inner
        self.compiled = compiled

    def __getattr__(self, name: str) -> Any:
        # Celery's loop, for one, asks the plan's executor, which is this one, for more than every executor has.
        return getattr(self._inner, name)

    @property
    def retries(self) -> Any:
        return self._inner.retries

    @property
    def step_dependency_config(self) -> Any:
        return self._inner.step_dependency_config

    def execute(self, plan_context: Any, execution_plan: Any) -> "Iterator[DagsterEvent]":
        store, settings = self.compiled.services.store, self.compiled.services.settings
        run: dg.DagsterRun = plan_context.dagster_run
        facts = read_launch_facts(self.compiled.plan, run, plan_context.instance)
        try:
            run_id = begin_launch(self.compiled.services, self.compiled.plan, facts)
        except RunIsQueued:
            suspend_queued(self.compiled.services, plan_context.instance, run.run_id)
            plan_context.log.addFilter(_is_no_end)
            return
        except RunIsJoined:
            suspend_joined(self.compiled.services, plan_context.instance, run.run_id)
            plan_context.log.addFilter(_is_no_end)
            return
        except RunLimitReached as full:
            plan_context.instance.add_run_tags(run.run_id, {SKIPPED_TAG: str(full)})
            raise
        self.compiled.run_ids[run.run_id] = run_id
        if link := link_run(settings, run_id):
            plan_context.instance.add_run_tags(run.run_id, {RUN_TAG: link})
        if wants_traces():
            plan_context.log.info(f"Its trace is {link_trace(settings, run_id) or name_trace(run_id)}")

        def renew() -> bool:
            with store.begin() as tx:
                return renew_launch(tx, run.run_id, settings.lease_seconds)

        with keep_lease(renew, settings.lease_seconds, name="launch-lease"):
            has_failed = False
            for context, part in self._list_parts(plan_context, execution_plan, run_id):
                for event in self._inner.execute(context, part):
                    has_failed = has_failed or event.is_step_failure
                    yield event
            services, instance = self.compiled.services, plan_context.instance
            unfinished = None if has_failed else finish_selection(services, self.compiled.plan, facts, run_id)
            if finish_launch(services, instance, run, has_failed=has_failed, unfinished=unfinished):
                plan_context.log.addFilter(_is_no_end)
            try:
                self.compiled.child_runs.follow(services, instance, run_id)
            except (AgentMeshError, dg.DagsterError) as fault:
                plan_context.log.warning(f"What waits for this run is left to the sensor: {fault}")

    def _list_parts(self, context: Any, execution_plan: Any, run_id: str) -> Iterator[tuple[Any, Any]]:
        """What the inner executor executes, one after the other: all at once unless there are loops, or an asset."""
        plan, has_all = self.compiled.plan, self.compiled.has_all_rounds
        wanted = execution_plan.step_keys_to_execute if has_all else [write_op_key(op) for op in plan.ops]
        makers = list_makers(context.job.get_definition())
        last = [key for key in wanted if key in makers]
        if not last and not plan.has_rounds:
            yield context, execution_plan
            return
        for step_keys in self._choose_parts(wanted, last, run_id):
            if not has_all and not execution_plan.step_dict_by_key.keys() >= set(step_keys):
                context, execution_plan = build_more_rounds(context, execution_plan, plan, step_keys)
            # Each part resolves what hangs on items anew, and Dagster writes that into the plan it was made from.
            by_handle, by_key = dict(execution_plan.step_dict), dict(execution_plan.step_dict_by_key)
            whole = execution_plan._replace(step_dict=by_handle, step_dict_by_key=by_key)
            # Dagster asks for the config here, and does not look at it.
            part = _Part._make(whole.build_subset_plan(step_keys, context.job.get_definition(), ResolvedRunConfig()))
            # Dagster's own executor in one process executes the context's plan, whichever plan it is given.
            data: Any = context.plan_data._replace(execution_plan=part)
            yield PlanOrchestrationContext(data, context.log, context.executor, context.output_capture), part

    def _choose_parts(self, wanted: Sequence[str], last: Sequence[str], run_id: str) -> Iterator[Sequence[str]]:
        """The step keys of each part; those of what makes the asset are one, once the run has made something."""
        plan, services = self.compiled.plan, self.compiled.services
        others = [key for key in wanted if key not in last]
        if plan.has_rounds:
            yield from RoundsPlayed(plan, services, run_id, others).list_parts()
        elif others:
            yield others
        if last:
            with services.store.read() as connection:
                has_made = read_made(connection, plan, run_id) is not None
            if has_made:
                yield last


class _Part(ExecutionPlan):
    """A part of a plan in which a step below a fan-out may hang on one that is not executed in this part.

    Dagster looks at the sources of each step, and knows those that it has resolved: of a plan only what is executed.
    """

    def resolve(self, mappings: Mapping[str, Mapping[str, Sequence[str] | None]]) -> Mapping[str, set[str]]:
        executed = set(self.step_handles_to_execute)
        for step in [*self.step_dict.values()]:
            if not isinstance(step, UnresolvedMappedExecutionStep) or step.handle in executed:
                continue
            if all(key in mappings for key in step.resolved_by_step_keys):
                for resolved in step.resolve(mappings):
                    self.step_dict.setdefault(resolved.handle, resolved)
                    self.step_dict_by_key.setdefault(resolved.key, resolved)
        return super().resolve(mappings)


def _is_no_end(record: logging.LogRecord) -> bool:
    """Leaves out the end that Dagster writes into a run's log: it has been told the true one, or is told it later."""
    event = get_log_record_event(record) if has_log_record_event(record) else None
    return event is None or event.event_type not in _ENDS


def lease_executor(inner: dg.ExecutorDefinition, compiled: CompiledWorkflow) -> dg.ExecutorDefinition:
    """The executor definition `inner` with the launch's lease around it; a run's config sets what it may, no more."""
    create = inner.executor_creation_fn
    fields: Mapping[str, dg.Field] = getattr(inner.config_schema.config_type, "fields", {})

    def create_leased(context: dg.InitExecutorContext) -> dg.Executor:
        assert create is not None
        return LeasedExecutor(create(_limit_items(context, compiled.plan, fields)), compiled)

    return dg.ExecutorDefinition(
        name=inner.name,
        config_schema={name: fields[name] for name in RUNS_MAY_SET if name in fields},
        requirements=inner.get_requirements,
        executor_creation_fn=create_leased,
        description=inner.description,
    )


def _limit_items(context: dg.InitExecutorContext, plan: Plan, fields: Mapping[str, dg.Field]) -> dg.InitExecutorContext:
    """With a limit for each `each` that says how many steps are executed at once, where the executor knows limits."""
    found = dict(op.at_once for op in plan.ops if op.at_once)
    if not found or _LIMITS not in fields:
        return context
    config: dict[str, Any] = dict(context.executor_config)
    ours = [{"key": EACH_TAG, "value": each, "limit": limit} for each, limit in found.items()]
    return context._replace(executor_config={**config, _LIMITS: [*config.get(_LIMITS, []), *ours]})


def lease_in_process(compiled: CompiledWorkflow) -> dg.ExecutorDefinition:
    """The executor of `execute_in_process`, with the launch's lease around it; it ignores all config, as Dagster's."""
    leased = lease_executor(execute_in_process_executor, compiled)
    return dg.ExecutorDefinition(
        name=leased.name,
        config_schema=dg.Permissive(),  # pyright: ignore
        executor_creation_fn=leased.executor_creation_fn,
    )
