"""Checking what was sent: all faults at once, in the words that `agentmesh validate` uses."""

from collections.abc import Sequence
from dataclasses import replace

from agentmesh_dagster import wire
from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.problems import InvalidBody
from agentmesh_dagster.entities.documents import SECTIONS, Document
from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import JsonObject, Kind
from agentmesh_dagster.entities.recovery import salvage_document
from agentmesh_dagster.graph.document import check_value, read_flow
from agentmesh_dagster.graph.flow import Flow
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.specs import KNOWN_TYPES
from agentmesh_dagster.specs.schema_writer import write_schema
from agentmesh_dagster.store.catalogue import AnyEntity, kind_of_type, open_lookup

_SECTION_OF = {kind: name for name, kind in SECTIONS.items()}


def read_entity(
    context: ApiContext, entity_type: type[AnyEntity], body: JsonValue, identity: str, *, is_given: bool = False
) -> AnyEntity:
    """The entity in a body, with this id where the body says none. Raises InvalidBody.

    `is_given`: the body may say no other.
    """
    kind = kind_of_type(entity_type)
    document, issues = check_entity(context, kind, body, identity)
    if is_given and isinstance(body, dict):
        said = body.get("id")
        if said is not None and str(said) != identity:
            issues = [*issues, _describe_other_id(identity)]
    raise_for_issues(issues)
    [entity] = document
    assert isinstance(entity, entity_type)
    return entity


def _describe_other_id(identity: str) -> Issue:
    message = f"The `id` in the body is not `{identity}`, that of the address: leave it out."
    return Issue("bad-value", message, path="$.id")


def check_entity(context: ApiContext, kind: Kind, body: JsonValue, identity: str) -> tuple[Document, list[Issue]]:
    """The document of the entity in a body, and what is wrong with it; paths begin at the entity."""
    section = _SECTION_OF[kind]
    if isinstance(body, dict) and body.get("id") is None:
        body = {**body, "id": identity}
    document, issues = check_document(context, {section: [body]})
    return document, [_move(issue, f"$.{section}[0]") for issue in issues]


def check_draft(context: ApiContext, kind: Kind, fields: JsonObject, identity: str) -> list[Issue]:
    """What is wrong with the draft of an entity, which may be much. Raises InvalidBody for what no editor could show.

    That is a graph whose nodes and edges are no lists of objects with ids, and an `id` that is another one.
    """
    _, issues = check_entity(context, kind, fields, identity)
    section = _SECTION_OF[kind]
    entries = salvage_document({section: [{**fields, "id": identity}]}, KNOWN_TYPES).entries
    if not all(entry.has_graph and not entry.recovery.placeholder_ids for entry in entries):
        raise InvalidBody([issue for issue in issues if (issue.path or "").startswith("$.graph")])
    if (said := fields.get("id")) is not None and str(said) != identity:
        raise InvalidBody([_describe_other_id(identity)])
    return issues


def check_document(context: ApiContext, body: JsonValue) -> tuple[Document, list[Issue]]:
    """A document in a body, and what is wrong with it; it may name what the catalogue has."""
    with open_lookup(context.services.store) as lookup:
        return check_value(body, lookup=lookup)


def describe_nodes(context: ApiContext, body: JsonValue, node_id: str | None) -> wire.WorkflowSchemas:
    """What is known of the values in the workflow in a body; of one node all that may be named there."""
    if isinstance(body, dict) and body.get("id") is None:
        body = {**body, "id": "new"}
    with open_lookup(context.services.store) as lookup:
        flow = read_flow({"workflows": [body]}, lookup=lookup)
        if flow is None:
            return wire.WorkflowSchemas(output_schema={}, nodes={})
        known = [key for key in flow.graph.nodes if node_id in (None, key)]
        nodes = {key: _describe_node(flow, key, with_context=node_id is not None) for key in known}
        checks = write_schema(flow.find_context_of_checks()) if flow.graph.workflow.asset else None
        return wire.WorkflowSchemas(output_schema=write_schema(flow.run_output), nodes=nodes, check_context=checks)


def _describe_node(flow: Flow, node_id: str, *, with_context: bool) -> wire.NodeSchemas:
    has_answer = with_context and flow.graph.nodes[node_id].is_gate
    return wire.NodeSchemas(
        input_schema=write_schema(flow.find_input(node_id)),
        output_schema=write_schema(flow.find_output(node_id, node_id)),
        context=write_schema(flow.find_context(node_id)) if with_context else None,
        edge_context=write_schema(flow.find_context_behind(node_id)) if has_answer else None,
        fault_context=write_schema(flow.find_context_if_failed(node_id)) if with_context else None,
    )


def raise_for_issues(issues: Sequence[Issue]) -> None:
    """Raises InvalidBody if an error is among the issues."""
    if any(issue.severity is Severity.ERROR for issue in issues):
        raise InvalidBody(issues)


def read_revision(body: JsonValue) -> int | None:
    """The `revision` that the author of a workflow has seen; None where the body says none. Raises InvalidBody."""
    revision: object = as_object(body).get("revision")
    if revision is None or (isinstance(revision, int) and not isinstance(revision, bool) and revision > 0):
        return revision
    raise InvalidBody([Issue("bad-value", "`revision` must be the whole number of an answer.", path="$.revision")])


def _move(issue: Issue, root: str) -> Issue:
    """The issue with a path that begins at `root`."""
    if issue.path is None or not issue.path.startswith(root):
        return issue
    return replace(issue, path="$" + issue.path.removeprefix(root))
