"""Imports what a run worker of ours needs, for a run launcher that does so once: `run_launcher` in `dagster.yaml`."""

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module

from agentmesh_dagster.runtime.tracer import list_tracer_modules
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs import PLUGINS
from agentmesh_dagster.specs.plugins import BrokenPlugins

_OF_EACH_CALL = (
    "agentmesh_dagster.providers.faults",
    "agentmesh_dagster.providers.messages",
    "agentmesh_dagster.providers.models",
    "anyio._backends._asyncio",  # what both SDKs wait with
)


def list_modules(settings: Settings) -> Iterator[str]:
    """What a worker would import; of models and SDKs, which are big, those that these settings can call."""
    yield "agentmesh_dagster.code_location.component"
    yield "alembic.command"
    kinds = {connection.kind for connection in settings.declared.connections.values()}
    if settings.openai_api_key or settings.local_base_url or kinds - {"anthropic"}:
        yield "agentmesh_dagster.providers.openai_models"
        yield "openai.resources.chat.completions.completions"
        yield "openai.resources.responses.responses"
        yield from _OF_EACH_CALL
    if settings.anthropic_api_key or "anthropic" in kinds:
        yield "agentmesh_dagster.providers.claude_models"
        yield "anthropic.resources.beta.messages.messages"
        yield from _OF_EACH_CALL
    yield from list_tracer_modules()


# Not the settings that a worker gets: it may have more variables, from the `.env` of its code location.
for _module in list_modules(Settings()):
    import_module(_module)
with suppress(BrokenPlugins):  # who runs something says so
    PLUGINS.load()
