"""Waits: the step holds nothing until its time has come, or what it waits for; a short time outside of an `each` is
slept where it is.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.text import shorten
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.runtime.work import NodeError, Result, WaitRequest, Work
from agentmesh_dagster.specs.nodes.wait import MAX_SECONDS, NotATime, WaitConfig, read_moment, read_seconds
from agentmesh_dagster.store.waits import WaitKind

_SHORT_SECONDS = 5.0  # a launch to go on costs about as much as to sleep so long
_NAP_SECONDS = 0.1  # so that whoever stops the step need not wait for it

Read = TypeVar("Read")


class InvalidTime(NodeError):
    """This time cannot be waited for."""

    code = FaultCode.INVALID_INPUT


def run(work: Work) -> Result:
    """Waits for an event or a callback, which gives the output, or for a time: then the input goes on unchanged."""
    config = work.node.config
    assert isinstance(config, WaitConfig)
    if config.event is not None:
        event = WaitRequest(WaitKind.EVENT, due_in_seconds=config.timeout_seconds, event_name=config.event.name)
        return Result(None, wait=event, notes={"waits for": f"the event {config.event.name}"})
    if config.callback:
        callback = WaitRequest(WaitKind.CALLBACK, due_in_seconds=config.timeout_seconds)
        return Result(None, wait=callback, notes={"waits for": "a callback"})
    return _wait_for_time(work, config)


def _wait_for_time(work: Work, config: WaitConfig) -> Result:
    moment = datetime.now(UTC)
    if config.seconds is not None:
        seconds = _read(work, "seconds", read_seconds)
        until, wait = moment + timedelta(seconds=seconds), WaitRequest(WaitKind.TIMER, due_in_seconds=seconds)
    else:
        until = _read(work, "until", read_moment).astimezone(UTC)
        seconds, wait = (until - moment).total_seconds(), WaitRequest(WaitKind.TIMER, due_at=until)
        if seconds > MAX_SECONDS:
            raise InvalidTime(f"`until` is {until.isoformat()}, more than 10 years away")
    notes: dict[str, JsonValue] = {"waits for": "a time", "until": until.isoformat(timespec="seconds")}
    is_repeated = "item" in work.context  # many short sleeps in few threads would be a long one
    if seconds < _SHORT_SECONDS and not is_repeated:
        _sleep(seconds)
        return Result(work.input, notes=notes)
    return Result(None, wait=wait, notes=notes)


def _read(work: Work, name: str, read: Callable[[object], Read]) -> Read:
    value = work.render(name)
    try:
        return read(value)
    except NotATime as fault:
        raise InvalidTime(f"`{name}` {fault}; here it is {shorten(write_json(value))}") from fault


def _sleep(seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _NAP_SECONDS))
