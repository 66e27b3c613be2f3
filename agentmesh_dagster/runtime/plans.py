"""Plans of stored workflows, as of any catalogue revision."""

from collections.abc import Sequence

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
    """The plan of a workflow at catalogue revision `at`, held against all rules.

    Raises WorkflowHasFaults (a document that was edited by hand in the database), EntityNotFound, BrokenDocument.
    """
    found = load_workflow_at(store, workflow_id, at)
    graph = read_graph(found.workflow)
    _refuse(validate(graph, Lookup(found.agents, found.tools)))
    return plan_graph(graph, found.agents, found.tools, revision=at)


def load_pinned_plan(store: Store, workflow_id: str, at: int) -> Plan:
    """The plan of a run that was launched at revision `at`; raises as `load_plan`.

    It is not held against the rules again: one that came with a new release must not stop a run that waits.
    """
    found = load_workflow_at(store, workflow_id, at)
    graph = read_graph(found.workflow)
    _refuse(graph.faults)
    return plan_graph(graph, found.agents, found.tools, revision=at)


def _refuse(issues: Sequence[Issue]) -> None:
    if errors := [issue for issue in issues if issue.severity is Severity.ERROR]:
        raise WorkflowHasFaults(errors)
