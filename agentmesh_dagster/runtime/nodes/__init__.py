"""What does the work of each node type: `run` in the file that has the type's name, as in `specs/nodes`."""

from collections.abc import Callable, Mapping

from agentmesh_dagster.entities.models import NodeType
from agentmesh_dagster.runtime.nodes import agent, branch, end, human_approval, start, tool
from agentmesh_dagster.runtime.work import Result, Work

RUNNERS: Mapping[NodeType, Callable[[Work], Result]] = {
    NodeType.START: start.run,
    NodeType.END: end.run,
    NodeType.AGENT: agent.run,
    NodeType.TOOL: tool.run,
    NodeType.BRANCH: branch.run,
    NodeType.HUMAN_APPROVAL: human_approval.run,
}
