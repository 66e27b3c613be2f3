"""Specs: what there is. A type says in one pure file what it is; what does it has the same name on a floor above."""

from collections.abc import Mapping

from agentmesh_dagster.entities.models import NodeType
from agentmesh_dagster.specs.node_spec import NodeSpec
from agentmesh_dagster.specs.nodes import agent, branch, end, human_approval, start, tool

# In the order in which a palette shows them.
NODES: tuple[NodeSpec, ...] = (start.SPEC, agent.SPEC, tool.SPEC, branch.SPEC, human_approval.SPEC, end.SPEC)

NODE_SPECS: Mapping[NodeType, NodeSpec] = {spec.type: spec for spec in NODES}
