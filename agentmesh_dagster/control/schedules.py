"""Times of cron triggers: which of them start a run, also of those that were missed, and when it begins.

Dagster itself makes up for the last time that was missed, and for no other. So one tick may ask for several runs.
"""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from agentmesh_dagster.control.dagster_internals import (
    SCHEDULED_EXECUTION_TIME_TAG,
    InstigatorType,
    get_current_datetime,
    reverse_cron_string_iterator,
)
from agentmesh_dagster.control.resume import submit_prepared
from agentmesh_dagster.control.trigger_places import TickPlaces
from agentmesh_dagster.control.triggers import LoadedTrigger, NoRunForThis, build_trigger_config, queue_run_of
from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.errors import InvalidValue
from agentmesh_dagster.graph.triggers import TriggerFault
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.specs.trigger_spec import Schedule
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.trigger_times import (
    CronTick,
    find_last_time,
    list_open_times,
    note_no_run,
    take_cron_tick,
    write_time,
)
from agentmesh_dagster.store.triggers import Asker, DeliveryState, close_delivery, find_enabled_at, take_delivery
from agentmesh_dagster.translator.dagster_runs import DELIVERY_TAG, read_instance_id

_IS_LATE = timedelta(seconds=60)  # a daemon that lives comes within seconds
_NOTED = 20  # missed times that are written down one by one


