"""`GET /types` says all that an editor needs to know of the types."""

from agentmesh_dagster.entities.json_schema import JsonSchema
from tests.api.office import Office


def test_types_are_told_in_the_order_of_a_palette_with_what_may_be_set(office: Office):
    types = office.ok("GET", "/types")

    assert [node["type"] for node in types["nodes"]] == ["start", "agent", "tool", "branch", "human_approval", "end"]
    assert [tool["type"] for tool in types["tools"]] == ["http", "function", "builtin"]
    assert [provider["name"] for provider in types["providers"]] == ["openai", "anthropic", "local"]
    branch = next(node for node in types["nodes"] if node["type"] == "branch")
    assert (branch["label"], branch["mayChoose"], branch["subject"]) == ("Branch", True, "condition")
    assert branch["written"] == {"condition": "expression", "items": "expression_or_template"}
    gate = next(node for node in types["nodes"] if node["type"] == "human_approval")
    assert (gate["waits"], gate["place"], gate["written"]["schema"]) == (True, "between", "schema")


def test_the_schema_of_a_config_stands_alone_and_is_what_saving_checks(office: Office):
    for node in office.ok("GET", "/types")["nodes"]:
        schema = JsonSchema(node["config"])
        assert schema.list_faults({}) == []
        assert [fault.path for fault in schema.list_faults({"retry": {"maxAttempts": 0}})] == ["$.retry.maxAttempts"]
        assert all(field["description"] for field in node["config"]["properties"].values())
