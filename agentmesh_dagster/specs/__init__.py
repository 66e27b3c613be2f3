"""Specs: what there is. A type says in one pure file what it is; what does it has the same name on a floor above."""

from collections.abc import Mapping

from agentmesh_dagster.entities.models import ModelProvider, NodeType, ToolType
from agentmesh_dagster.specs.node_spec import NodeSpec
from agentmesh_dagster.specs.nodes import agent, branch, end, human_approval, start, tool
from agentmesh_dagster.specs.provider_spec import ProviderSpec
from agentmesh_dagster.specs.providers import anthropic, local, openai
from agentmesh_dagster.specs.tool_spec import ToolSpec
from agentmesh_dagster.specs.tools import builtin, function, http
from agentmesh_dagster.specs.trigger_spec import TriggerSpec
from agentmesh_dagster.specs.triggers import cron, event, run

# Each in the order in which people choose.
NODES: tuple[NodeSpec, ...] = (start.SPEC, agent.SPEC, tool.SPEC, branch.SPEC, human_approval.SPEC, end.SPEC)
TOOLS: tuple[ToolSpec, ...] = (http.SPEC, function.SPEC, builtin.SPEC)
PROVIDERS: tuple[ProviderSpec, ...] = (openai.SPEC, anthropic.SPEC, local.SPEC)
TRIGGERS: tuple[TriggerSpec, ...] = (cron.SPEC, event.SPEC, run.SPEC)

NODE_SPECS: Mapping[NodeType, NodeSpec] = {spec.type: spec for spec in NODES}
TOOL_SPECS: Mapping[ToolType, ToolSpec] = {spec.type: spec for spec in TOOLS}
PROVIDER_SPECS: Mapping[ModelProvider, ProviderSpec] = {spec.name: spec for spec in PROVIDERS}
