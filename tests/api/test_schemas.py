"""What is known of a workflow's values before it runs, over HTTP: what editors complete with."""

from typing import Any

from tests.api.flows import AGENT
from tests.api.office import Office

SCORE: dict[str, Any] = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}
ASK: dict[str, Any] = {"type": "object", "properties": {"grade": {"enum": ["a", "b"]}}}


def flow(**fields: Any) -> dict[str, Any]:
    """Start, an agent, a gate that leads to one of two ends."""
    nodes = [
        {"id": "start", "type": "start"},
        {"id": "rate", "type": "agent", "label": "Rate it", "agentId": "writer", "config": {"outputSchema": SCORE}},
        {"id": "ask", "type": "human_approval", "config": {"schema": ASK}},
        {"id": "end", "type": "end"},
        {"id": "other", "type": "end"},
    ]
    edges = [
        {"id": "a", "fromNodeId": "start", "toNodeId": "rate"},
        {"id": "b", "fromNodeId": "rate", "toNodeId": "ask"},
        {"id": "c", "fromNodeId": "ask", "toNodeId": "end", "condition": "context.last_output.grade == 'a'"},
        {"id": "d", "fromNodeId": "ask", "toNodeId": "other"},
    ]
    return {"name": "w", "graph": {"nodes": nodes, "edges": edges}, "inputSchema": {"type": "object"}, **fields}


def find(schema: dict[str, Any], *path: str) -> Any:
    """The schema of a field inside of a schema, with its reference followed."""
    found: Any = schema
    for name in path:
        found = found["properties"][name]
        while "$ref" in found:
            target: Any = schema
            for step in found["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            found = {**target, **{key: value for key, value in found.items() if key != "$ref"}}
    return found


def test_each_node_says_what_arrives_and_what_it_gives(office: Office):
    office.ok("POST", "/agents", {**AGENT, "id": "writer"})

    given = office.ok("POST", "/workflows/schemas", flow())

    assert list(given["nodes"]) == ["start", "rate", "ask", "end", "other"]
    assert find(given["nodes"]["ask"]["inputSchema"], "score") == {"type": "number"}
    assert find(given["nodes"]["end"]["inputSchema"], "grade") == {"enum": ["a", "b"]}
    assert "context" not in given["nodes"]["ask"]
    assert given["outputSchema"] == ASK


def test_one_node_says_all_that_may_be_named_there_and_on_its_edges(office: Office):
    given = office.ok("POST", "/workflows/schemas?nodeId=ask", flow())

    assert list(given["nodes"]) == ["ask"]
    context, behind = given["nodes"]["ask"]["context"], given["nodes"]["ask"]["edgeContext"]
    assert find(context, "last_output")["title"] == find(context, "outputs", "rate")["title"] == "Rate it"
    assert find(context, "outputs", "rate", "score") == {"type": "number"}
    assert "ask" not in find(context, "outputs")["properties"]
    assert find(behind, "last_output", "grade") == find(behind, "outputs", "ask", "grade") == {"enum": ["a", "b"]}
    assert find(context, "run", "revision") == {"type": "integer"}


def test_it_is_told_too_while_much_is_wrong_elsewhere(office: Office):
    body = flow(inputSchema={"type": "objct"}, triggers=[{"type": "cron", "cron": "x"}])
    body["graph"]["nodes"] += [{"id": "lost", "type": "agnt"}, {"id": "start", "type": "start"}, 7]
    body["graph"]["nodes"][3]["config"] = {"output": "{{ context.", "nonsense": 1}
    body["graph"]["edges"] += [{"id": "e", "fromNodeId": "nobody", "toNodeId": "other"}]

    assert office.ok("POST", "/workflows/validate", body)["issues"] != []
    given = office.ok("POST", "/workflows/schemas?nodeId=end", body)
    assert find(given["nodes"]["end"]["context"], "outputs", "rate", "score") == {"type": "number"}
    assert office.ok("POST", "/workflows/schemas", body)["nodes"]["other"]["inputSchema"] == {}


def test_what_is_no_workflow_has_no_nodes(office: Office):
    for body in (None, [], {"graph": 3}, {"graph": {"nodes": [{}], "edges": [[]]}}, "text"):
        given = office.ok("POST", "/workflows/schemas?nodeId=end", body)
        assert given == {"outputSchema": {}, "nodes": {}}


def test_what_an_asset_has_is_known_to_its_nodes_and_checks(office: Office):
    asset = {"key": "ai/grade", "deps": ["raw/tickets"], "partitions": {"static": ["a", "b"]}}

    given = office.ok("POST", "/workflows/schemas?nodeId=end", flow(asset=asset))

    assert find(given["nodes"]["end"]["context"], "partition", "key") == {"type": "string"}
    assert "metadata" in find(given["nodes"]["end"]["context"], "upstream", "raw/tickets")["properties"]
    assert find(given["checkContext"], "output", "grade") == {"enum": ["a", "b"]}
    assert find(given["checkContext"], "partition", "start")["type"] == "string"
    assert "checkContext" not in office.ok("POST", "/workflows/schemas", flow())


def test_a_key_that_another_workflow_has_is_an_issue_at_its_place(office: Office):
    nodes = [{"id": "start", "type": "start"}, {"id": "end", "type": "end"}]
    graph = {"nodes": nodes, "edges": [{"id": "a", "fromNodeId": "start", "toNodeId": "end"}]}
    office.ok("POST", "/workflows", {"id": "one", "name": "One", "graph": graph, "asset": {"key": ["ai", "brief"]}})
    another = {"id": "two", "name": "Two", "graph": graph, "asset": {"key": "ai/brief"}}

    [issue] = office.ok("POST", "/workflows/validate", another)["issues"]
    assert (issue["code"], issue["path"]) == ("asset-made-elsewhere", "$.asset.key")
    assert office.fault(422, "POST", "/workflows", another)["issues"] == [issue]
