"""Any server that speaks as OpenAI does, or the built-in model that works offline."""

from agentmesh_dagster.specs.provider_spec import ProviderSpec

SPEC = ProviderSpec(
    name="local",
    label="Local, or the offline model",
    example="llama3.2",
    kind=None,
    base_url="local_base_url",
    api_key="local_api_key",
    needs_key=False,
    first_model="offline",
)
