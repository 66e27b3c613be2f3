"""What a workflow gives, as an asset of Dagster's: its key, partitions, automation and checks."""

from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from agentmesh_dagster.entities.bounds import MaxAgeSeconds
from agentmesh_dagster.entities.entity import Entity, Id, Name

MAX_CHECKS, MAX_PARTS, MAX_DEPS, MAX_STATIC_PARTITIONS = 50, 50, 200, 10_000

Severity = Literal["warn", "error"]


def _join_parts(value: Any) -> Any:
    """`[ai, brief]` is another spelling of `ai/brief`."""
    if not isinstance(value, list):
        return value
    parts = cast("list[object]", value)
    texts = [part for part in parts if isinstance(part, str) and "/" not in part]
    return "/".join(texts) if parts and texts == parts else parts


def _check_key(key: str) -> str:
    if not all(part.strip() for part in key.split("/")):
        raise ValueError("must be parts with `/` between them, such as `ai/brief`; one of them is empty")
    return key


# As Dagster's UI writes it: the parts with `/` between them.
AssetKey = Annotated[Name, BeforeValidator(_join_parts), AfterValidator(_check_key)]


class _ExactlyOne(Entity):
    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        names = [field.alias or name for name, field in type(self).model_fields.items()]
        given = [name for name in self.model_fields_set if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(names)}")
        return self


class TimePartitions(Entity):
    """One partition for each hour, day, week or month since a time."""

    start: str = Field(description="The first one: 2026-11-30, for hours 2026-11-30-00:00.")
    timezone: str = Field(default="UTC", description="IANA name such as Europe/Berlin.")


class Partitions(_ExactlyOne):
    """Into which parts an asset is cut; a run makes one of them."""

    hourly: TimePartitions | None = Field(default=None, description="One for each hour.")
    daily: TimePartitions | None = Field(default=None, description="One for each day.")
    weekly: TimePartitions | None = Field(default=None, description="One for each week, from Sunday on.")
    monthly: TimePartitions | None = Field(default=None, description="One for each month.")
    static: Annotated[list[Name], Field(min_length=1, max_length=MAX_STATIC_PARTITIONS)] | None = Field(
        default=None, description="The keys themselves."
    )
    dynamic: Name | None = Field(default=None, description="The name of the set, to which keys are added in Dagster.")


class CronAutomation(Entity):
    """Dagster asks for the asset at these times, once what it depends on has been made since."""

    cron: str = Field(description="When: minute, hour, day of month, month, day of week.")
    timezone: str = Field(default="UTC", description="IANA name such as Europe/Berlin.")


Automation = Literal["eager", "onMissing"] | CronAutomation


class Freshness(Entity):
    """How old the newest version may be."""

    within: MaxAgeSeconds | None = Field(default=None, description="Seconds since it was made.")
    cron: str | None = Field(default=None, description="By when it must have been made: a cron expression.")
    lower_bound_seconds: MaxAgeSeconds | None = Field(
        default=None, description="With `cron`: it counts if it was made at most so many seconds before."
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.within is None) == (self.cron is None):
            raise ValueError("give either `within` or `cron`")
        if (self.cron is None) != (self.lower_bound_seconds is None):
            raise ValueError("`cron` and `lowerBoundSeconds` belong together")
        return self


class AssetCheck(Entity):
    """Something that must hold of what the workflow gives."""

    name: Name = Field(description="As Dagster shows it; unique among the asset's checks.")
    condition: str = Field(description="An expression over context, the run's output in context.output included.")
    severity: Severity = Field(default="error", description="How bad it is that it fails: `warn` or `error`.")
    blocking: bool = Field(default=False, description="With severity `error`: the run fails when the check does.")
    ask: bool = Field(default=False, description="Before the run ends, a person is asked when the check fails.")


class _Described(Entity):
    key: AssetKey = Field(description="Unique among all assets, such as `ai/brief`.")
    description: str | None = Field(default=None, description="For people; the workflow's unless given.")
    group: Name | None = Field(default=None, description="Under which Dagster shows it: letters, digits and _.")
    owners: list[str] = Field(default_factory=list[str], description="Mail addresses, or teams as `team:name`.")
    tags: dict[str, str] = Field(default_factory=dict[str, str], description="To find it by in Dagster.")
    kinds: list[str] = Field(default_factory=list[str], description="What Dagster shows with icons, such as `openai`.")


class AssetPart(_Described):
    """The output of one node, as an asset of its own, made by the same run."""


class Asset(_Described):
    """What a workflow gives, as an asset of Dagster's."""

    deps: Annotated[list[AssetKey], Field(max_length=MAX_DEPS)] = Field(
        default_factory=list[str], description="Keys of the assets that it is made from."
    )
    partitions: Partitions | None = Field(default=None, description="Into which parts it is cut; none unless given.")
    automation: Automation | None = Field(default=None, description="When Dagster asks for it by itself.")
    freshness: Freshness | None = Field(default=None, description="How old the newest version may be.")
    checks: Annotated[list[AssetCheck], Field(max_length=MAX_CHECKS)] = Field(
        default_factory=list[AssetCheck], description="What must hold of it."
    )
    parts: Annotated[dict[Id, AssetPart], Field(max_length=MAX_PARTS)] = Field(
        default_factory=dict[str, AssetPart],
        description="Node id → an asset of its own, which is that node's output, made by the same run.",
    )

    @property
    def asks(self) -> bool:
        """Whether a person may be asked what becomes of a run that it makes."""
        return any(check.ask for check in self.checks)

    @property
    def keys(self) -> list[str]:
        """Its own key, and those of its parts."""
        return [self.key, *(part.key for part in self.parts.values())]
