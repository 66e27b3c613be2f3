"""Documents over HTTP: all of one is saved, or nothing; what comes out goes in again."""

import json

import jsonschema
import pytest

from tests.api.flows import AGENT, CALCULATOR, straight, writes
from tests.api.office import Office
from tests.gallery import EXAMPLES, read_example


def test_a_document_is_saved_as_a_whole_or_not_at_all(office: Office):
    document = {
        "tools": [CALCULATOR],
        "agents": [AGENT | {"id": "a", "tools": ["sum"]}],
        "workflows": [writes("w", "a")],
    }

    problem = office.fault(422, "POST", "/documents", document | {"tools": []})
    assert {issue["code"] for issue in problem["issues"]} == {"unknown-agent-tool"}
    assert problem["issues"][0]["path"] == "$.agents[0].tools[0]"
    assert office.ok("GET", "/agents")["items"] == []

    applied = office.ok("POST", "/documents", document)
    assert [(item["change"], item["kind"], item["id"]) for item in applied["items"]] == [
        ("created", "agent", "a"),
        ("created", "tool", "sum"),
        ("created", "workflow", "w"),
    ]
    again = office.ok("POST", "/documents", document)
    assert {item["change"] for item in again["items"]} == {"unchanged"}
    assert office.workspace.reloads >= 1


def test_a_document_may_name_what_the_catalogue_has(office: Office):
    office.apply(agents=[AGENT | {"id": "a"}])

    office.ok("POST", "/documents", {"workflows": [writes("w", "a")]})

    office.fault(422, "POST", "/documents", {"workflows": [writes("v", "b")]})


def test_what_is_exported_and_applied_gives_the_same_again(office: Office):
    for example in EXAMPLES:
        document = read_example(example)[0]
        sections = {name: [entity.to_wire() for entity in found] for name, found in document.sections.items()}
        office.apply(**sections)
    exported = office.client.get("/documents")
    schema = office.ok("GET", "/document-schema")
    jsonschema.validate(exported.json(), schema)
    assert {item["change"] for item in office.ok("POST", "/documents", exported.json())["items"]} == {"unchanged"}

    workflows = exported.json()["workflows"]
    used = {node.get("workflowId") for workflow in workflows for node in workflow["graph"]["nodes"]}
    for workflow in sorted(workflows, key=lambda workflow: workflow["id"] in used):  # who uses another goes first
        office.ok("DELETE", f"/workflows/{workflow['id']}")
    for section in ("agents", "tools"):
        for entity in exported.json()[section]:
            office.ok("DELETE", f"/{section}/{entity['id']}")
    assert json.loads(office.client.get("/documents").text).keys() == {"project"}
    office.ok("POST", "/documents", exported.json())
    assert office.client.get("/documents").text == exported.text


def test_the_document_of_one_workflow_has_all_that_it_uses(office: Office):
    office.apply(
        tools=[CALCULATOR], agents=[AGENT | {"id": "a", "tools": ["sum"]}], workflows=[writes("w", "a"), straight()]
    )

    document = office.ok("GET", "/documents?workflowId=w")

    assert {name: [entity["id"] for entity in found] for name, found in document.items()} == {
        "agents": ["a"],
        "tools": ["sum"],
        "workflows": ["w"],
    }
    office.fault(404, "GET", "/documents?workflowId=none")


@pytest.mark.parametrize("document", [{"workflow": []}, [], "text", {"agents": [AGENT]}])
def test_what_is_no_document_is_refused_with_its_faults(office: Office, document: object):
    assert office.fault(422, "POST", "/documents", document)["issues"]
