"""What every node's `config` may hold, and how its fields are written."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from agentmesh_dagster.entities.bounds import WEEK_SECONDS, DelaySeconds, MaxAttempts, TimeoutSeconds
from agentmesh_dagster.entities.models import Entity


class Written(StrEnum):
    """How the author writes a field, as an annotation of it; a field without one is fixed when it is saved."""

    TEMPLATE = "template"  # texts in it may hold `{{ expressions }}`
    EXPRESSION = "expression"
    EXPRESSION_OR_TEMPLATE = "expression_or_template"  # a text without `{{` is an expression, anything else a template
    SCHEMA = "schema"  # a JSON Schema, in which `{{` means nothing


class Retry(Entity):
    max_attempts: MaxAttempts = Field(default=1, description="Tries, the first included.")
    delay_seconds: DelaySeconds = Field(default=0, description="Pause before the second try.")
    backoff: Literal["constant", "linear", "exponential"] = Field(
        default="constant", description="How the pause grows from try to try."
    )
    # true is plus_minus
    jitter: bool | Literal["full", "plus_minus"] = Field(
        default=False, description="Varies the pause at random, so that many steps do not come back at once."
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
        default_factory=Retry, description="How often a failed attempt is repeated, and after what pause."
    )
    timeout_seconds: TimeoutSeconds | None = Field(default=None, description="Time limit of one attempt.")
    pool: str | None = Field(
        default=None,
        pattern=r"^\S+$",
        max_length=200,
        description="Dagster concurrency pool: limits how many steps run at once.",
    )


def read_ways(config_type: type[NodeConfig]) -> dict[str, Written]:
    """How the fields of a config are written: wire name → way, of those that are not fixed."""
    return {
        field.alias or name: way
        for name, field in config_type.model_fields.items()
        for way in field.metadata
        if isinstance(way, Written)
    }
