"""Triggers: what has arrived for one becomes a run, exactly one, however often its sensor is interrupted.

Dagster creates and queues the runs that a sensor asks for, and its ticks show them. The store decides: it knows what
has arrived, and a second run for the same, should Dagster make one, does nothing (`register_launch`).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import dagster as dg

from agentmesh_dagster.control.asset_versions import take_over_versions
from agentmesh_dagster.control.dagster_internals import (
    CodeLocationOrigin,
    InstigatorStatus,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from agentmesh_dagster.control.gathering import Group, gather
from agentmesh_dagster.control.launch import check_input
from agentmesh_dagster.control.trigger_places import TickPlaces, queue_triggered_run
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.errors import AgentMeshError, InvalidValue
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.triggers import GraphTrigger, TriggerFault
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.specs.trigger_spec import Arrival, NewVersions, Schedule
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.triggers import (
    Asker,
    Delivery,
    DeliveryState,
    close_delivery,
    find_enabled_at,
    get_delivery,
    join_deliveries,
    list_due_deliveries,
    list_joined,
    replace_deliveries,
    request_delivery,
    take_delivery,
)
from agentmesh_dagster.translator.dagster_runs import DELIVERY_TAG, build_run_config, read_input, read_instance_id

_TICK_SECONDS = 30.0  # Dagster gives a tick 60
_LOOKED_AT = 500  # in one tick
_RUNS_A_TICK = 25  # the daemon creates some two a second, and other sensors wait meanwhile
_BYTES_A_TICK = 2_000_000  # of run configs: Dagster keeps them with the tick, too
_SLACK_SECONDS = 60.0  # between the clock of the database and that of Dagster
_TOLD = 5  # faults in one message


class NoRunForThis(AgentMeshError):
    """Some of what has arrived cannot become a run; the rest is not held up."""


@dataclass(frozen=True)
class LoadedTrigger:
    """A trigger as a code server has loaded it."""

    plan: Plan
    trigger: GraphTrigger
    job: dg.JobDefinition

    @property
    def name(self) -> str:
        """Of its schedule or sensor; unique over all workflows."""
        return f"{self.job.name}__{self.trigger.name}"


@dataclass(frozen=True)
class Switch:
    """A sensor as Dagster's Automation page shows it, with its ticks."""

    instance: dg.DagsterInstance
    origin_id: str
    selector_id: str

    @classmethod
    def of(
        cls, instance: dg.DagsterInstance, location: CodeLocationOrigin, repository_name: str, sensor_name: str
    ) -> "Switch":
        origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, repository_name), sensor_name)
        return cls(instance, origin.get_id(), origin.get_selector().get_id())

    def read_switched_on_at(self) -> datetime | None:
        """When somebody switched it on there; None: it is on because the document has it enabled."""
        state = self.instance.get_instigator_state(self.origin_id, self.selector_id)
        if state is None or state.status is not InstigatorStatus.RUNNING:
            return None
        moment: float | None = getattr(state.instigator_data, "last_sensor_start_timestamp", None)
        return None if moment is None else datetime.fromtimestamp(moment, UTC)

    def has_made_a_run(self, delivery: Delivery) -> bool:
        """Whether a tick says that the run it was asked for was there: then a run that is missing was deleted."""
        assert delivery.requested_at is not None
        since = delivery.requested_at.timestamp() - _SLACK_SECONDS
        ticks = self.instance.get_ticks(self.origin_id, self.selector_id, after=since, limit=50)
        return any(delivery.id in tick.run_keys for tick in ticks)


@dataclass(frozen=True)
class Asked:
    """A run that Dagster is to make."""

    delivery: Delivery
    run_config: dict[str, Any]
    joined: tuple[Delivery, ...] = ()  # what else starts it


@dataclass
class TriggerTick:
    """What one tick of a trigger's sensor found and decided."""

    asked: list[Asked] = field(default_factory=list[Asked])
    launched: list[tuple[Delivery, str]] = field(default_factory=list[tuple[Delivery, str]])  # with the run's id
    queued: list[tuple[Delivery, str]] = field(default_factory=list[tuple[Delivery, str]])  # with the run's id
    skipped: list[tuple[Delivery, str]] = field(default_factory=list[tuple[Delivery, str]])  # with the reason
    declined: list[Delivery] = field(default_factory=list[Delivery])  # by the trigger's condition
    missed: list[tuple[Delivery, str]] = field(default_factory=list[tuple[Delivery, str]])  # with the reason
    failed: list[tuple[Delivery, str]] = field(default_factory=list[tuple[Delivery, str]])  # with the reason
    replaced: list[tuple[Delivery, Delivery]] = field(default_factory=list[tuple[Delivery, Delivery]])  # by a later one
    lost: list[Group] = field(default_factory=list[Group])  # those of `failed` that are several events
    gathering: int = 0  # events that wait for others
    bytes: int = 0  # of the run configs

    @property
    def is_full(self) -> bool:
        return len(self.asked) >= _RUNS_A_TICK or self.bytes >= _BYTES_A_TICK


