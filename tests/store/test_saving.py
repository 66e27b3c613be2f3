"""Saving: all or nothing, a revision for each change, and no silent overwriting."""

import pytest
from sqlalchemy import text

from agentmesh_dagster.entities.models import Kind, Tool
from agentmesh_dagster.errors import Conflict, InvalidValue
from agentmesh_dagster.store.catalogue import (
    CatalogueView,
    EntityNotFound,
    InvalidEntity,
    MissingProject,
    StaleRevision,
    current_revision,
    delete_entity,
    get_entity,
    list_entities,
    list_revisions,
    restore_revision,
    save_entities,
)
from tests.store.examples import EXACT_VALUE, ODD_TEXTS, agent, project, tool, workflow


def without_times(entity):
    return entity.model_copy(update={"created_at": None, "updated_at": None, "revision": None}).to_wire()


@pytest.mark.parametrize("odd", ODD_TEXTS)
def test_every_entity_comes_back_as_it_was_saved(store, odd):
    entities = [
        project(odd, name=odd, description=odd),
        tool(odd, projectId=odd, name=odd, inputSchema=EXACT_VALUE, outputSchema={odd: None}),
        agent(odd, projectId=odd, name=odd, systemPrompt=odd, tools=[odd], metadata=EXACT_VALUE),
        workflow(
            odd,
            projectId=odd,
            name=odd,
            description="",
            agents=(odd,),
            tools=(odd,),
            inputSchema=EXACT_VALUE,
            triggers=[{"type": "cron", "cron": "0 7 * * *", "input": EXACT_VALUE}],
        ),
    ]
    save_entities(store, entities, author=odd)

    for kind, entity in zip((Kind.PROJECT, Kind.TOOL, Kind.AGENT, Kind.WORKFLOW), entities, strict=True):
        assert str(without_times(get_entity(store, kind, odd))) == str(without_times(entity))
    assert {line.saved_by for line in list_revisions(store, Kind.AGENT, odd)} == {odd}


def test_each_saved_entity_gets_a_revision_of_its_own_and_its_times(store):
    saved = save_entities(store, [project(), agent(projectId="support"), workflow(projectId="support")], author="ann")

    assert [(one.kind, one.id, one.revision, one.change) for one in saved] == [
        (Kind.PROJECT, "support", 1, "created"),
        (Kind.AGENT, "writer", 2, "created"),
        (Kind.WORKFLOW, "triage", 3, "created"),
    ]
    assert saved[2].entity == get_entity(store, Kind.WORKFLOW, "triage")
    assert saved[2].entity.revision == 3
    assert saved[2].entity.created_at == saved[2].entity.updated_at


def test_an_update_keeps_when_the_entity_was_made(store):
    first = save_entities(store, [agent()], author="ann")[0]
    second = save_entities(store, [agent(systemPrompt="Be brief.")], author="bob")[0]

    assert (second.revision, second.change) == (first.revision + 1, "updated")
    assert second.entity.created_at == first.entity.created_at
    assert second.entity.updated_at >= first.entity.updated_at
    assert get_entity(store, Kind.AGENT, "writer") == second.entity


def test_what_has_not_changed_makes_no_revision(store):
    first = save_entities(store, [agent(), tool()], author="ann")
    loaded = get_entity(store, Kind.AGENT, "writer")
    second = save_entities(store, [loaded, tool(description="now with a sentence")], author="bob")

    assert [(one.revision, one.change) for one in second] == [
        (first[0].revision, "unchanged"),
        (4, "updated"),
    ]
    assert second[0].entity == first[0].entity
    assert current_revision(store) == 4


def test_another_order_of_keys_is_a_change(store):
    save_entities(store, [tool(inputSchema={"a": 1, "b": 2})], author="ann")

    assert save_entities(store, [tool(inputSchema={"b": 2, "a": 1})], author="ann")[0].change == "updated"


def test_the_default_project_makes_itself(store):
    save_entities(store, [agent()], author="ann")

    assert get_entity(store, Kind.PROJECT, "default").name == "Default"


def test_any_other_missing_project_is_named_and_nothing_is_saved(store):
    with pytest.raises(MissingProject, match="`nowhere`, project of agent `writer`"):
        save_entities(store, [tool(), agent(projectId="nowhere")], author="ann")

    assert current_revision(store) == 0
    assert list_entities(store, Kind.TOOL).items == ()


def test_an_entity_that_stands_twice_is_refused(store):
    with pytest.raises(InvalidEntity, match="agent `writer` stands twice"):
        save_entities(store, [agent(), agent(name="Other")], author="ann")


@pytest.mark.parametrize("value", ["\x00", "\ud800", {"\x00": 1}, 2**2000])
def test_what_is_no_json_is_refused_with_its_place(store, value):
    with pytest.raises(InvalidValue, match=r"agent `writer` at \$\.metadata\.x"):
        save_entities(store, [agent().model_copy(update={"metadata": {"x": value}})], author="ann")


def test_a_stale_writer_is_told_who_was_first(store):
    seen = save_entities(store, [workflow()], author="ann")[0].revision
    newer = save_entities(store, [workflow(name="Two")], author="bob")[0]

    with pytest.raises(StaleRevision) as caught:
        save_entities(
            store,
            [agent(), workflow(name="Three")],
            author="cid",
            expected_revision={(Kind.WORKFLOW, "triage"): seen},
        )

    assert isinstance(caught.value, Conflict)
    assert (caught.value.revision, caught.value.saved_by) == (newer.revision, "bob")
    assert caught.value.saved_at == newer.entity.updated_at
    assert f"workflow `triage` is at revision {newer.revision}, saved by bob at" in str(caught.value)
    assert f"yours began at revision {seen}" in str(caught.value)
    assert list_entities(store, Kind.AGENT).items == ()


