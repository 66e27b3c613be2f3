"""Events that are gathered: of a burst the last starts a run (`debounceSeconds`), or several start one (`batch`).

What belongs together follows from when it came, by the clock of the store, and not from when a sensor looks: so a
sensor that was down, or died, makes the same of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Batch
from agentmesh_dagster.specs.trigger_spec import Arrival
from agentmesh_dagster.store.triggers import Delivery


@dataclass(frozen=True)
class Group:
    """What starts one run."""

    leader: Delivery  # whose id is the run's key
    event: JsonValue  # what the trigger sees as `context.event`
    joined: tuple[Delivery, ...] = ()  # the others


@dataclass(frozen=True)
class Gathered:
    ready: Sequence[Group]
    replaced: Sequence[tuple[Delivery, Delivery]]  # with the last of its burst, so far


def gather(arrived: Sequence[Delivery], when: Arrival, moment: datetime, *, is_all: bool) -> Gathered:
    """What of the events that wait, oldest first, is ready at a moment; `is_all`: no more of them wait."""
    if when.debounce_seconds is not None:
        return _keep_last(arrived, timedelta(seconds=when.debounce_seconds), moment, is_all=is_all)
    assert when.batch is not None
    batches = _divide(arrived, when.batch)
    due = timedelta(seconds=when.batch.max_seconds)
    whole = batches if is_all else batches[:-1] or batches  # what lies behind may belong to the last one
    ready = [one for one in whole if len(one) == when.batch.max_items or one[0].arrived_at + due <= moment]
    return Gathered([Group(one[0], [each.event for each in one], tuple(one[1:])) for one in ready], ())


def _keep_last(arrived: Sequence[Delivery], window: timedelta, moment: datetime, *, is_all: bool) -> Gathered:
    bursts: list[list[Delivery]] = []
    for one in arrived:
        if bursts and one.arrived_at - bursts[-1][-1].arrived_at < window:
            bursts[-1].append(one)
        else:
            bursts.append([one])
    replaced = [(one, burst[-1]) for burst in bursts for one in burst[:-1]]
    last = [burst[-1] for burst in bursts]
    ready = last if is_all else last[:-1]  # what lies behind may follow the last one
    return Gathered([Group(one, one.event) for one in ready if one.arrived_at + window <= moment], replaced)


def _divide(arrived: Sequence[Delivery], batch: Batch) -> list[list[Delivery]]:
    batches: list[list[Delivery]] = []
    span = timedelta(seconds=batch.max_seconds)
    for one in arrived:
        current = batches[-1] if batches else []
        if current and len(current) < batch.max_items and one.arrived_at < current[0].arrived_at + span:
            current.append(one)
        else:
            batches.append([one])
    return batches
