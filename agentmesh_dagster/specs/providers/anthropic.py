"""Anthropic's models."""

from agentmesh_dagster.specs.provider_spec import ProviderSpec

SPEC = ProviderSpec(
    name="anthropic",
    label="Anthropic",
    example="claude-sonnet-4-5",
    kind="claude",
    base_url="anthropic_base_url",
    api_key="anthropic_api_key",
    default_url="https://api.anthropic.com",
)
