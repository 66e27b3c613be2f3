"""Design, run and observe multi-agent workflows as Dagster jobs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentmesh_dagster.code_location import build_definitions
    from agentmesh_dagster.code_location.component import AgentMeshWorkflows
    from agentmesh_dagster.code_location.outputs import AgentMeshIOManager, load_output
    from agentmesh_dagster.runtime.decisions import decisions
    from agentmesh_dagster.tools import tool

__all__ = ["AgentMeshIOManager", "AgentMeshWorkflows", "build_definitions", "decisions", "load_output", "tool"]

_HOMES = {
    "AgentMeshIOManager": "agentmesh_dagster.code_location.outputs",
    "AgentMeshWorkflows": "agentmesh_dagster.code_location.component",
    "build_definitions": "agentmesh_dagster.code_location",
    "decisions": "agentmesh_dagster.runtime.decisions",
    "load_output": "agentmesh_dagster.code_location.outputs",
    "tool": "agentmesh_dagster.tools",
}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: `import agentmesh_dagster.graph` must not cost an import of Dagster.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    # What is loaded when asked for is shown too: `dg` looks here for components (entry point in pyproject.toml).
    return sorted({*globals(), *__all__})
