"""`GET /types` says all that an editor needs to know of the types."""

from pathlib import Path
from typing import Any

import pytest

from agentmesh_dagster.entities.json_schema import JsonSchema
from tests.api.office import Office


@pytest.fixture
def types(office: Office) -> dict[str, Any]:
    return office.ok("GET", "/types")


@pytest.fixture
def declared(home: Path) -> None:
    home.mkdir()
    tables = (
        "[databases.shop]\nurl = 'sqlite:///shop'",
        "[mcp.tickets]\nurl = 'https://t'",
        "[connections.a]\nkind = 'local'",
    )
    (home / "agentmesh.toml").write_text("\n".join(tables))


def test_what_the_operators_file_declares_is_told_by_name_alone(declared: None, office: Office):
    assert office.ok("GET", "/declared") == {
        "connections": ["a"],
        "databases": ["shop"],
        "mcpServers": ["example", "tickets"],
    }


def find(infos: list[dict[str, Any]], type_name: str) -> dict[str, Any]:
    return next(info for info in infos if info["type"] == type_name)


def test_types_are_told_in_the_order_of_a_palette_with_what_may_be_set(types: dict[str, Any]):
    assert [node["type"] for node in types["nodes"]] == [
        "start",
        "agent",
        "tool",
        "workflow",
        "branch",
        "human_approval",
        "wait",
        "end",
    ]
    assert [tool["type"] for tool in types["tools"]] == ["http", "function", "builtin", "sql", "mcp"]
    assert [provider["name"] for provider in types["providers"]] == ["openai", "anthropic", "local"]
    assert [trigger["type"] for trigger in types["triggers"]] == ["cron", "event", "run", "asset"]
    branch = find(types["nodes"], "branch")
    assert (branch["label"], branch["mayChoose"], branch["subject"]) == ("Branch", True, "condition")
    assert branch["written"] == {"condition": "expression", "items": "expression_or_template"}
    gate = find(types["nodes"], "human_approval")
    assert (gate["waits"], gate["place"], gate["written"]["schema"]) == (True, "between", "schema")


def test_the_schema_of_a_config_stands_alone_and_is_what_saving_checks(types: dict[str, Any]):
    for node in types["nodes"]:
        schema = JsonSchema(node["config"])
        assert schema.list_faults({}) == []
        assert [fault.path for fault in schema.list_faults({"retry": {"maxAttempts": 0}})] == ["$.retry.maxAttempts"]


def test_every_field_has_a_label_and_a_hint(types: dict[str, Any]):
    silent = [
        f"{owner['type']}.{name}"
        for owner in (*types["nodes"], *types["tools"])
        for schema in (owner["config"], *owner["config"].get("$defs", {}).values())
        for name, field in schema["properties"].items()
        if not (field.get("title") and field.get("description"))
    ]
    assert silent == []


def test_every_value_that_may_be_chosen_has_a_word(types: dict[str, Any]):
    for owner in (*types["nodes"], *types["tools"]):
        for schema in (owner["config"], *owner["config"].get("$defs", {}).values()):
            for field in schema["properties"].values():
                choices = [choice["value"] for choice in field.get("x-form", {}).get("choices", [])]
                assert field.get("enum", choices) == choices


def test_a_field_says_how_a_form_shows_it(types: dict[str, Any]):
    fields = find(types["nodes"], "branch")["config"]["properties"]

    assert fields["maxItems"]["x-form"] == {"onlyWith": {"field": "mode", "values": ["each"]}}
    assert fields["join"]["x-form"]["control"] == "node"
    assert "anyOf" not in fields["join"]  # null is no choice in a form
    assert fields["retry"]["x-form"]["section"] == {
        "title": "Retries, timeout, pool",
        "unset": "none",
        "isLast": True,
    }


def test_what_follows_a_node_is_told_for_each_of_its_modes(types: dict[str, Any]):
    edges = {info["type"]: {row.get("mode"): row["ports"] for row in info["edges"]} for info in types["nodes"]}

    assert edges["branch"] == {"first": "choice", "all": "choice", "each": "items"}
    assert edges["human_approval"] == {None: "choice_if_asked"}
    assert edges["agent"] == edges["tool"] == {None: "all"}


def test_names_of_an_event_are_told_for_completion(types: dict[str, Any]):
    assert [name["text"] for name in find(types["triggers"], "cron")["event"]] == ["context.event.scheduledAt"]


def test_the_fields_of_an_agent_say_what_they_are_for_and_their_limits(types: dict[str, Any]):
    temperature = types["agent"]["properties"]["temperature"]

    assert (temperature["minimum"], temperature["maximum"], temperature["type"]) == (0, 2, "number")
    assert temperature["description"]


def test_a_tool_type_says_what_it_takes_and_cannot_do_without(types: dict[str, Any]):
    http = find(types["tools"], "http")

    assert list(http["config"]["properties"]) == [
        "method", "url", "auth", "headers", "query", "bodyFormat", "body", "response", "paging"
    ]  # fmt: skip
    assert http["config"]["required"] == ["url"]
