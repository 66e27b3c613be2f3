"""`validate`, `apply`, `export` and `schema`."""

import json

import pytest
import yaml

from tests.cli.documents import CLOCK, GREETER, HELLO, WORKFLOWS, chain, write_yaml

BAD = chain("bad", {"id": "ask", "type": "agent", "agentId": "ghost"}, end={"output": "{{ context.lastoutput }}"})


def test_a_sound_document_has_no_faults(agentmesh, folder):
    write_yaml(folder / "sound.yaml", WORKFLOWS)

    typed = agentmesh("validate", "sound.yaml")

    assert typed.code == 0
    assert "✓ sound.yaml: no issues" in typed.out


def test_all_faults_are_told_at_once_and_nothing_is_saved(agentmesh, folder, home):
    write_yaml(folder / "bad.yaml", {"workflows": [BAD]})

    typed = agentmesh("validate", "bad.yaml")

    assert typed.code == 1
    assert "2 errors" in typed.out
    assert "unknown-agent" in typed.out
    assert "last_output" in typed.out
    assert not home.exists()


def test_json_has_a_line_with_an_object_for_each_file(agentmesh, folder):
    write_yaml(folder / "sound.yaml", WORKFLOWS)
    write_yaml(folder / "bad.yaml", {"workflows": [BAD]})

    typed = agentmesh("validate", "sound.yaml", "bad.yaml", "--format", "json")

    sound, bad = map(json.loads, typed.out.splitlines())
    assert typed.code == 1
    assert sound.pop("modelCalls") == {"hello": 1, "each": 1_000}
    assert sound == {"file": "sound.yaml", "valid": True, "issues": []}
    assert (bad["file"], bad["valid"]) == ("bad.yaml", False)
    assert {"code", "severity", "nodeId", "path", "message"} == bad["issues"][0].keys()


def test_what_cannot_be_read_at_all_is_an_issue_too(agentmesh, folder):
    (folder / "torn.json").write_text('{"workflows": [')

    typed = agentmesh("validate", "torn.json", "--format", "json")

    assert typed.code == 1
    assert typed.json["valid"] is False
    assert typed.json["issues"][0]["code"] == "bad-syntax"


def test_a_warning_leaves_a_document_valid(agentmesh, folder):
    graph = chain("one way", {"id": "choose", "type": "branch"})
    graph["graph"]["edges"][1]["condition"] = "context.input.yes"
    write_yaml(folder / "doubtful.yaml", {"workflows": [graph]})

    typed = agentmesh("validate", "doubtful.yaml", "--format", "json")

    assert typed.code == 0
    assert typed.json["valid"] is True
    assert [issue["severity"] for issue in typed.json["issues"]] == ["warning"]
    assert "1 warning" in agentmesh("apply", "doubtful.yaml").err


def test_files_are_looked_at_together(agentmesh, folder):
    write_yaml(folder / "agents.yaml", {"agents": [GREETER]})
    write_yaml(folder / "hello.yaml", {"workflows": [HELLO]})

    assert agentmesh("validate", "hello.yaml").code == 1
    assert agentmesh("validate", "hello.yaml", "agents.yaml").code == 0


def test_the_store_is_looked_into_on_demand(agentmesh, folder):
    write_yaml(folder / "agents.yaml", {"agents": [GREETER]})
    write_yaml(folder / "hello.yaml", {"workflows": [HELLO]})
    agentmesh("apply", "agents.yaml")

    assert agentmesh("validate", "hello.yaml").code == 1
    assert agentmesh("validate", "hello.yaml", "--store").code == 0
    assert agentmesh("apply", "hello.yaml").code == 0


def test_apply_says_what_became_of_each_entity(agentmesh, folder):
    write_yaml(folder / "hello.yaml", {"agents": [GREETER], "workflows": [HELLO]})
    first = agentmesh("apply", "hello.yaml")
    write_yaml(folder / "hello.yaml", {"agents": [GREETER | {"systemPrompt": "Be brief."}], "workflows": [HELLO]})
    second = agentmesh("apply", "hello.yaml")

    assert first.out.count("created") == 2
    assert "updated    agent     greeter" in second.out
    assert "unchanged  workflow  hello" in second.out


