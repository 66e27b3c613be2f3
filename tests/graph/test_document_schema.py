"""The published JSON Schema knows what a document may hold."""

from collections.abc import Callable
from typing import Any

import pytest

from agentmesh_dagster.entities.documents import read_text
from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.graph.document_schema import document_schema
from agentmesh_dagster.specs import NODES

SCHEMA = JsonSchema(document_schema())


def example() -> dict[str, Any]:
    value, _ = read_text(
        """
project: {id: shop, name: Shop}
agents: [{id: writer, name: Writer, modelProvider: local, modelName: offline, tools: [clock]}]
tools: [{id: clock, name: Clock, type: builtin, config: {functionName: current_time}}]
workflows:
  - id: letter
    name: Letter
    triggers: [{type: cron, cron: 0 9 * * 1}]
    concurrency: {max: 2, onLimit: skip}
    graph:
      nodes:
        - {id: 1, type: start}
        - {id: write, type: agent, agentId: writer, config: {prompt: hello, retry: {maxAttempts: 3}}}
        - {id: fork, type: branch, config: {condition: context.last_output.ok}}
        - {id: ask, type: human_approval, config: {notify: {url: 'https://chat.example'}}}
        - {id: 2, type: end}
      edges:
        - {id: 1, fromNodeId: 1, toNodeId: write}
        - {id: 2, fromNodeId: write, toNodeId: fork}
        - {id: 3, fromNodeId: fork, toNodeId: ask, condition: true}
        - {id: 4, fromNodeId: fork, toNodeId: 2}
        - {id: 5, fromNodeId: ask, toNodeId: 2}
""",
        name="x.yaml",
    )
    return value


def test_a_sound_document_fits() -> None:
    assert SCHEMA.list_faults(example()) == []


def _node(place: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: document["workflows"][0]["graph"]["nodes"][place]


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], dict[str, Any]]] = {
    "an unknown section": (lambda document: document, {"agent": []}),
    "agents that are no list": (lambda document: document, {"agents": {}}),
    "an unknown provider": (lambda document: document["agents"][0], {"modelProvider": "opnai"}),
    "an unknown field of an agent": (lambda document: document["agents"][0], {"promt": "x"}),
    "an unknown field of a tool's config": (lambda document: document["tools"][0]["config"], {"uri": "x"}),
    "an unknown trigger": (lambda document: document["workflows"][0]["triggers"][0], {"type": "daily"}),
    "a limit of no runs": (lambda document: document["workflows"][0]["concurrency"], {"max": 0}),
    "an unknown thing to do at the limit": (
        lambda document: document["workflows"][0]["concurrency"],
        {"onLimit": "wait"},
    ),
    "an unknown type of node": (_node(1), {"type": "agnet"}),
    "a setting of another type of node": (_node(0), {"config": {"prompt": "x"}}),
    "a misspelt setting": (_node(1), {"config": {"promt": "x"}}),
    "a setting out of bounds": (_node(1), {"config": {"temperature": 3}}),
    "an agent on a branch": (_node(2), {"agentId": "writer"}),
    "an unknown mode": (_node(2), {"config": {"mode": "eech"}}),
    "a gate's notice without an address": (_node(3), {"config": {"notify": {}}}),
    "an empty id": (_node(4), {"id": " "}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_document_does_not_fit(name: str) -> None:
    find, changes = BROKEN[name]
    document = example()
    find(document).update(changes)

    assert SCHEMA.list_faults(document) != []


@pytest.mark.parametrize("missing", ["id", "type", "agentId"])
def test_what_a_node_needs_is_demanded(missing: str) -> None:
    document = example()
    del _node(1)(document)[missing]

    assert SCHEMA.list_faults(document) != []


def test_every_field_says_what_it_is_for() -> None:
    definitions = document_schema()["$defs"]

    without = [
        f"{name}.{field}"
        for name, definition in definitions.items()
        for field, schema in definition.get("properties", {}).items()
        if "description" not in schema
    ]

    assert without == []
    assert {spec.config.__name__ for spec in NODES} <= definitions.keys()
