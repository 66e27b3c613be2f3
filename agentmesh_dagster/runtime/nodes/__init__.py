"""What does the work of each node type: `run` in the file that has the type's name, as in `specs/nodes`."""

from collections.abc import Callable, Mapping

from agentmesh_dagster.runtime.nodes import agent, branch, end, human_approval, start, tool
from agentmesh_dagster.runtime.work import Result, Work

RUNNERS: Mapping[str, Callable[[Work], Result]] = {
    "start": start.run,
    "end": end.run,
    "agent": agent.run,
    "tool": tool.run,
    "branch": branch.run,
    "human_approval": human_approval.run,
}
