"""Specs: what there is. A type says in one pure file what it is; what does it has the same name on a floor above."""

from collections.abc import Mapping
from typing import Any

from agentmesh_dagster.entities.type_names import KnownTypes
from agentmesh_dagster.specs.node_spec import NodeSpec
from agentmesh_dagster.specs.nodes import agent, branch, end, human_approval, start, tool, wait, workflow
from agentmesh_dagster.specs.plugins import Group, Plugins, Registry
from agentmesh_dagster.specs.provider_spec import ProviderSpec
from agentmesh_dagster.specs.providers import anthropic, local, openai
from agentmesh_dagster.specs.tool_spec import ToolSpec
from agentmesh_dagster.specs.tools import builtin, function, http, mcp, sql
from agentmesh_dagster.specs.trigger_spec import TriggerSpec
from agentmesh_dagster.specs.triggers import asset, cron, event, run

# Ours, each in the order in which people choose.
NODES: tuple[NodeSpec, ...] = (
    start.SPEC,
    agent.SPEC,
    tool.SPEC,
    workflow.SPEC,
    branch.SPEC,
    human_approval.SPEC,
    wait.SPEC,
    end.SPEC,
)
TOOLS: tuple[ToolSpec, ...] = (http.SPEC, function.SPEC, builtin.SPEC, sql.SPEC, mcp.SPEC)
PROVIDERS: tuple[ProviderSpec, ...] = (openai.SPEC, anthropic.SPEC, local.SPEC)
TRIGGERS: tuple[TriggerSpec[Any], ...] = (cron.SPEC, event.SPEC, run.SPEC, asset.SPEC)

_nodes = {spec.type: spec for spec in NODES}
_tools = {spec.type: spec for spec in TOOLS}
_providers = {spec.name: spec for spec in PROVIDERS}
PLUGINS = Plugins({Group.NODES: _nodes, Group.TOOLS: _tools, Group.PROVIDERS: _providers})

# Ours and those of packages: what everybody else reads.
NODE_SPECS: Registry[NodeSpec] = PLUGINS.join(Group.NODES, _nodes, lambda kind: kind.spec)
TOOL_SPECS: Registry[ToolSpec] = PLUGINS.join(Group.TOOLS, _tools, lambda kind: kind.spec)
PROVIDER_SPECS: Registry[ProviderSpec] = PLUGINS.join(Group.PROVIDERS, _providers, lambda kind: kind.spec)
TRIGGER_SPECS: Mapping[str, TriggerSpec[Any]] = {spec.type: spec for spec in TRIGGERS}
KNOWN_TYPES = KnownTypes(NODE_SPECS, TOOL_SPECS, PROVIDER_SPECS)
