"""Pins: what MCP servers have when their tools are saved stands in the saved revision."""

import time
from collections.abc import Sequence
from typing import cast

from agentmesh_dagster.entities.models import CatalogueEntity, Kind, Tool
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import EntityNotFound, get_entity
from agentmesh_dagster.tools import ToolError, pin_tool

_SECONDS = 15.0  # for each server; one that does not answer keeps nobody from saving


def pin_functions(services: Services, entities: Sequence[CatalogueEntity]) -> list[CatalogueEntity]:
    """The entities, with the functions that servers have now in tools that stand for such; to be saved.

    Of a server that cannot be reached those stay that were known of it.
    """
    return [_pin(services, entity) if isinstance(entity, Tool) else entity for entity in entities]


def _pin(services: Services, tool: Tool) -> Tool:
    try:
        return pin_tool(tool, services.settings, time.monotonic() + _SECONDS)
    except ToolError:
        known = _find_stored(services, tool.id)
        is_same = known is not None and known.config.server == tool.config.server
        return tool.model_copy(update={"functions": known.functions if known and is_same else None})


def _find_stored(services: Services, tool_id: str) -> Tool | None:
    try:
        return cast("Tool", get_entity(services.store, Kind.TOOL, tool_id))
    except EntityNotFound:
        return None
