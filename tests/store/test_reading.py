"""Reading: what there is, what there was, and what is broken."""

import pytest
from sqlalchemy import text

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import (
    AmbiguousName,
    BrokenDocument,
    EntityNotFound,
    current_revision,
    delete_entity,
    find_entity,
    get_entity,
    get_revision,
    list_entities,
    list_job_names,
    list_revisions,
    load_workflow_at,
    newest_revisions,
    save_entities,
)
from agentmesh_dagster.store.pages import InvalidCursor
from tests.store.examples import agent, project, tool, workflow


def edit_by_hand(store: Store, kind: Kind, document: str) -> None:
    with store.begin() as tx:
        statement = text("UPDATE agentmesh_revisions SET document = :document WHERE kind = :kind")
        tx.execute(statement, {"document": document, "kind": kind.value})


def test_an_entity_is_found_by_id_or_by_name(store):
    save_entities(store, [workflow("w1", name="Ticket triage")], author="ann")

    assert find_entity(store, Kind.WORKFLOW, "w1").name == "Ticket triage"
    assert find_entity(store, Kind.WORKFLOW, "Ticket triage").id == "w1"


def test_an_id_goes_before_a_name(store):
    save_entities(store, [agent("a", name="b"), agent("b", name="c")], author="ann")

    assert find_entity(store, Kind.AGENT, "b").id == "b"


def test_what_is_not_found_comes_with_near_names(store):
    save_entities(store, [workflow("w1", name="Ticket triage"), workflow("invoice")], author="ann")

    with pytest.raises(EntityNotFound, match="workflow `ticket-triage`; near it: `Ticket triage`"):
        find_entity(store, Kind.WORKFLOW, "ticket-triage")
    with pytest.raises(EntityNotFound, match=r"workflow `zzz`$"):
        find_entity(store, Kind.WORKFLOW, "zzz")


def test_a_name_that_several_have_is_refused_with_their_ids(store):
    save_entities(store, [agent(identity, name="Writer") for identity in "abcdefg"], author="ann")

    with pytest.raises(AmbiguousName, match="agent `Writer` may be `a`, `b`, `c`, `d`, `e` and 2 more"):
        find_entity(store, Kind.AGENT, "Writer")


def test_an_entity_is_read_as_of_a_revision(store):
    first = save_entities(store, [agent(systemPrompt="one")], author="ann")[0]
    save_entities(store, [tool()], author="ann")
    save_entities(store, [agent(systemPrompt="two")], author="ann")
    gone = delete_entity(store, Kind.AGENT, "writer", author="ann")

    assert get_entity(store, Kind.AGENT, "writer", at=first.revision) == first.entity
    assert get_entity(store, Kind.AGENT, "writer", at=first.revision + 1) == first.entity
    assert get_entity(store, Kind.AGENT, "writer", at=gone - 1).system_prompt == "two"
    for at in (first.revision - 1, gone, gone + 10, None):
        with pytest.raises(EntityNotFound):
            get_entity(store, Kind.AGENT, "writer", at=at)


def test_one_revision_is_read_by_its_number(store):
    first = save_entities(store, [agent(), tool()], author="ann")[0]

    assert get_revision(store, Kind.AGENT, "writer", first.revision) == first.entity
    with pytest.raises(EntityNotFound, match="agent `writer` in revision 3"):
        get_revision(store, Kind.AGENT, "writer", 3)


def test_the_history_tells_each_save_and_the_deletion(store):
    save_entities(store, [agent()], author="ann", note="first try")
    save_entities(store, [agent(name="Author")], author="bob")
    delete_entity(store, Kind.AGENT, "writer", author="cid")

    history = list_revisions(store, Kind.AGENT, "writer")

    assert [(line.revision, line.name, line.saved_by, line.note, line.deleted) for line in history] == [
        (4, "Author", "cid", None, True),
        (3, "Author", "bob", None, False),
        (2, "Writer", "ann", "first try", False),
    ]
    with pytest.raises(EntityNotFound):
        list_revisions(store, Kind.AGENT, "nobody")


def test_pages_hold_each_entity_once_in_an_order_that_both_databases_share(store):
    names = ["b", "B", "a", "ä", "Z", "_", "東", "a"]
    save_entities(store, [agent(f"id{place}", name=name) for place, name in enumerate(names)], author="ann")

    seen, cursor = [], None
    while True:
        page = list_entities(store, Kind.AGENT, limit=3, cursor=cursor)
        seen += [(entity.name, entity.id) for entity in page.items]
        if not (cursor := page.next_cursor):
            break
        save_entities(store, [agent("late", name="0 comes before all")], author="bob")

    assert seen == sorted((name, f"id{place}") for place, name in enumerate(names))


def test_a_list_keeps_to_its_project_and_to_what_lives(store):
    save_entities(
        store,
        [project("p1"), project("p2"), agent("a", projectId="p1"), agent("b", projectId="p2")],
        author="ann",
    )
    save_entities(store, [agent("c", projectId="p1"), agent("d", projectId="p1")], author="ann")
    save_entities(store, [agent("d", projectId="p2")], author="ann")
    delete_entity(store, Kind.AGENT, "c", author="ann")

    assert [entity.id for entity in list_entities(store, Kind.AGENT, project_id="p1").items] == ["a"]
    assert [entity.id for entity in list_entities(store, Kind.AGENT, project_id="p2").items] == ["b", "d"]


