"""The code location: a job per stored workflow, pinned to the revision at which a run was launched."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from agentmesh_dagster import AgentMeshWorkflows, build_definitions
from agentmesh_dagster.code_location import build_repository
from agentmesh_dagster.code_location.dagster_internals import DefinitionsLoadContext, DefinitionsLoadType
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import PreparedLaunch, UnfitInput, prepare_launch
from agentmesh_dagster.control.pinning import REVISION_KEY
from agentmesh_dagster.entities.models import Agent, Kind, Run, Workflow
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.catalogue import current_revision, delete_entity
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.tables import revisions
from tests.control.instances import open_test_instance
from tests.shapes import node, save, workflow


@pytest.fixture
def services(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("AGENTMESH_DATABASE_URL", store_url)
    monkeypatch.setenv("AGENTMESH_CONSOLE_LOG_LEVEL", "CRITICAL")
    get_settings.cache_clear()
    return open_services()


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with open_test_instance(home) as instance:
        yield instance


@pytest.fixture(autouse=True)
def as_a_code_server_loads() -> Iterator[None]:
    """A worker of another test may have left its way of loading in this process."""
    with DefinitionsLoadContext.scoped(DefinitionsLoadContext(DefinitionsLoadType.INITIALIZATION)):
        yield


def greet(word: str, identity: str = "greet", name: str = "Greet people") -> Workflow:
    nodes = [node("start", "start"), node("end", "end", output=word)]
    return workflow(identity, nodes, ["start -> end"], name=name)


def finish(services: Services, instance: dg.DagsterInstance, launch: PreparedLaunch) -> Run:
    run_in_place(services, instance, launch)
    with services.store.read() as connection:
        return get_run(connection, launch.run_id)


def test_every_workflow_is_a_job_named_after_it(services: Services):
    save(services, greet("hello"), greet("bye", "other", name="Greet people"), greet("嗨", "cn", name="打招呼"))

    names = build_repository().job_names

    assert len(names) == 3
    assert {"Greet_people", "Greet_people_2"} < set(names)


def test_a_run_that_was_launched_before_an_edit_runs_what_was_launched(
    services: Services, instance: dg.DagsterInstance
):
    save(services, greet("hello"))
    before = prepare_launch(services, instance, greet("hello"), {}, launched_by="test")
    save(services, greet("good evening"))
    after = prepare_launch(services, instance, greet("hello"), {}, launched_by="test")

    assert finish(services, instance, before).output == "hello"
    assert finish(services, instance, after).output == "good evening"


def test_a_run_of_a_workflow_that_was_deleted_or_renamed_meanwhile_still_runs(
    services: Services, instance: dg.DagsterInstance
):
    save(services, greet("hello"))
    first = prepare_launch(services, instance, greet("hello"), {}, launched_by="test")
    save(services, greet("renamed", name="Another name"))
    second = prepare_launch(services, instance, greet("hello"), {}, launched_by="test")
    delete_entity(services.store, Kind.WORKFLOW, "greet", author="test")

    assert list(build_repository().job_names) == []
    assert finish(services, instance, first).output == "hello"
    assert finish(services, instance, second).output == "renamed"


@pytest.mark.parametrize("damage", ["{not json", '{"id": "bad", "name": "Bad", "graph": {"nodes": [], "edges": []}}'])
def test_a_workflow_damaged_in_the_database_costs_its_own_job_only(services: Services, damage: str):
    save(services, greet("hello"), greet("x", "bad", name="Bad"))
    with services.store.begin() as tx:
        tx.execute(revisions.update().where(revisions.c.entity_id == "bad").values(document=damage))

    repository = build_repository()

    assert {job.name for job in repository.get_all_jobs()} == {"Greet_people", "Bad"}
    assert "cannot run" in str(repository.get_job("Bad").description)
    assert "cannot run" not in str(repository.get_job("Greet_people").description)


def test_an_input_that_does_not_fit_starts_nothing(services: Services, instance: dg.DagsterInstance):
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    flow = workflow("w", [node("start", "start"), node("end", "end")], ["start -> end"], inputSchema=schema)
    save(services, flow)

    with pytest.raises(UnfitInput, match=r"\$\.n"):
        prepare_launch(services, instance, flow, {"n": "many"}, launched_by="test")

    assert instance.get_runs_count() == 0


def test_jobs_merge_into_somebodys_own_definitions(services: Services):
    save(services, greet("hello"))

    @dg.asset
    def mine() -> int:
        return 1

    merged = dg.Definitions.merge(dg.Definitions(assets=[mine]), build_definitions())

    job = merged.resolve_job_def("Greet_people")
    assert job.execute_in_process().success
    assert {sensor.name for sensor in merged.sensors or []} == {"agentmesh_runs"}


def test_the_component_loads_in_a_dg_project(services: Services, store_url: str, tmp_path: Path):
    save(services, greet("hello"))
    defs = tmp_path / "defs" / "flows"
    defs.mkdir(parents=True)
    attributes = json.dumps({"database_url": store_url})
    (defs / "defs.yaml").write_text(f"type: agentmesh_dagster.AgentMeshWorkflows\nattributes: {attributes}\n")

    definitions = dg.build_defs_for_component(AgentMeshWorkflows(database_url=store_url))

    assert definitions.resolve_job_def("Greet_people")


def test_the_launchpad_has_the_inputs_with_types_descriptions_and_defaults(services: Services):
    schema = {
        "type": "object",
        "required": ["subject"],
        "properties": {
            "subject": {"type": "string", "description": "First line"},
            "plan": {"type": "string", "enum": ["free", "pro"], "default": "pro"},
            "count": {"type": "integer", "default": 3},
            "odd name": {"type": ["string", "null"]},
        },
    }
    flow = workflow("w", [node("start", "start"), node("end", "end")], ["start -> end"], inputSchema=schema)
    save(services, flow)

    job = build_repository().get_job("w")

    assert not job.run_config, "Dagster takes what is prefilled for what is left out, and `subject` must be given"
    fields = job.graph.node_named("start").definition.config_schema.config_type.fields["input"].config_type.fields
    assert fields["subject"].description == "First line"
    assert fields["subject"].is_required
    assert fields["plan"].default_value == "pro"
    assert {choice.config_value for choice in fields["plan"].config_type.enum_values} == {"free", "pro"}


def serve(agent: str, identity: str) -> Workflow:
    nodes = [node("start", "start"), node("work", "agent", agentId=agent, prompt="hello"), node("end", "end")]
    return workflow(identity, nodes, ["start -> work", "work -> end"])


def make_agent(identity: str, name: str) -> Agent:
    return Agent.model_validate({"id": identity, "name": name, "modelProvider": "local", "modelName": "offline"})


def move_on(repository: dg.RepositoryDefinition) -> dg.RepositoryDefinition:
    """What a code server of Dagster's does when it is told of a newer state."""
    return repository.get_component_tree().reload_with_state(["agentmesh"]).get_repository_def()