def test_apply_takes_folders_without_what_is_hidden_in_them(agentmesh, folder):
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / ".agentmesh").mkdir()
    write_yaml(folder / "deep" / "agents.yml", {"agents": [GREETER]})
    (folder / "deep" / "er" / "hello.json").write_text(json.dumps({"workflows": [HELLO]}))
    write_yaml(folder / ".agentmesh" / "dagster.yaml", {"telemetry": {"enabled": False}})
    (folder / "notes.txt").write_text("not a document")

    assert agentmesh("apply", ".").code == 0
    assert [one["id"] for one in agentmesh("list", "--format", "json").json] == ["hello"]


def test_apply_saves_all_files_or_none(agentmesh, folder):
    write_yaml(folder / "good.yaml", WORKFLOWS)
    write_yaml(folder / "bad.yaml", {"workflows": [BAD]})

    typed = agentmesh("apply", ".")

    assert typed.code == 1
    assert "Nothing was saved" in typed.err
    assert agentmesh("list", "--format", "json").json == []


def test_one_entity_may_stand_in_two_files_if_it_is_the_same(agentmesh, folder):
    write_yaml(folder / "a.yaml", {"agents": [GREETER]})
    write_yaml(folder / "b.yaml", {"agents": [GREETER]})

    assert agentmesh("apply", ".").out.count("greeter") == 1

    write_yaml(folder / "b.yaml", {"agents": [GREETER | {"name": "Another"}]})
    typed = agentmesh("apply", ".")
    assert typed.code == 1
    assert "The agent `greeter` stands otherwise in a.yaml" in typed.err


@pytest.mark.parametrize("path", ["nowhere.yaml", "empty"])
def test_where_there_is_no_document_that_is_said(agentmesh, folder, path):
    (folder / "empty").mkdir()

    typed = agentmesh("apply", path)

    assert typed.code == 2
    assert path in typed.err


@pytest.mark.parametrize("file_format", ["yaml", "json"])
def test_what_is_exported_and_applied_to_an_empty_store_is_the_same(applied, folder, monkeypatch, file_format):
    odd = {
        "project": [{"id": "empty", "name": "Nothing in it"}, {"id": "p", "name": "Pröject"}],
        "agents": [GREETER | {"id": "alone", "projectId": "p", "systemPrompt": "two\nlines", "tools": ["clock"]}],
        "tools": [CLOCK | {"description": "yes: no"}],
        "workflows": [chain("hello again", name="HELLO", projectId="p", description="Wie geht's?")],
    }
    write_yaml(folder / "odd.yaml", odd)
    assert applied("apply", "odd.yaml").code == 0
    assert applied("export", "-o", "first", "--format", file_format).code == 0

    monkeypatch.setenv("AGENTMESH_HOME", str(folder / "another home"))
    assert applied("apply", "first").code == 0
    applied("export", "-o", "second", "--format", file_format)

    first, second = (
        {file.name: file.read_text() for file in (folder / name).iterdir()} for name in ("first", "second")
    )
    assert first == second
    expected = {"hello", "hello_2", "fails", "waits", "each", "not-in-a-workflow"}
    assert first.keys() == {f"{name}.{file_format}" for name in expected}
    rest = yaml.safe_load(first[f"not-in-a-workflow.{file_format}"])
    assert rest == {"project": odd["project"], "agents": odd["agents"], "tools": odd["tools"]}


def test_one_workflow_is_exported_with_all_that_it_uses(applied, folder):
    typed = applied("export", "--workflow", "Hello", "-o", "out")

    assert typed.out.split() == ["out/hello.yaml"]
    document = yaml.safe_load((folder / "out" / "hello.yaml").read_text())
    assert [agent["id"] for agent in document["agents"]] == ["greeter"]
    assert [workflow["id"] for workflow in document["workflows"]] == ["hello"]


def test_the_schema_of_documents_is_json_alone(agentmesh):
    typed = agentmesh("schema")

    assert typed.json["title"] == "AgentMesh document"
    assert typed.err == ""


def test_a_workflow_is_exported_with_those_that_it_runs(agentmesh, folder):
    call = {"id": "call", "type": "workflow", "workflowId": "hello", "config": {"input": {"who": "Ann"}}}
    write_yaml(folder / "all.yaml", {**WORKFLOWS, "workflows": [chain("main", call), HELLO]})
    agentmesh("apply", "all.yaml")

    typed = agentmesh("export", "--workflow", "Main", "-o", "out")

    assert typed.code == 0
    document = yaml.safe_load((folder / "out" / "main.yaml").read_text())
    assert [flow["id"] for flow in document["workflows"]] == ["main", "hello"]
    assert [agent["id"] for agent in document["agents"]] == ["greeter"]
    assert agentmesh("validate", "out/main.yaml").code == 0
