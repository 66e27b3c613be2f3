"""Rules that types say themselves: what a node's own config must be, whatever stands around it."""

from collections.abc import Iterator

from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.node_spec import NodeFacts


def nodes_are_what_their_type_wants(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """The config of each node has no faults, as its spec sees them."""
    for node in graph.every_node:
        if not node.is_complete:
            continue
        facts = NodeFacts(
            node.title,
            node.config,
            agent=lookup.agents.get(node.agent_id or ""),
            tool=lookup.tools.get(node.tool_id or ""),
            workflow=lookup.workflows.get(node.workflow_id or ""),
        )
        for fault in node.spec.list_issues(facts):
            severity = Severity.WARNING if fault.is_warning else Severity.ERROR
            path = f"{node.path}.config.{fault.field}"
            yield Issue(fault.code, fault.message, node.id, path=path, severity=severity)