def build_trigger_config(services: Services, loaded: LoadedTrigger, event: JsonValue) -> dict[str, Any]:
    """The run config of the run that an event starts. Raises TriggerFault, InvalidValue, DagsterInvalidConfigError."""
    run_input = check_input(loaded.plan.workflow, loaded.trigger.build_input(event))
    run_config = build_run_config(loaded.plan, run_input, log_level=services.settings.console_log_level)
    dg.validate_run_config(loaded.job, run_config)
    return run_config


def queue_run_of(
    tx: Connection,
    loaded: LoadedTrigger,
    delivery_id: str,
    run_config: Mapping[str, Any],
    asker: Asker,
    begins_at: datetime | None = None,
) -> str:
    """Writes down a run that has to wait, for a place or for its moment; its id."""
    what = "schedule" if isinstance(loaded.trigger.when, Schedule) else "sensor"
    return queue_triggered_run(
        tx,
        loaded.plan,
        loaded.job.name,
        read_input(loaded.plan, run_config),
        delivery_id=delivery_id,
        instance_id=asker.instance_id,
        by=f"{what}: {loaded.name}",
        begins_at=begins_at,
    )


def look_for_arrivals(
    services: Services, instance: dg.DagsterInstance, loaded: LoadedTrigger, switch: Switch | None, location: str
) -> TriggerTick:
    """What Dagster is to be asked for now, derived from the store alone; as much as one tick can do.

    `location` names the code location that asks. Raises NoRunForThis, with nothing asked for in that tick: what it
    tells of is told once, and what else has arrived follows at the next.
    """
    asker = Asker(read_instance_id(instance), location)
    workflow_id, key = loaded.plan.workflow.id, loaded.trigger.key
    when = loaded.trigger.when
    assert isinstance(when, Arrival)
    if isinstance(when, NewVersions) and (since := _find_on_since(services, loaded, switch)):
        take_over_versions(services, instance, workflow_id, key, when.source, since)
    limit = max(_LOOKED_AT, when.batch.max_items + 1 if when.batch else 0)
    with services.store.read() as connection:
        due = list_due_deliveries(connection, workflow_id, key, asker, limit=limit)
        moment = now(connection)
    tick = TriggerTick()
    if not due:
        return tick
    started = time.monotonic()
    on_since = _find_on_since(services, loaded, switch)
    fresh: list[Delivery] = []
    is_all = len(due) < limit
    for delivery_id in due:
        with services.store.read() as connection:
            delivery = get_delivery(connection, delivery_id)
        if delivery.requested_at is not None:
            if not _has_come_of_it(tick, instance, switch, delivery):
                _plan_run(tick, services, loaded, _read_group(services, when, delivery))
        elif _is_wanted(tick, loaded, delivery, on_since):
            if when.gathers:
                fresh.append(delivery)
            else:
                _plan_run(tick, services, loaded, Group(delivery, delivery.event))
        if tick.is_full or time.monotonic() - started > _TICK_SECONDS:
            is_all = is_all and delivery_id == due[-1]
            break
    if fresh:
        gathered = gather(fresh, when, moment, is_all=is_all)
        tick.replaced.extend(gathered.replaced)
        for group in gathered.ready[: _RUNS_A_TICK - len(tick.asked)]:
            _plan_run(tick, services, loaded, group)
        tick.gathering = len(fresh) - len(gathered.replaced) - sum(1 + len(one.joined) for one in gathered.ready)
    _write_down(services, loaded, tick, asker)
    crash_point(CrashPoint.RUN_ASKED_FOR)
    if tick.failed:
        raise NoRunForThis("; ".join(f"{delivery.source}: {reason}" for delivery, reason in tick.failed[:_TOLD]))
    return tick


def _find_on_since(services: Services, loaded: LoadedTrigger, switch: Switch | None) -> datetime | None:
    """Since when the trigger is on; what came before starts nothing."""
    if switch and (switched_on_at := switch.read_switched_on_at()):
        return switched_on_at
    with services.store.read() as connection:
        return find_enabled_at(connection, loaded.plan.workflow.id, loaded.trigger.key)


