"""Triggers of stored workflows as schedules and sensors: seen, switched and inspected on Dagster's Automation page."""

from collections.abc import Iterator, Sequence

import dagster as dg

from agentmesh_dagster.code_location.code_server import read_location_name
from agentmesh_dagster.control.schedules import build_time_config, look_at_time
from agentmesh_dagster.control.triggers import (
    LoadedTrigger,
    Switch,
    TriggerTick,
    look_for_arrivals,
)
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.specs.trigger_spec import Arrival, Schedule
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG, describe_trigger

_EVERY_SECONDS = 5


def build_schedules(services: Services, triggers: Sequence[LoadedTrigger]) -> list[dg.ScheduleDefinition]:
    """A schedule for each trigger that has times."""
    return [
        _build_schedule(services, loaded, when)
        for loaded in triggers
        if isinstance(when := loaded.trigger.when, Schedule)
    ]


def _build_schedule(services: Services, loaded: LoadedTrigger, when: Schedule) -> dg.ScheduleDefinition:
    def ask_for_runs(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        moment = context.scheduled_execution_time
        try:
            instance = context.instance
        except dg.DagsterInvariantViolationError:  # somebody only tries it out
            yield dg.RunRequest(run_config=build_time_config(services, loaded, moment))
            return
        tick = look_at_time(services, instance, loaded, moment, read_location_name())
        if not tick.asked:
            yield dg.SkipReason(" ".join(tick.notes))
        elif tick.notes:
            context.log.info(" ".join(tick.notes))
        yield from (dg.RunRequest(run_key=delivery_id, run_config=config) for delivery_id, config in tick.asked)

    is_enabled = loaded.trigger.definition.enabled
    return dg.ScheduleDefinition(
        name=loaded.name,
        cron_schedule=when.cron,
        execution_timezone=when.timezone,
        job_name=loaded.job.name,
        execution_fn=ask_for_runs,
        description=describe_trigger(loaded.plan, loaded.trigger),
        tags={WORKFLOW_TAG: loaded.plan.workflow.id},
        default_status=dg.DefaultScheduleStatus.RUNNING if is_enabled else dg.DefaultScheduleStatus.STOPPED,
    )


def build_trigger_sensors(services: Services, triggers: Sequence[LoadedTrigger]) -> list[dg.SensorDefinition]:
    """A sensor for each trigger that waits for what arrives."""
    return [_build_sensor(services, loaded) for loaded in triggers if isinstance(loaded.trigger.when, Arrival)]


def _build_sensor(services: Services, loaded: LoadedTrigger) -> dg.SensorDefinition:
    def ask_for_runs(context: dg.SensorEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        switch = None
        if context.code_location_origin is not None and context.repository_name is not None:
            switch = Switch.of(context.instance, context.code_location_origin, context.repository_name, loaded.name)
        tick = look_for_arrivals(services, context.instance, loaded, switch, read_location_name())
        if not tick.asked:
            return dg.SkipReason(_describe_tick(tick))
        context.log.info(_describe_tick(tick))
        return [dg.RunRequest(run_key=asked.delivery.id, run_config=asked.run_config) for asked in tick.asked]

    is_enabled = loaded.trigger.definition.enabled
    return dg.SensorDefinition(
        name=loaded.name,
        evaluation_fn=ask_for_runs,
        job_name=loaded.job.name,
        minimum_interval_seconds=_EVERY_SECONDS,
        description=describe_trigger(loaded.plan, loaded.trigger),
        tags={WORKFLOW_TAG: loaded.plan.workflow.id},
        default_status=dg.DefaultSensorStatus.RUNNING if is_enabled else dg.DefaultSensorStatus.STOPPED,
    )


def _describe_tick(tick: TriggerTick) -> str:
    described = [
        f"{delivery.source}: {reason}"
        for delivery, reason in [
            *((asked.delivery, "asks for a run.") for asked in tick.asked),
            *((delivery, f"became run `{run_id}`.") for delivery, run_id in tick.launched),
            *((delivery, f"waits for a place, as run `{run_id}`.") for delivery, run_id in tick.queued),
            *tick.skipped,
            *((delivery, f"a later one came soon, {later.source}.") for delivery, later in tick.replaced),
            *((delivery, "the trigger's condition is false.") for delivery in tick.declined),
            *tick.missed,
        ]
    ]
    more = [f"and {len(described) - 20} more"] if len(described) > 20 else []
    more += [f"{tick.gathering} wait for others"] if tick.gathering else []
    return "; ".join([*described[:20], *more]) or "Nothing has arrived."