@dataclass
class ScheduleTick:
    """What one tick of a schedule asks Dagster for, and what it has to say."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])  # id, run config
    notes: list[str] = field(default_factory=list[str])  # why no run is asked for, time by time
    faults: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class _Times:
    """The times that a tick is about."""

    wanted: Sequence[datetime]  # oldest first
    missed: Sequence[tuple[datetime, str]]  # with the reason why they start nothing
    forgotten: bool = False  # there are more of these, longer ago


def build_time_config(services: Services, loaded: LoadedTrigger, time: datetime) -> dict[str, Any]:
    """The run config of the run of a time. Raises as `build_trigger_config`."""
    return build_trigger_config(services, loaded, {"scheduledAt": write_time(time)})


def look_at_time(
    services: Services, instance: dg.DagsterInstance, loaded: LoadedTrigger, time: datetime, location: str
) -> ScheduleTick:
    """What Dagster is to be asked for at a time, for the code location that asks: of several on one store one does.

    Where there is no place for one more run, it waits for one here, or there is none, with a reason. Raises
    NoRunForThis if an input is at fault and nothing else is asked for.
    """
    asker = Asker(read_instance_id(instance), location)
    when = loaded.trigger.when
    assert isinstance(when, Schedule)
    times = _choose_times(services, instance, loaded, when, time, asker)
    tick = ScheduleTick()
    configs: dict[datetime, dict[str, Any]] = {}
    unfit: dict[datetime, str] = {}
    for wanted in times.wanted:
        try:
            configs[wanted] = build_time_config(services, loaded, wanted)
        except (TriggerFault, InvalidValue, dg.DagsterInvalidConfigError) as fault:
            unfit[wanted] = str(fault)
    workflow_id, key = loaded.plan.workflow.id, loaded.trigger.key
    with services.store.begin() as tx:
        places = TickPlaces.lock(tx, workflow_id, asker.instance_id)
        for missed, reason in times.missed:
            note_no_run(tx, workflow_id, key, missed, DeliveryState.MISSED, reason)
        for faulty, reason in unfit.items():
            note_no_run(tx, workflow_id, key, faulty, DeliveryState.FAILED, reason)
        taken = [(_take(tx, loaded, when, moment, config, asker, places), config) for moment, config in configs.items()]
    crash_point(CrashPoint.RUN_ASKED_FOR)
    for found, config in taken:
        if _is_to_ask(services, instance, found, time):
            tick.asked.append((found.delivery_id, config))
        else:
            tick.notes.append(_describe(found))
    tick.notes += [f"{write_time(missed)}: {reason}" for missed, reason in times.missed]
    tick.notes += ["More times were missed before."] if times.forgotten else []
    if unfit and not tick.asked:
        raise NoRunForThis("; ".join(f"{write_time(moment)}: {reason}" for moment, reason in unfit.items()))
    return tick


def _choose_times(
    services: Services,
    instance: dg.DagsterInstance,
    loaded: LoadedTrigger,
    when: Schedule,
    time: datetime,
    asker: Asker,
) -> _Times:
    with services.store.read() as connection:
        left = list_open_times(connection, loaded.plan.workflow.id, loaded.trigger.key, asker)
    is_late = get_current_datetime() - time > _IS_LATE  # else the daemon is there
    wanted = [moment for moment in left if moment < time]
    missed = _list_missed(services, instance, loaded, when, time)
    forgotten = len(missed) > when.max_catch_up + _NOTED
    reason = f"Missed while Dagster's daemon was not there (`catchUp: {when.catch_up}`)."
    if when.catch_up == "none" and is_late:
        missed.append(time)
    else:
        if when.catch_up == "all":
            first = max(0, len(missed) - when.max_catch_up + is_late)
            wanted += missed[first:]
            missed = missed[:first]
            reason = f"Missed, and as many as `maxCatchUp` allows ({when.max_catch_up}) have come since."
        wanted.append(time)
    return _Times(wanted, [(moment, reason) for moment in missed[-_NOTED:]], forgotten or len(missed) > _NOTED)


def _list_missed(
    services: Services, instance: dg.DagsterInstance, loaded: LoadedTrigger, when: Schedule, time: datetime
) -> list[datetime]:
    """The times before this one of which nothing is known, since the trigger was switched on; oldest first.

    The newest of them, as many as may be made up for and some more.
    """
    with services.store.read() as connection:
        about = loaded.plan.workflow.id, loaded.trigger.key
        since = [find_last_time(connection, *about, time), find_enabled_at(connection, *about)]
    floor = max((moment for moment in since if moment is not None), default=None)
    if floor is None:
        return []
    before = reverse_cron_string_iterator(time.timestamp(), when.cron, when.timezone)
    newest = itertools.takewhile(lambda moment: moment > floor, (moment for moment in before if moment < time))
    missed = list(itertools.islice(newest, when.max_catch_up + _NOTED + 1))[::-1]
    switched_on_at = _find_switched_on_at(instance, loaded.name) if missed else None
    return [moment for moment in missed if switched_on_at is None or moment >= switched_on_at]


def _find_switched_on_at(instance: dg.DagsterInstance, name: str) -> datetime | None:
    """Since when the schedule runs, as Dagster has it: what came before it was switched on was not missed."""
    found = instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
    started = [
        getattr(state.instigator_data, "start_timestamp", None) for state in found if state.instigator_name == name
    ]
    newest = max((moment for moment in started if moment is not None), default=None)
    return None if newest is None else datetime.fromtimestamp(newest, get_current_datetime().tzinfo)


def _take(
    tx: Connection,
    loaded: LoadedTrigger,
    when: Schedule,
    time: datetime,
    run_config: Mapping[str, Any],
    asker: Asker,
    places: TickPlaces,
) -> CronTick:
    found = take_cron_tick(tx, loaded.plan.workflow.id, loaded.trigger.key, time, asker)
    if not found.is_new:
        return found
    begins_at = _find_beginning(loaded, when, time)
    is_put_off = begins_at > get_current_datetime()
    if not places.is_full and not is_put_off:
        places.asked += 1
        return found
    if (reason := places.reason_to_skip) is not None:
        close_delivery(tx, found.delivery_id, DeliveryState.SKIPPED, reason)
        return replace(found, is_ours=False, reason=reason)
    run_id = queue_run_of(tx, loaded, found.delivery_id, run_config, asker, begins_at if is_put_off else None)
    waits = f"begins at {write_time(begins_at)} (`jitterSeconds`)" if is_put_off else "waits for a place"
    return replace(found, is_ours=False, run_id=run_id, reason=f"The run `{run_id}` {waits}.")


def _find_beginning(loaded: LoadedTrigger, when: Schedule, time: datetime) -> datetime:
    """When the run of a time begins: the same whoever asks, and spread over workflows and times."""
    named = f"{loaded.plan.workflow.id}\x1f{loaded.trigger.key}\x1f{write_time(time)}"
    share = int.from_bytes(hashlib.sha256(named.encode()).digest()[:8]) / 2**64
    return time + timedelta(seconds=share * when.jitter_seconds)


def _is_to_ask(services: Services, instance: dg.DagsterInstance, found: CronTick, time: datetime) -> bool:
    """Whether Dagster is to be asked; it may have made the run in a tick that was broken off."""
    if not found.is_ours or found.is_new or found.scheduled_at == time:
        return found.is_ours  # of this very tick Dagster finds the run by itself
    made = instance.get_runs(dg.RunsFilter(tags={DELIVERY_TAG: found.delivery_id}), limit=1)
    if not made or made[0].tags.get(SCHEDULED_EXECUTION_TIME_TAG) == time.isoformat():
        return True
    submit_prepared(instance, made[0].run_id)
    with services.store.begin() as tx:
        take_delivery(tx, found.delivery_id, made[0].run_id)
    return False


def _describe(found: CronTick) -> str:
    by = f"it is run `{found.run_id}`" if found.run_id else "another code location or instance asks for it"
    time = write_time(found.scheduled_at)
    return f"{time}: {found.reason}" if found.reason else f"There is one run for {time}: {by}."
