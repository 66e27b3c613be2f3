"""Plans of stored workflows, as of any catalogue revision."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from agentmesh_dagster.entities.lru_cache import LRUCache
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.plan import Plan, plan_graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import load_workflow_at

_KEPT = 256  # plans of a store in one process; one of ten nodes takes some 50 kB


class WorkflowHasFaults(AgentMeshError):
    """The stored workflow has issues and cannot run."""

    def __init__(self, issues: list[Issue]) -> None:
        self.issues = issues
        super().__init__("\n".join(f"- {issue.message}" for issue in issues))


# A revision never changes, so its plan is good for ever. (What somebody edits by hand in the database shows in
# processes that have not read it yet.) By the store itself, not its URL: another database may come to stand there.
_plans: WeakKeyDictionary[Store, LRUCache[tuple[str, int, bool], Plan]] = WeakKeyDictionary()


def load_plan(store: Store, workflow_id: str, at: int) -> Plan:
    """The plan of a workflow at catalogue revision `at`, held against all rules.

    Raises WorkflowHasFaults (a document that was edited by hand in the database), EntityNotFound, BrokenDocument.
    """
    return _kept(store).get((workflow_id, at, True), lambda: read_plan(store, workflow_id, at))


def load_pinned_plan(store: Store, workflow_id: str, at: int) -> Plan:
    """The plan of a run that was launched at revision `at`; raises as `load_plan`.

    It is not held against the rules again: one that came with a new release must not stop a run that waits.
    """
    return _kept(store).get((workflow_id, at, False), lambda: _read_pinned_plan(store, workflow_id, at))


def read_plan(store: Store, workflow_id: str, at: int) -> Plan:
    """`load_plan` for somebody who keeps the plan himself."""
    found = load_workflow_at(store, workflow_id, at)
    graph = read_graph(found.workflow)
    _raise_for_issues(validate(graph, Lookup(found.agents, found.tools, found.workflows)))
    return plan_graph(graph, found.agents, found.tools, workflows=found.workflows, revision=at)


def _read_pinned_plan(store: Store, workflow_id: str, at: int) -> Plan:
    found = load_workflow_at(store, workflow_id, at)
    graph = read_graph(found.workflow)
    _raise_for_issues(graph.faults)
    return plan_graph(graph, found.agents, found.tools, workflows=found.workflows, revision=at)


def forget_plans() -> None:
    """For whoever has changed the past of a store, as tests do."""
    _plans.clear()


def _kept(store: Store) -> LRUCache[tuple[str, int, bool], Plan]:
    return _plans.setdefault(store, LRUCache(_KEPT))


def _raise_for_issues(issues: Sequence[Issue]) -> None:
    if errors := [issue for issue in issues if issue.severity is Severity.ERROR]:
        raise WorkflowHasFaults(errors)
