"""What a provider of models says of itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProviderSpec:
    """A provider; settings are fields of `Settings`, or else variables of the environment: `acme_key` is ACME_KEY."""

    name: str
    label: str  # what people call it
    example: str  # a model's name
    kind: str | None  # the chip in Dagster on ops that ask it; None: it depends on the model
    base_url: str  # the setting that says where it is
    api_key: str  # the setting that holds its key: no text that leaves a call shows it
    default_url: str | None = None  # where it is unless that is set
    needs_key: bool = True
    first_model: str | None = None  # of new agents: one that answers before anything is set
    secrets: tuple[str, ...] = ()  # variables of the environment whose values no error text shows either
