"""Documents: what is written is read again, and the text means what YAML 1.2 says."""

import json
from typing import Literal

import pytest
import yaml
from hypothesis import given, settings

from agentmesh_dagster.entities.documents import Document, read_text, write_document
from agentmesh_dagster.entities.models import Agent, Project, Tool, Workflow
from agentmesh_dagster.entities.recovery import salvage_document
from agentmesh_dagster.entities.yaml_values import read_yaml
from agentmesh_dagster.specs import KNOWN_TYPES
from tests.entities.strategies import DOCUMENTS


def read(text: str, name: str) -> Document:
    value, faults = read_text(text, name=name)
    assert faults == []
    salvage = salvage_document(value, KNOWN_TYPES)
    assert salvage.faults == ()
    return salvage.document


@pytest.mark.parametrize("written", ["yaml", "json"])
@settings(max_examples=60, deadline=None)
@given(document=DOCUMENTS)
def test_a_round_trip_loses_nothing(written: Literal["yaml", "json"], document: Document) -> None:
    text = write_document(document, format=written)

    assert (read(text, f"x.{written}") if any(document) else Document()) == document


@settings(max_examples=40, deadline=None)
@given(document=DOCUMENTS)
def test_other_readers_of_yaml_and_json_see_the_same(document: Document) -> None:
    as_json = json.loads(write_document(document, format="json"))

    # PyYAML has the older YAML 1.1: words such as `yes` must stand in quotes for it.
    assert yaml.safe_load(write_document(document)) == as_json


EXAMPLE = Document(
    projects=(Project(id="shop", name="Shop"),),
    agents=(
        Agent.model_validate(
            {
                "id": "writer",
                "name": "Writer",
                "projectId": "shop",
                "modelProvider": "local",
                "modelName": "offline",
                "systemPrompt": "You write letters.\n\n- Be brief.\n- Be kind.\n",
                "createdAt": "2026-01-01T00:00:00Z",
            }
        ),
    ),
    workflows=(
        Workflow.model_validate(
            {
                "id": "letter",
                "name": "yes",
                "projectId": "shop",
                "revision": 3,
                "concurrency": {"max": 3, "onLimit": "cancelOldest"},
                "layout": {"start": [0, 0], "12": [180.0, 40.5]},
                "graph": {
                    "nodes": [
                        {"id": "start", "type": "start"},
                        {"id": "12", "type": "end", "config": {"output": None}},
                    ],
                    "edges": [{"id": "e1", "fromNodeId": "start", "toNodeId": "12", "condition": "true"}],
                },
            }
        ),
    ),
)


def test_what_is_written_is_pleasant_to_read() -> None:
    assert (
        write_document(EXAMPLE)
        == """\
project:
  - id: shop
    name: Shop
agents:
  - id: writer
    name: Writer
    modelProvider: local
    modelName: offline
    systemPrompt: |
      You write letters.

      - Be brief.
      - Be kind.
workflows:
  - id: letter
    name: 'yes'
    graph:
      nodes:
        - id: start
          type: start
        - id: '12'
          type: end
          config:
            output: null
      edges:
        - id: e1
          fromNodeId: start
          toNodeId: '12'
          condition: 'true'
    concurrency:
      max: 3
      onLimit: cancelOldest
    layout:
      start: [0, 0]
      '12': [180, 40.5]
"""
    )


def test_only_what_the_store_says_is_left_out() -> None:
    again = read(write_document(EXAMPLE), "x.yaml")

    assert again.agents[0] == EXAMPLE.agents[0].model_copy(update={"created_at": None})
    assert again.workflows[0] == EXAMPLE.workflows[0].model_copy(update={"revision": None})


def test_where_nodes_are_shown_says_nothing_of_what_a_workflow_does() -> None:
    workflow = EXAMPLE.workflows[0]

    assert workflow.says_the_same(workflow.model_copy(update={"layout": {"start": (9, 9)}, "revision": 4}))
    assert not workflow.says_the_same(workflow.model_copy(update={"name": "no"}))


def test_an_entity_of_another_project_keeps_it() -> None:
    tool = Tool.model_validate({"id": "t", "name": "T", "type": "function", "projectId": "default"})
    document = Document(projects=EXAMPLE.projects, tools=(tool,))

    assert "projectId: default" in write_document(document)
    assert read(write_document(document), "x.yaml") == document


def test_entities_belong_to_the_one_project_of_their_document() -> None:
    document = read("project: {id: shop, name: Shop}\ntools: [{id: t, name: T, type: function}]", "x.yaml")

    assert document.tools[0].project_id == "shop"


def test_without_a_project_or_with_two_they_belong_to_the_default() -> None:
    none = read("tools: [{id: t, name: T, type: function}]", "x.yaml")
    two = read("project: [{id: a, name: A}, {id: b, name: B}]\ntools: [{id: t, name: T, type: function}]", "x.yaml")

    assert none.tools[0].project_id == two.tools[0].project_id == "default"


def test_an_answer_of_the_api_can_be_pasted() -> None:
    pasted = {
        "workflows": [workflow.to_wire() | {"createdAt": "2026-01-01T00:00:00Z"} for workflow in EXAMPLE.workflows]
    }

    assert read(json.dumps(pasted), "x.json").workflows[0].revision is None


def test_fields_with_nothing_behind_them_are_left_out() -> None:
    text = "agents:\n - {id: a, name: A, modelProvider: local, modelName: m, tools: , description: }\ntools:\n"

    assert read(text, "x.yaml").agents[0].tools == []