@pytest.mark.parametrize("cursor", ["", "%%%", "bm90IGpzb24", "WyJvbmUiXQ", "WzEsMl0", "é"])
def test_a_cursor_from_elsewhere_is_refused(store, cursor):
    with pytest.raises(InvalidCursor):
        list_entities(store, Kind.AGENT, cursor=cursor)


def test_a_workflow_is_loaded_as_it_was_with_all_that_it_uses(store):
    save_entities(
        store,
        [
            agent("asked", tools=["lent", "gone"], systemPrompt="one"),
            agent("other"),
            tool("lent"),
            tool("called"),
            tool("other"),
            workflow(agents=("asked", "never made"), tools=("called",)),
        ],
        author="ann",
    )
    at = current_revision(store)
    save_entities(
        store,
        [agent("asked", systemPrompt="two"), workflow(name="Empty"), tool("lent", name="Two")],
        author="bob",
    )
    delete_entity(store, Kind.WORKFLOW, "triage", author="bob")
    delete_entity(store, Kind.TOOL, "called", author="bob")
    delete_entity(store, Kind.AGENT, "asked", author="bob")

    found = load_workflow_at(store, "triage", at)

    assert found.revision == at
    assert found.workflow.name == "Triage"
    assert found.project.id == "default"
    assert {identity: one.system_prompt for identity, one in found.agents.items()} == {"asked": "one"}
    assert {identity: one.name for identity, one in found.tools.items()} == {
        "lent": "Lent",
        "called": "Called",
    }
    with pytest.raises(EntityNotFound, match=r"workflow `triage` at revision \d+"):
        load_workflow_at(store, "triage", current_revision(store))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{", r"at \$: "),
        ("null", r"at \$: "),
        ('{"id": "triage"}', r"at \$\.name: Field required \(and 1 more issues\)"),
        ('{"id": "other", "name": "T", "graph": {}}', r"at \$\.id: it says `other`"),
        ('{"id": "triage", "name": "T", "graph": {}, "colour": "red"}', r"at \$\.colour: Extra inputs"),
        ('{"id": "triage", "name": "T", "graph": {}, "graph": {}}', 'the key "graph" stands twice'),
    ],
)
def test_a_document_broken_by_hand_costs_only_itself(store, document, reason):
    save_entities(store, [workflow(), agent()], author="ann")
    edit_by_hand(store, Kind.WORKFLOW, document)
    save_entities(store, [workflow("whole")], author="ann")

    for read in (
        lambda: get_entity(store, Kind.WORKFLOW, "triage"),
        lambda: find_entity(store, Kind.WORKFLOW, "Triage"),
        lambda: load_workflow_at(store, "triage", 2),
    ):
        with pytest.raises(BrokenDocument, match=reason):
            read()
    page = list_entities(store, Kind.WORKFLOW)
    assert [entity.id for entity in page.items] == ["whole"]
    assert [(fault.kind, fault.id) for fault in page.faults] == [(Kind.WORKFLOW, "triage")]
    assert list_job_names(store) == {"Triage": "triage", "Whole": "whole"}


def test_a_broken_document_is_mended_by_saving_it_anew(store):
    save_entities(store, [workflow()], author="ann")
    edit_by_hand(store, Kind.WORKFLOW, "{")

    assert save_entities(store, [workflow()], author="bob")[0].change == "updated"
    assert get_entity(store, Kind.WORKFLOW, "triage").name == "Triage"


def test_the_newest_revisions_are_told_of_all_that_was_ever_saved(store):
    save_entities(store, [agent()], author="ann")
    first = current_revision(store)
    save_entities(store, [agent(name="Another"), agent("b")], author="ann")
    delete_entity(store, Kind.AGENT, agent().id, author="ann")
    last = current_revision(store)

    then, now = newest_revisions(store, at=first), newest_revisions(store, at=last)

    assert (then[Kind.AGENT, agent().id], (Kind.AGENT, "b") in then) == (first, False)
    assert now[Kind.AGENT, agent().id] == last, "to delete is a revision, too"


def test_workflows_that_use_an_agent_share_what_was_read_of_it(store):
    save_entities(
        store, [agent("asked"), workflow("w1", agents=("asked",)), workflow("w2", agents=("asked",))], author="a"
    )
    at = current_revision(store)

    assert load_workflow_at(store, "w1", at).agents["asked"] is load_workflow_at(store, "w2", at).agents["asked"]


def test_a_workflow_comes_with_all_that_it_runs_at_that_revision(store):
    save_entities(
        store,
        [
            agent("asked", tools=["lent"]),
            tool("lent"),
            tool("called"),
            workflow("deep", agents=("asked",), tools=("called",), name="Deep"),
            workflow("sub", calls=("deep", "never made")),
            workflow("main", calls=("sub", "deep")),
        ],
        author="ann",
    )
    at = current_revision(store)
    save_entities(store, [workflow("deep", name="Edited")], author="bob")
    save_entities(store, [workflow("main"), workflow("sub")], author="bob")
    delete_entity(store, Kind.WORKFLOW, "deep", author="bob")

    found = load_workflow_at(store, "main", at)

    assert {identity: one.name for identity, one in found.workflows.items()} == {"sub": "Sub", "deep": "Deep"}
    assert (list(found.agents), sorted(found.tools)) == (["asked"], ["called", "lent"])
    assert load_workflow_at(store, "main", current_revision(store)).workflows == {}


def test_workflows_that_run_each_other_are_read_once_each(store):
    save_entities(store, [workflow("a", calls=("b",)), workflow("b", calls=("a",))], author="ann")

    assert sorted(load_workflow_at(store, "a", current_revision(store)).workflows) == ["a", "b"]
