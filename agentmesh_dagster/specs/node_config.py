"""What every node's `config` may hold, and how its fields are written."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeGuard, get_args

from pydantic import Field, model_validator

from agentmesh_dagster.entities.bounds import WEEK_SECONDS, DelaySeconds, MaxAttempts, TimeoutSeconds
from agentmesh_dagster.entities.budgets import Budget
from agentmesh_dagster.entities.models import Entity
from agentmesh_dagster.specs.form import Section, form

_RELIABILITY = Section("Retries, timeout, pool", unset="none", is_last=True)

_BUDGET = Section("Budget", unset="no limit of its own")

_FALLBACK = Section("If it fails", unset="the run fails, unless an edge catches it", is_last=True)


class Written(StrEnum):
    """How the author writes a field, as an annotation of it; a field without one is fixed when it is saved."""

    TEMPLATE = "template"  # texts in it may hold `{{ expressions }}`
    EXPRESSION = "expression"
    EXPRESSION_OR_TEMPLATE = "expression_or_template"  # a text without `{{` is an expression, anything else a template
    SCHEMA = "schema"  # a JSON Schema, in which `{{` means nothing


class Retry(Entity):
    max_attempts: MaxAttempts = Field(default=1, title="Max attempts", description="The first included.")
    delay_seconds: DelaySeconds = Field(default=0, title="Delay (seconds)", description="Before the second attempt.")
    backoff: Literal["constant", "linear", "exponential"] = Field(
        default="constant",
        title="Backoff",
        description="How the delay grows from attempt to attempt.",
        json_schema_extra=form(
            choices={"constant": "Constant", "linear": "Linear", "exponential": "Exponential"},
            only_with=("maxAttempts", ()),
        ),
    )
    # true is plus_minus
    jitter: bool | Literal["full", "plus_minus"] = Field(
        default=False,
        title="Jitter",
        description="Varies the delay at random, so that many steps do not come back at once.",
        json_schema_extra=form(
            choices={False: "No jitter", "plus_minus": "Plus or minus", "full": "Full jitter"},
            only_with=("maxAttempts", ()),
        ),
    )

    @model_validator(mode="after")
    def _waits_within_reason(self) -> Self:
        tries = self.max_attempts - 1
        factor = {"constant": 1, "linear": tries, "exponential": 2**tries - 1}[self.backoff]
        if self.delay_seconds * factor > WEEK_SECONDS:
            raise ValueError("the last delay would be longer than a week: lower maxAttempts or delaySeconds")
        return self


class NodeConfig(Entity):
    """What every node may set."""

    retry: Retry = Field(
        default_factory=Retry,
        title="Retries",
        description="How often a failed attempt is repeated, and after what delay.",
        json_schema_extra=form(section=_RELIABILITY),
    )
    timeout_seconds: TimeoutSeconds | None = Field(
        default=None,
        title="Timeout per attempt",
        description="Time limit of one attempt.",
        json_schema_extra=form(control="duration", section=_RELIABILITY),
    )
    pool: str | None = Field(
        default=None,
        pattern=r"^\S+$",
        max_length=200,
        title="Pool",
        description="Dagster concurrency pool: limits how many steps run at once.",
        json_schema_extra=form(section=_RELIABILITY),
    )


class OnError(Entity):
    output: Any = Field(
        title="Output",
        description="What the node gives when it has failed after its retries. May hold {{ context.error.message }}.",
    )


class WorkConfig(NodeConfig):
    """What a node may set that gives an output of its own."""

    on_error: Annotated[OnError | None, Written.TEMPLATE] = Field(
        default=None,
        title="If it fails",
        description="The output that it has then instead: it counts as succeeded, and the run goes on.",
        json_schema_extra=form(section=_FALLBACK),
    )


class SpendingConfig(WorkConfig):
    """What a node may set of which models are asked, be it by what it runs."""

    budget: Budget | None = Field(
        default=None,
        title="Budget",
        description="What all model calls of the node may use up in a run: over attempts, items, rounds and the runs "
        "that it waits for. A call that would go beyond is not made (budget_exceeded).",
        json_schema_extra=form(section=_BUDGET),
    )


def read_ways(config_type: type[Entity]) -> dict[str, Written]:
    """How the fields of a config are written: wire name → way, of those that are not fixed.

    A field of an object that is itself fixed has a dot in its name: `event.match`.
    """
    ways: dict[str, Written] = {}
    for name, field in config_type.model_fields.items():
        wire_name = field.alias or name
        own = [way for way in field.metadata if isinstance(way, Written)]
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_entity(kind)]
        if own:
            ways[wire_name] = own[0]
        elif inner:
            ways |= {f"{wire_name}.{key}": way for key, way in read_ways(inner[0]).items()}
    return ways


def _is_entity(kind: object) -> TypeGuard[type[Entity]]:
    return isinstance(kind, type) and issubclass(kind, Entity)
