"""OpenAI's models."""

from agentmesh_dagster.specs.provider_spec import ProviderSpec

SPEC = ProviderSpec(
    name="openai",
    label="OpenAI",
    example="gpt-5",
    kind="openai",
    base_url="openai_base_url",
    api_key="openai_api_key",
    default_url="https://api.openai.com/v1",
)
