"""Wait: goes on at a time, or when something comes from outside; nothing is held until then."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from agentmesh_dagster.entities.bounds import YEAR_SECONDS, DeadlineSeconds
from agentmesh_dagster.entities.models import Entity
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.form import Section, form
from agentmesh_dagster.specs.node_config import NodeConfig, WorkConfig, Written
from agentmesh_dagster.specs.node_spec import NodeFacts, NodeSpec
from agentmesh_dagster.specs.shapes import Shape

MAX_SECONDS = 10 * YEAR_SECONDS  # as far away as a calendar reaches safely
_EXAMPLE = "2027-01-31T09:00:00+01:00"
_AWAITED = ("seconds", "until", "event", "callback")  # the fields that say for what, of which a wait has one
_TIMEOUT = Section("Timeout", unset="No timeout")


class AwaitedEvent(Entity):
    name: str = Field(
        min_length=1,
        max_length=255,
        pattern=r"\S",
        title="Event",
        description="Its name: what is posted to /api/events/NAME.",
        examples=["order.paid"],
    )
    match: Annotated[str | None, Written.EXPRESSION] = Field(
        default=None,
        title="Match",
        description="Only an event for which this is true: a condition over `context.event`, its body, and all else.",
        examples=["context.event.orderId == context.input.orderId"],
    )


class WaitConfig(WorkConfig):
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
    event: AwaitedEvent | None = Field(
        default=None,
        title="Event",
        description="Goes on with the earliest event of this name since the run began, which no other wait gets.",
    )
    callback: bool = Field(
        default=False,
        title="Callback",
        description=(
            "Goes on when a service posts JSON to an address of this wait's own, which nodes before it hand out: "
            "{{ context.callbacks.NODE }}."
        ),
    )
    # Of a wait it says how long that is; a step that waits is at work for no time.
    timeout_seconds: DeadlineSeconds | None = Field(
        default=None,
        title="Timeout",
        description="How long to wait for an event or a callback.",
        json_schema_extra=form(control="duration", section=_TIMEOUT),
    )
    on_timeout: Literal["fail", "continue"] = Field(
        default="fail",
        title="On timeout",
        description="What happens when nothing came by then.",
        json_schema_extra=form(
            choices={"fail": "Fail the step", "continue": "Go on with null"},
            section=_TIMEOUT,
            only_with=("timeoutSeconds", ()),
        ),
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
    return [name for name in _AWAITED if (value := getattr(config, name)) is not None and value is not False]


def _list_issues(facts: NodeFacts) -> Iterator[FieldIssue]:
    config = facts.config
    if not isinstance(config, WaitConfig):
        return
    awaited = _list_awaited(config)
    choices = join_names(_AWAITED, "or")
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
    yield from _list_timeout_issues(facts.title, config, awaited)
    if "retry" in config.model_fields_set:
        message = "`retry` has no effect on a wait: one that was over is waited for again when the run is retried."
        yield FieldIssue("setting-not-for-waits", "retry", f"{message} Remove it.")


def _list_timeout_issues(title: str, config: WaitConfig, awaited: list[str]) -> Iterator[FieldIssue]:
    given = config.model_fields_set
    if config.timeout_seconds is not None and awaited and awaited[0] in ("seconds", "until"):
        message = f"`timeoutSeconds` of {quote(title)} never happens, since it waits for a time: remove it."
        yield FieldIssue("setting-without-effect", "timeoutSeconds", message, is_warning=True)
    elif "on_timeout" in given and config.timeout_seconds is None:
        message = f"`onTimeout` of {quote(title)} never happens: set `timeoutSeconds` too, or remove it."
        yield FieldIssue("setting-without-effect", "onTimeout", message, is_warning=True)


def _read_output(facts: NodeFacts) -> Shape | None:
    """After a time the input goes on unchanged; of what comes from outside nothing is known."""
    config = facts.config
    return facts.input if isinstance(config, WaitConfig) and not _is_from_outside(config) else None


def _is_from_outside(config: WaitConfig) -> bool:
    return config.event is not None or config.callback


def _describe(facts: NodeFacts) -> str:
    config = facts.config
    if not isinstance(config, WaitConfig):
        return ""
    if config.event is not None:
        match = f" with `{config.event.match}`" if config.event.match else ""
        return f"Waits for the event `{config.event.name}`{match}."
    if config.callback:
        return "Waits for a callback."
    return f"Waits until {config.until}." if config.seconds is None else f"Waits {config.seconds} seconds."


def _takes_callback(config: NodeConfig) -> bool:
    return isinstance(config, WaitConfig) and config.callback


SPEC = NodeSpec(
    type="wait",
    label="Wait",
    purpose="Goes on later: nothing is held meanwhile.",
    icon="clock",
    stem="wait",
    kind="wait",
    config=WaitConfig,
    waits=True,
    takes_callback=_takes_callback,
    own_context={"event.match": frozenset({"event"})},
    summary="Wait",
    tone="wait",
    output=_read_output,
    describe=_describe,
    list_issues=_list_issues,
)
