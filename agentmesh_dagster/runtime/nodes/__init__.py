"""What does the work of each node type: `run` in the file that has the type's name, as in `specs/nodes`."""

from collections.abc import Callable
from contextlib import closing

from agentmesh_dagster.runtime.nodes import agent, branch, end, human_approval, start, tool, wait, workflow
from agentmesh_dagster.runtime.work import Result, Work
from agentmesh_dagster.specs import PLUGINS
from agentmesh_dagster.specs.plugins import Group, Registry
from agentmesh_dagster.specs.secret_values import without_secrets

OURS: dict[str, Callable[[Work], Result]] = {
    "start": start.run,
    "end": end.run,
    "agent": agent.run,
    "tool": tool.run,
    "branch": branch.run,
    "human_approval": human_approval.run,
    "wait": wait.run,
    "workflow": workflow.run,
}
RUNNERS: Registry[Callable[[Work], Result]] = PLUGINS.join(Group.NODES, OURS, lambda kind: kind.run)


def run_node(work: Work) -> Result:
    """Does what the node's type does; what it raises shows no secret."""
    with without_secrets(work.services.settings), closing(work.sessions):
        return RUNNERS[work.node.type](work)