def test_a_reload_builds_only_the_jobs_that_something_was_changed_in(services: Services):
    save(services, make_agent("ann", "Ann"), make_agent("bob", "Bob"), serve("ann", "a"), serve("bob", "b"))
    save(services, greet("hello"), greet("bye", "gone", "Gone"))
    before = build_repository()
    before.load_all_definitions()

    save(services, make_agent("bob", "Robert"), greet("good evening"), greet("hi", "new", "New"))
    delete_entity(services.store, Kind.WORKFLOW, "gone", author="test")
    after = move_on(before)

    assert after.job_names == ["Greet_people", "New", "a", "b"]
    assert after.get_job("a") is before.get_job("a")
    assert after.get_job("Greet_people") is not before.get_job("Greet_people")
    assert "Robert" in str(after.get_job("b").graph.node_named("work").definition.description)


def test_a_job_whose_agent_came_later_is_built_anew(services: Services):
    save(services, serve("ann", "a"))
    before = build_repository()
    assert "cannot run" in str(before.get_job("a").description)

    save(services, make_agent("ann", "Ann"))

    assert "cannot run" not in str(move_on(before).get_job("a").description)


def test_runs_of_a_reloaded_location_are_pinned_to_what_it_was_reloaded_at(services: Services):
    save(services, greet("hello"))
    before = build_repository()
    save(services, greet("good evening"))

    load_data = move_on(before).repository_load_data

    assert load_data is not None
    assert load_data.reconstruction_metadata[REVISION_KEY].data == str(current_revision(services.store))


def test_what_dagster_knows_of_a_job_stays_the_same_when_another_is_edited(services: Services):
    save(services, greet("hello"), greet("bye", "other", "Other"))
    before = build_repository().get_job("Other").get_job_snapshot_id()

    save(services, greet("good evening"))

    assert build_repository().get_job("Other").get_job_snapshot_id() == before


def test_a_job_is_built_anew_when_a_workflow_that_it_runs_is_edited_or_comes_later(services: Services):
    main = workflow(
        "main",
        [node("start", "start"), node("call", "workflow", workflowId="sub", mode="run"), node("end", "end")],
        ["start -> call", "call -> end"],
    )
    save(services, main)
    without = build_repository()
    assert "cannot run" in str(without.get_job("main").description)

    save(services, greet("hello", "sub", "Sub"))
    first = move_on(without)
    job = first.get_job("main")
    save(services, greet("bye", "sub", "Sub"))

    assert "cannot run" not in str(job.description)
    assert "Workflow **Sub**" in str(job.graph.node_named("call").definition.description)
    assert move_on(first).get_job("main") is not job
