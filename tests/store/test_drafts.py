"""Drafts in the store: at most one for an entity, seen by nobody who runs things, and gone once it is published."""

import pytest

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import (
    Draft,
    DraftNotFound,
    EntityInUse,
    InvalidBase,
    InvalidDocument,
    MissingProject,
    StaleDraft,
    StaleRevision,
    current_revision,
    delete_entity,
    get_draft,
    get_entity,
    list_drafts,
    list_revisions,
    publish_draft,
    raise_for_faults,
    save_checked,
    save_draft,
    save_entities,
)
from tests.store.examples import EXACT_VALUE, agent, project, workflow

KEY = (Kind.AGENT, "writer")


def publish(store: Store, draft: Draft, entity, *, message: str | None = None):
    checked = raise_for_faults([entity] if draft.info.kind is Kind.WORKFLOW else [])
    return publish_draft(store, draft, entity, author="bob", message=message, validate=checked, via="code")


def test_a_draft_is_kept_as_it_was_written_and_changes_nothing_that_is_published(store):
    save_entities(store, [agent()], author="ann")
    before = current_revision(store)

    save_draft(store, KEY, {"name": "", "graph": EXACT_VALUE}, author="bob")

    draft = get_draft(store, *KEY)
    assert str(draft.fields) == str({"name": "", "graph": EXACT_VALUE})
    assert (draft.info.saved_by, draft.info.base_revision, draft.info.name) == ("bob", before, "writer")
    assert current_revision(store) == before
    assert get_entity(store, *KEY).name == agent().name


def test_each_save_has_a_version_that_no_draft_had_before(store):
    first = save_draft(store, KEY, {"projectId": "default"}, author="ann", version=0)
    second = save_draft(store, KEY, {"projectId": "default"}, author="bob", version=first.info.version)
    publish(store, second, agent())
    third = save_draft(store, KEY, {"name": "again"}, author="ann", version=0)

    assert first.info.version < second.info.version < third.info.version
    with pytest.raises(StaleDraft, match="saved by ann at") as refused:
        save_draft(store, KEY, {}, author="bob", version=second.info.version)
    assert refused.value.version == third.info.version
    with pytest.raises(StaleDraft):
        save_draft(store, KEY, {}, author="bob", version=0)
    assert get_draft(store, *KEY).fields == {"name": "again"}


def test_a_version_that_was_published_meanwhile_is_stale(store):
    draft = save_draft(store, KEY, {"projectId": "default"}, author="ann")
    publish(store, draft, agent())

    with pytest.raises(StaleDraft, match="published or discarded"):
        save_draft(store, KEY, {}, author="ann", version=draft.info.version)
    with pytest.raises(StaleDraft, match="published or discarded"):
        publish(store, draft, agent())
    with pytest.raises(DraftNotFound):
        get_draft(store, *KEY)


def test_publishing_keeps_message_and_author_with_the_revision(store):
    save_entities(store, [agent()], author="ann")
    draft = save_draft(store, KEY, {"name": "Poet"}, author="ann")

    saved = publish(store, draft, agent(name="Poet"), message="verses at last")

    newest = list_revisions(store, *KEY)[0]
    assert (newest.revision, newest.note, newest.saved_by) == (saved.revision, "verses at last", "bob")
    assert list_drafts(store).items == ()


def test_a_save_beside_the_draft_leaves_it_and_then_it_cannot_be_published(store):
    save_entities(store, [agent()], author="ann")
    draft = save_draft(store, KEY, {"name": "Poet"}, author="bob")
    save_checked(store, [agent(name="Novelist")], author="ann")

    with pytest.raises(StaleRevision, match="saved by ann"):
        publish(store, draft, agent(name="Poet"))

    kept = get_draft(store, *KEY)
    assert kept.fields == {"name": "Poet"}, "nothing of a refused publication is done"
    assert kept.info.base_revision != kept.info.published_revision
    assert get_entity(store, *KEY).name == "Novelist"
    again = save_draft(store, KEY, kept.fields, author="bob", base_revision=kept.info.published_revision)
    publish(store, again, agent(name="Poet"))
    assert get_entity(store, *KEY).name == "Poet"


def test_a_workflow_with_faults_is_not_published_and_its_draft_stays(store):
    faulty = workflow(graph={"nodes": [], "edges": []})
    key = (Kind.WORKFLOW, faulty.id)
    draft = save_draft(store, key, {"projectId": "default"}, author="ann")

    with pytest.raises(InvalidDocument):
        publish(store, draft, faulty)

    assert get_draft(store, *key) == draft
    assert current_revision(store) == 0


def test_a_draft_of_something_new_needs_a_project_that_there_is(store):
    for fields in ({}, {"projectId": "nowhere"}, {"projectId": 3}):
        with pytest.raises(MissingProject):
            save_draft(store, KEY, fields, author="ann")
    save_entities(store, [project("garden")], author="ann")

    assert save_draft(store, KEY, {"projectId": "garden"}, author="ann").info.base_revision is None


def test_a_draft_begins_at_a_revision_that_there_is(store):
    with pytest.raises(InvalidBase, match="no published revision"):
        save_draft(store, KEY, {"projectId": "default"}, author="ann", base_revision=1)
    [saved] = save_entities(store, [agent()], author="ann")
    with pytest.raises(InvalidBase, match=f"is at revision {saved.revision}"):
        save_draft(store, KEY, {}, author="ann", base_revision=saved.revision + 1)


def test_deleting_an_entity_deletes_its_draft_and_a_project_with_drafts_is_in_use(store):
    save_entities(store, [project("garden"), agent()], author="ann")
    save_draft(store, KEY, {}, author="ann")
    save_draft(store, (Kind.TOOL, "spade"), {"projectId": "garden", "name": "Spade"}, author="ann")

    delete_entity(store, *KEY, author="ann")

    assert [draft.id for draft in list_drafts(store).items] == ["spade"]
    with pytest.raises(EntityInUse, match="tool `spade`"):
        delete_entity(store, Kind.PROJECT, "garden", author="ann")


def test_drafts_are_listed_in_pages_the_last_saved_first(store):
    save_entities(store, [project("garden")], author="ann")
    for name in ("a", "b", "c", "d", "e"):
        save_draft(store, (Kind.AGENT, name), {"projectId": "garden", "name": name.upper()}, author="ann")
    save_draft(store, KEY, {"projectId": "default"}, author="ann")

    seen, cursor = [], None
    while True:
        page = list_drafts(store, project_id="garden", limit=2, cursor=cursor)
        seen += [draft.name for draft in page.items]
        if (cursor := page.next_cursor) is None:
            break

    assert seen == ["E", "D", "C", "B", "A"]