def _read_group(services: Services, when: Arrival, leader: Delivery) -> Group:
    """What was asked for before, as it was."""
    if when.batch is None:
        return Group(leader, leader.event)
    with services.store.read() as connection:
        joined = list_joined(connection, leader.id)
    return Group(leader, [each.event for each in (leader, *joined)], tuple(joined))


def _has_come_of_it(tick: TriggerTick, instance: dg.DagsterInstance, switch: Switch | None, delivery: Delivery) -> bool:
    """Whether Dagster has done with what an earlier tick asked it for."""
    found = instance.get_runs(dg.RunsFilter(tags={DELIVERY_TAG: delivery.id}), limit=1)
    if found and found[0].status is not dg.DagsterRunStatus.NOT_STARTED:
        tick.launched.append((delivery, found[0].run_id))
        return True
    if not found and switch is not None and switch.has_made_a_run(delivery):
        tick.missed.append((delivery, "Its run was deleted in Dagster before it began."))
        return True
    return False  # asked for once more, Dagster makes it, or queues the one that it has made


def _is_wanted(tick: TriggerTick, loaded: LoadedTrigger, delivery: Delivery, on_since: datetime | None) -> bool:
    if on_since is not None and delivery.arrived_at < on_since:
        tick.missed.append((delivery, "It came while the trigger was switched off."))
        return False
    try:
        is_met = loaded.trigger.is_met_by(delivery.event)
    except TriggerFault as fault:
        tick.failed.append((delivery, str(fault)))
        return False
    if not is_met:
        tick.declined.append(delivery)
    return is_met


def _plan_run(tick: TriggerTick, services: Services, loaded: LoadedTrigger, group: Group) -> None:
    try:
        run_config = build_trigger_config(services, loaded, group.event)
    except (TriggerFault, InvalidValue, dg.DagsterInvalidConfigError) as fault:
        tick.failed.append((group.leader, str(fault)))
        tick.lost.append(group)
        return
    tick.asked.append(Asked(group.leader, run_config, group.joined))
    tick.bytes += len(write_json(run_config))


def _write_down(services: Services, loaded: LoadedTrigger, tick: TriggerTick, asker: Asker) -> None:
    with services.store.begin() as tx:
        places = TickPlaces.lock(tx, loaded.plan.workflow.id, asker.instance_id)
        for delivery, run_id in tick.launched:
            take_delivery(tx, delivery.id, run_id)
        for delivery in tick.declined:
            close_delivery(tx, delivery.id, DeliveryState.DECLINED, "The trigger's condition is false.")
        for delivery, reason in tick.missed:
            close_delivery(tx, delivery.id, DeliveryState.MISSED, reason)
        for delivery, reason in tick.failed:
            close_delivery(tx, delivery.id, DeliveryState.FAILED, reason)
        for group in tick.lost:
            _join(tx, group.leader, group.joined)
        for last, gone in _group_by_last(tick.replaced):
            replace_deliveries(tx, gone, last.id, f"A later one came soon: {last.source}.")
        if not tick.failed:
            tick.asked = [asked for asked in tick.asked if _ask(tx, loaded, tick, asked, asker, places)]


def _group_by_last(replaced: Sequence[tuple[Delivery, Delivery]]) -> Iterator[tuple[Delivery, list[str]]]:
    """The last of each burst, and the ids of the others."""
    for _, burst in groupby(replaced, key=lambda pair: pair[1].id):
        gone, lasts = zip(*burst, strict=True)
        yield lasts[0], [each.id for each in gone]


def _ask(
    tx: Connection, loaded: LoadedTrigger, tick: TriggerTick, asked: Asked, asker: Asker, places: TickPlaces
) -> bool:
    """Whether Dagster is to be asked for the run."""
    delivery = asked.delivery
    if not request_delivery(tx, delivery, asker):
        return False  # another instance, or another code server of this one, has asked meanwhile
    _join(tx, delivery, asked.joined)
    if delivery.requested_at is not None:
        return True  # it was asked for before, and may be there
    if not places.is_full:
        places.asked += 1
        return True
    if (reason := places.reason_to_skip) is not None:
        close_delivery(tx, delivery.id, DeliveryState.SKIPPED, reason)
        tick.skipped.append((delivery, reason))
    else:
        places.is_queue = True
        tick.queued.append((delivery, queue_run_of(tx, loaded, delivery.id, asked.run_config, asker)))
    return False


def _join(tx: Connection, leader: Delivery, joined: Sequence[Delivery]) -> None:
    if joined:
        join_deliveries(tx, [each.id for each in joined], leader.id, f"One batch with {leader.source}.")
