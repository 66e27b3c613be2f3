"""Wait: goes on at a time; nothing is held until then."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from agentmesh_dagster.entities.bounds import YEAR_SECONDS
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.node_config import NodeConfig, Written
from agentmesh_dagster.specs.node_spec import NodeFacts, NodeSpec
from agentmesh_dagster.specs.shapes import Shape

MAX_SECONDS = 10 * YEAR_SECONDS  # as far away as a calendar reaches safely
_EXAMPLE = "2027-01-31T09:00:00+01:00"
_AWAITED = {"seconds": "seconds", "until": "until"}


class WaitConfig(NodeConfig):
    seconds: Annotated[Any, Written.TEMPLATE] = Field(
        default=None,
        title="Seconds",
        description="Goes on after so many seconds: a number, or a template that gives one.",
        examples=[3600, "{{ context.last_output.retryAfter }}"],
    )
    until: Annotated[Any, Written.TEMPLATE] = Field(
        default=None,
        title="Until",
        description="Goes on at this time: ISO 8601 with its time zone, or a template that gives one.",
        examples=[_EXAMPLE, "{{ context.input.publishAt }}"],
    )


class NotATime(ValueError):
    """Not a time that can be waited for."""


def read_seconds(value: object) -> float:
    """Raises NotATime, with what is wrong."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotATime("must be a number of seconds")
    if not 0 <= value <= MAX_SECONDS:
        raise NotATime(f"must be between 0 and {MAX_SECONDS:,} (10 years)")
    return float(value)


def read_moment(value: object) -> datetime:
    """Raises NotATime, with what is wrong."""
    if not isinstance(value, str):
        raise NotATime(f"must be a time, as text in ISO 8601, such as {_EXAMPLE}")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise NotATime(f"must be a time in ISO 8601, such as {_EXAMPLE}") from None
    if moment.tzinfo is None:
        raise NotATime(f"must say its time zone: write {value.strip()}Z for UTC, or an offset as in {_EXAMPLE}")
    return moment


def _list_awaited(config: WaitConfig) -> list[str]:
    """The fields that say what is waited for, by wire name."""
    return [field for name, field in _AWAITED.items() if getattr(config, name) is not None]


def _list_issues(facts: NodeFacts) -> Iterator[FieldIssue]:
    config = facts.config
    if not isinstance(config, WaitConfig):
        return
    awaited = _list_awaited(config)
    choices = join_names(_AWAITED.values(), "or")
    if not awaited:
        yield FieldIssue(
            "waits-for-nothing", "seconds", f"{quote(facts.title)} does not say what it waits for: set {choices}."
        )
    for field in awaited[1:]:
        message = f"{quote(facts.title)} waits for one thing, and here are {join_names(awaited)}: keep one of them."
        yield FieldIssue("waits-for-several", field, message)
    for name, read, code in (("seconds", read_seconds, "bad-seconds"), ("until", read_moment, "bad-time")):
        value = getattr(config, name)
        if value is None or (isinstance(value, str) and "{{" in value):
            continue
        try:
            read(value)
        except NotATime as fault:
            yield FieldIssue(code, name, f"`{name}` of {quote(facts.title)} {fault}.")
    if "retry" in config.model_fields_set:
        message = "`retry` has no effect on a wait: one that was over is waited for again when the run is retried."
        yield FieldIssue("setting-not-for-waits", "retry", f"{message} Remove it.")


def _read_output(facts: NodeFacts) -> Shape | None:
    """After a time the input goes on unchanged."""
    return facts.input


def _describe(facts: NodeFacts) -> str:
    config = facts.config
    if not isinstance(config, WaitConfig):
        return ""
    if config.seconds is not None:
        return f"Waits {config.seconds} seconds."
    return f"Waits until {config.until}."


SPEC = NodeSpec(
    type="wait",
    label="Wait",
    purpose="Goes on later: nothing is held meanwhile.",
    icon="clock",
    stem="wait",
    kind="wait",
    config=WaitConfig,
    waits=True,
    summary="Wait",
    tone="wait",
    output=_read_output,
    describe=_describe,
    list_issues=_list_issues,
)