def test_numbers_may_be_ids_and_booleans_literals() -> None:
    text = """
workflows:
  - id: 7
    name: Seven
    graph:
      nodes: [{id: 1, type: start}, {id: 2, type: end}]
      edges: [{id: 3, fromNodeId: 1, toNodeId: 2, condition: true}, {id: 4, fromNodeId: 1, toNodeId: 2, condition: 1.5}]
"""
    graph = read(text, "x.yaml").workflows[0].graph

    assert [node.id for node in graph.nodes] == ["1", "2"]
    assert [edge.condition for edge in graph.edges] == ["true", "1.5"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("|\n  two\n  lines", "two\nlines"),
    ],
)
def test_a_plain_word_means_what_it_means_in_yaml_1_2(written: str, value: object) -> None:
    (found,) = read_yaml(f"a: {written}")[0].values()

    assert (found, type(found)) == (value, type(value))


def test_keys_are_text_as_written() -> None:
    assert read_yaml("1: a\ntrue: b\non: c\n'': d") == ({"1": "a", "true": "b", "on": "c", "": "d"}, [])


def test_an_alias_is_a_copy() -> None:
    value, faults = read_yaml("a: &x {list: [1]}\nb: *x\nc: [*x, &y 2, *y]")

    assert faults == []
    assert value == {"a": {"list": [1]}, "b": {"list": [1]}, "c": [{"list": [1]}, 2, 2]}
    assert value["a"] is not value["b"]


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
DEEP = "a: &a " + "[" * 190 + "]" * 190 + "\nb: " + "[" * 190 + "*a" + "]" * 190

REFUSED = {
    "a syntax error": ("a: [1\nb: 2\n", "x.yaml", "bad-syntax", "(line 2, column 2)"),
    "a tab": ("a:\n\tb: 1", "x.yaml", "bad-syntax", "(line 2, column 1)"),
    "a control character": ("a: \x07", "x.yaml", "bad-syntax", "control characters"),
    "two documents": ("a: 1\n---\nb: 2", "x.yaml", "several-documents", "in line 2"),
    "a tag": (
        "a: !!python/object/apply:os.system [ls]",
        "x.yaml",
        "tag-not-allowed",
        "`!!python/object/apply:os.system`",
    ),
    "a harmless tag": ("a: !!str 1", "x.yaml", "tag-not-allowed", "line 1"),
    "a duplicate key": (
        "a: 1\nb: 2\na: 3",
        "x.yaml",
        "duplicate-key",
        "`a` stands twice in one object (lines 1 and 3)",
    ),
    "a merge": ("a: &x {}\nb: {<<: *x}", "x.yaml", "merge-not-allowed", "line 2"),
    "a list as a key": ("? [1]\n: 2", "x.yaml", "bad-key", "line 1"),
    "an alias as a key": ("a: &x b\n*x : 1", "x.yaml", "bad-key", "line 2"),
    "an unknown alias": ("a: *x", "x.yaml", "bad-alias", "`*x` in line 1"),
    "an alias inside itself": ("a: &x [*x]", "x.yaml", "bad-alias", "`*x` in line 1"),
    "a billion laughs": (LAUGHS, "x.yaml", "too-many-aliases", "repeat more than 100,000 values"),
    "lists a thousand deep": ("[" * 1000, "x.yaml", "too-deep", "nested deeper than 200"),
    "aliases of deep lists": (DEEP, "x.yaml", "too-deep", "nests deeper than 200"),
    "not a number": ("a: .nan", "x.yaml", "bad-value", "nan is not JSON"),
    "an empty file": ("  \n", "x.yaml", "empty-document", "empty"),
    "only a comment": ("# later", "x.yaml", "not-an-object", "not nothing"),
    "a list": ("- a", "x.yaml", "not-an-object", "not a list"),
    "broken JSON": ('{"a": 1,}', "x.json", "bad-syntax", "(line 1, column"),
    "JSON with a duplicate": ('{"a": 1, "a": 2}', "x.json", "bad-syntax", 'the key "a" stands twice'),
    "JSON with NaN": ('{"a": NaN}', "x.json", "bad-syntax", "NaN is not JSON"),
    "half a surrogate": ('{"a": "\\ud800"}', "x.json", "bad-value", "surrogate"),
    "too many bytes": ("a: " + "x" * 10_000_001, "x.yaml", "too-large", "10,000,000 bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_text_that_is_no_document_is_refused_with_the_reason(name: str) -> None:
    text, file, code, words = REFUSED[name]

    value, faults = read_text(text, name=file)
    told = [(fault.code, fault.message) for fault in (*faults, *salvage_document(value, KNOWN_TYPES).faults)]

    assert told[0][0] == code
    assert words in told[0][1]


def test_every_duplicate_key_of_a_text_is_told() -> None:
    _, faults = read_yaml("a: 1\na: 2\nb:\n  c: [{d: 1, d: 2}]\n")

    assert [(fault.code, fault.path) for fault in faults] == [("duplicate-key", "$"), ("duplicate-key", "$.b.c[0]")]


def test_bytes_that_are_no_utf8_are_refused() -> None:
    _, (fault,) = read_text(b"a: \xff", name="x.yaml")

    assert fault.code == "bad-syntax"


def test_a_name_without_a_known_ending_leaves_it_to_the_first_character() -> None:
    assert read_text('\ufeff{"a": 1}', name="-") == ({"a": 1}, [])
    assert read_text("a: 1", name="-") == ({"a": 1}, [])