def test_a_writer_who_has_seen_the_newest_revision_may_save(store):
    seen = save_entities(store, [agent()], author="ann")[0].revision
    saved = save_entities(store, [agent(name="Two")], author="bob", expected_revision={(Kind.AGENT, "writer"): seen})

    assert saved[0].change == "updated"


def test_an_entity_that_must_be_new_is_refused_when_there_is_one(store):
    expected = {(Kind.AGENT, "writer"): 0}
    save_entities(store, [agent()], author="ann", expected_revision=expected)

    with pytest.raises(StaleRevision, match=r"saved by ann at .*; yours was to be new"):
        save_entities(store, [agent(name="Two")], author="bob", expected_revision=expected)

    delete_entity(store, Kind.AGENT, "writer", author="ann")
    assert save_entities(store, [agent()], author="bob", expected_revision=expected)[0].change == "created"


def test_a_stale_writer_is_told_of_a_deletion(store):
    seen = save_entities(store, [agent()], author="ann")[0].revision
    delete_entity(store, Kind.AGENT, "writer", author="bob")

    with pytest.raises(StaleRevision, match="deleted by bob"):
        save_entities(store, [agent(name="Two")], author="cid", expected_revision={(Kind.AGENT, "writer"): seen})


def test_a_revision_of_an_entity_that_never_was_is_not_found(store):
    with pytest.raises(EntityNotFound, match="agent `writer`"):
        save_entities(store, [agent()], author="ann", expected_revision={(Kind.AGENT, "writer"): 4})


def test_who_validates_sees_the_catalogue_as_it_will_be_and_can_stop_it(store):
    save_entities(store, [tool()], author="ann")

    def refuse(view: CatalogueView) -> None:
        assert view.get_tool("clock").name == "Clock"
        assert view.get_agent("writer").name == "Writer"
        assert view.get_workflow("triage").graph.nodes
        assert view.get_project("default").name == "Default"
        assert view.get_agent("clock") is None
        raise InvalidValue("not like this")

    with pytest.raises(InvalidValue, match="not like this"):
        save_entities(store, [agent(), workflow()], author="ann", validate=refuse)

    assert current_revision(store) == 2
    assert list_entities(store, Kind.WORKFLOW).items == ()


def test_an_old_revision_is_restored_as_a_new_one(store):
    first = save_entities(store, [agent(systemPrompt="one")], author="ann")[0]
    save_entities(store, [agent(systemPrompt="two")], author="bob")
    restored = restore_revision(store, Kind.AGENT, "writer", first.revision, author="cid")

    assert (restored.revision, restored.change) == (4, "restored")
    assert get_entity(store, Kind.AGENT, "writer").system_prompt == "one"
    assert [(line.revision, line.saved_by, line.note) for line in list_revisions(store, Kind.AGENT, "writer")] == [
        (4, "cid", "restored from revision 2"),
        (3, "bob", None),
        (2, "ann", None),
    ]


def test_a_deleted_entity_is_restored(store):
    first = save_entities(store, [agent()], author="ann")[0]
    delete_entity(store, Kind.AGENT, "writer", author="bob")

    assert restore_revision(store, Kind.AGENT, "writer", first.revision, author="cid").change == "restored"
    assert get_entity(store, Kind.AGENT, "writer").created_at == first.entity.created_at


def test_restoring_what_is_there_changes_nothing(store):
    first = save_entities(store, [agent()], author="ann")[0]

    assert restore_revision(store, Kind.AGENT, "writer", first.revision, author="bob").change == "unchanged"


def test_restoring_obeys_the_expected_revision(store):
    first = save_entities(store, [agent(systemPrompt="one")], author="ann")[0]
    save_entities(store, [agent(systemPrompt="two")], author="bob")

    with pytest.raises(StaleRevision):
        restore_revision(store, Kind.AGENT, "writer", first.revision, author="cid", expected_revision=first.revision)


def test_a_revision_of_something_else_is_not_restored(store):
    save_entities(store, [agent(), tool()], author="ann")

    with pytest.raises(EntityNotFound, match="agent `writer` in revision 3"):
        restore_revision(store, Kind.AGENT, "writer", 3, author="ann")


def test_a_thousand_entities_are_saved_at_once(store):
    tools: list[Tool] = [tool(f"t{number}") for number in range(1000)]

    assert [one.revision for one in save_entities(store, tools, author="ann")] == list(range(2, 1002))
    assert {one.change for one in save_entities(store, tools, author="ann")} == {"unchanged"}


def test_revisions_are_numbered_without_a_gap(store):
    save_entities(store, [agent(), tool()], author="ann")
    save_entities(store, [agent()], author="ann")
    delete_entity(store, Kind.TOOL, "clock", author="ann")
    save_entities(store, [agent(name="Two")], author="ann")

    with store.read() as connection:
        numbers = connection.execute(text("SELECT revision FROM agentmesh_revisions ORDER BY revision")).scalars().all()
    assert numbers == [1, 2, 3, 4, 5]
