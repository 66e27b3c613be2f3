"""Imports what a run worker of ours needs, for a run launcher that does so once: `run_launcher` in `dagster.yaml`."""

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module

from agentmesh_dagster.runtime.tracer import list_tracer_modules
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs import PLUGINS
from agentmesh_dagster.specs.plugins import BrokenPlugins


def list_modules(settings: Settings) -> Iterator[str]:
    """What a worker would import; of the SDKs, which are big, those that these settings can call."""
    yield "agentmesh_dagster.code_location.component"
    yield "alembic.command"
    if settings.openai_api_key or settings.local_base_url:
        yield "openai.resources.chat.completions.completions"
        yield "anyio._backends._asyncio"  # what both SDKs wait with
    if settings.anthropic_api_key:
        yield "anthropic.resources.messages.messages"
        yield "anyio._backends._asyncio"
    yield from list_tracer_modules()


# Not the settings that a worker gets: it may have more variables, from the `.env` of its code location.
for _module in list_modules(Settings()):
    import_module(_module)
with suppress(BrokenPlugins):  # who runs something says so
    PLUGINS.load()
