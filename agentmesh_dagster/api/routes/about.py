"""What this server is, and what it has in figures."""

from functools import cache
from importlib.metadata import version
from typing import Any

from agentmesh_dagster import wire
from agentmesh_dagster.api.requests import Asked, Cursor, Limit, build_router
from agentmesh_dagster.api.type_infos import (
    describe_node_type,
    describe_provider,
    describe_tool_type,
    describe_trigger_type,
)
from agentmesh_dagster.entities.assets import Asset
from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.graph.form_schema import entity_schema, form_schema
from agentmesh_dagster.runtime.known_functions import describe_function
from agentmesh_dagster.specs import NODE_SPECS, PROVIDER_SPECS, TOOL_SPECS, TRIGGERS
from agentmesh_dagster.specs.tools import builtin, function
from agentmesh_dagster.store.catalogue import FunctionInfo, list_tool_functions
from agentmesh_dagster.store.overview import page_projects
from agentmesh_dagster.tools import list_builtins, list_functions

router = build_router("", "about")


@router.get("/about")
def get_about(call: Asked) -> wire.About:
    """Versions, and where Dagster's UI is."""
    return wire.About(
        version=version("agentmesh-dagster"),
        dagster_version=version("dagster"),
        dagster_url=f"{call.dagster}/",
        trace_url=call.context.services.settings.trace_url,
    )


@router.get("/overview")
def get_overview(call: Asked, limit: Limit = 50, cursor: Cursor = None) -> wire.PageOf[wire.ProjectOverview]:
    """The projects in figures, by name."""
    with call.context.services.store.read() as connection:
        page = page_projects(connection, limit=limit, cursor=cursor)
    items = [
        wire.ProjectOverview(
            project_id=each.project_id,
            name=each.name,
            workflows=each.workflows,
            runs_last_day=each.runs_last_day,
            waiting=each.waiting,
        )
        for each in page.items
    ]
    return wire.PageOf[wire.ProjectOverview](items=items, next_cursor=page.next_cursor)


@router.get("/types")
def get_types(call: Asked) -> wire.Types:  # noqa: ARG001
    """The types of nodes and tools and the providers of models: what each is for, and what may be set."""
    return list_types()


@router.get("/declared")
def get_declared(call: Asked) -> wire.Declared:
    """What the operator's file `agentmesh.toml` declares here, by name: what documents may name."""
    declared = call.context.services.settings.declared
    return wire.Declared(
        connections=[*declared.connections], databases=[*declared.databases], mcp_servers=[*declared.mcp]
    )


@router.get("/functions")
def list_known_functions(call: Asked) -> wire.PageOf[wire.Function]:
    """What a tool's `config.functionName` can name: builtins, and the functions that this process or a code location
    knows."""
    builtins = [
        wire.Function(
            name=each.name,
            type=builtin.SPEC.type,
            description=each.description,
            input_schema=each.input_schema,
            output_schema=each.output_schema,
        )
        for each in list_builtins()
    ]
    known = {each.name: _write_function(each) for each in map(describe_function, list_functions())}
    reported = {
        each.info.name: _write_function(each.info, reported_at=each.reported_at, is_stale=each.is_stale)
        for each in list_tool_functions(call.context.services.store)
    }
    functions = {**reported, **known}
    return wire.PageOf[wire.Function](items=[*builtins, *(functions[name] for name in sorted(functions))])


def _write_function(info: FunctionInfo, **report: Any) -> wire.Function:
    return wire.Function(
        name=info.name,
        type=function.SPEC.type,
        description=info.description or None,
        input_schema=info.input_schema,
        output_schema=info.output_schema,
        problem=info.problem,
        **report,
    )


@cache
def list_types() -> wire.Types:
    """What specs say, in the words of the wire. Raises BrokenPlugins."""
    return wire.Types(
        nodes=[describe_node_type(spec) for spec in NODE_SPECS.values()],
        tools=[describe_tool_type(spec) for spec in TOOL_SPECS.values()],
        providers=[describe_provider(spec) for spec in PROVIDER_SPECS.values()],
        agent=entity_schema(Kind.AGENT),
        asset=form_schema(Asset),
        triggers=[describe_trigger_type(spec) for spec in TRIGGERS],
    )
