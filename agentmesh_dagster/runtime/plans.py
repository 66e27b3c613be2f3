"""Plans of stored workflows, as of any catalogue revision."""

from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.plan import Plan, plan_graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import load_workflow_at


class WorkflowHasFaults(AgentMeshError):
    """The stored workflow has faults and cannot run."""

    def __init__(self, issues: list[Issue]) -> None:
        self.issues = issues
        super().__init__("\n".join(f"- {issue.message}" for issue in issues))


def load_plan(store: Store, workflow_id: str, at: int) -> Plan:
    """The plan of a workflow at catalogue revision `at`.

    Raises WorkflowHasFaults (a document that was edited by hand in the database), EntityNotFound, BrokenDocument.
    """
    found = load_workflow_at(store, workflow_id, at)
    graph = read_graph(found.workflow)
    issues = validate(graph, Lookup(found.agents, found.tools))
    if errors := [issue for issue in issues if issue.severity is Severity.ERROR]:
        raise WorkflowHasFaults(errors)
    return plan_graph(graph, found.agents, found.tools, revision=at)
