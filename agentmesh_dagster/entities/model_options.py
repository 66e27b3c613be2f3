"""What an agent, or a node, asks of its model beside the prompt, and who answers when it cannot."""

from typing import Annotated, Literal

from pydantic import Field

from agentmesh_dagster.entities.bounds import Seed, TopP
from agentmesh_dagster.entities.entity import Entity, JsonObject, Name

ConnectionName = Annotated[str, Field(min_length=1, max_length=64)]  # of the operator's file `agentmesh.toml`


def _choose(**labels: str) -> JsonObject:
    """What editors call the values: as `specs.form` writes it, which stands a floor above."""
    return {"x-form": {"choices": [{"value": value, "label": label} for value, label in labels.items()]}}


_EFFORTS = {"none": "None", "minimal": "Minimal", "low": "Low", "medium": "Medium", "high": "High", "xhigh": "Most"}


class ModelOptions(Entity):
    """Passed on to the provider: what it does not take, it refuses in its own words."""

    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = Field(
        default=None,
        title="Reasoning effort",
        description="How much a model that reasons does so.",
        json_schema_extra=_choose(**_EFFORTS),
    )
    top_p: TopP | None = Field(
        default=None,
        title="Top p",
        description="The share of likely words it chooses from; an alternative to temperature.",
    )
    seed: Seed | None = Field(
        default=None, title="Seed", description="The same one makes answers alike, where the provider knows it."
    )
    stop: list[Name] | None = Field(default=None, title="Stop", description="Texts at which the answer ends.")
    tool_choice: Literal["auto", "required", "none"] | None = Field(
        default=None,
        title="Tool choice",
        description="Whether it may call tools; `required`: the first call of a step must call one.",
        json_schema_extra=_choose(auto="As it likes", required="Must call one", none="None"),
    )
    parallel_tool_calls: bool | None = Field(
        default=None, title="Parallel tool calls", description="Whether it may call several tools at once."
    )
    service_tier: Name | None = Field(
        default=None, title="Service tier", description="The provider's name of a class of service."
    )
    cache: bool | None = Field(
        default=None,
        title="Cache",
        description="Whether the provider keeps the prompt for the next calls; counted as it bills it.",
    )
    extra_body: JsonObject | None = Field(
        default=None,
        title="Extra body",
        description="Anything else that the provider takes, put into the body of each call.",
    )

    def over(self, others: "ModelOptions") -> "ModelOptions":
        """These, and where they say nothing the others."""
        return ModelOptions.model_validate(others.to_wire() | self.to_wire())


NO_OPTIONS = ModelOptions()


class Fallback(Entity):
    """Another model that is asked when the one before it cannot answer."""

    connection: ConnectionName | None = None  # that of the agent unless given
    model_name: Name
