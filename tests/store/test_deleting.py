"""Deleting: never what something live uses, and never the history."""

import pytest
from sqlalchemy import text

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.errors import Conflict
from agentmesh_dagster.store.catalogue import (
    EntityInUse,
    EntityNotFound,
    StaleRevision,
    current_revision,
    delete_entity,
    get_entity,
    save_entities,
)
from tests.store.examples import ODD_TEXTS, agent, project, tool, workflow


def test_a_deleted_entity_is_gone_and_the_catalogue_moves_on(store):
    save_entities(store, [agent()], author="ann")

    assert delete_entity(store, Kind.AGENT, "writer", author="bob") == 3 == current_revision(store)
    with pytest.raises(EntityNotFound):
        get_entity(store, Kind.AGENT, "writer")
    with pytest.raises(EntityNotFound):
        delete_entity(store, Kind.AGENT, "writer", author="bob")


@pytest.mark.parametrize("odd", ["writer", *ODD_TEXTS])
def test_an_agent_that_a_workflow_uses_stays(store, odd):
    save_entities(store, [agent(odd), workflow("w1", agents=(odd,)), workflow("w2", description=odd)], author="ann")

    with pytest.raises(EntityInUse) as caught:
        delete_entity(store, Kind.AGENT, odd, author="bob")

    assert isinstance(caught.value, Conflict)
    assert caught.value.users == ("workflow `w1`",)
    assert "is used by workflow `w1`" in str(caught.value)
    delete_entity(store, Kind.WORKFLOW, "w1", author="bob")
    delete_entity(store, Kind.AGENT, odd, author="bob")


def test_a_tool_that_an_agent_or_a_workflow_uses_stays(store):
    save_entities(store, [tool(), agent(tools=["clock"]), workflow(tools=("clock",))], author="ann")

    with pytest.raises(EntityInUse, match="tool `clock` is used by agent `writer`, workflow `triage`"):
        delete_entity(store, Kind.TOOL, "clock", author="bob")


def test_what_an_older_revision_used_may_go(store):
    save_entities(store, [tool(), agent(tools=["clock"])], author="ann")
    save_entities(store, [agent(tools=[])], author="ann")

    assert delete_entity(store, Kind.TOOL, "clock", author="bob")


def test_a_project_with_content_stays(store):
    save_entities(store, [project(), agent(projectId="support"), workflow(projectId="support")], author="ann")

    with pytest.raises(EntityInUse, match="project `support` is used by agent `writer`, workflow `triage`"):
        delete_entity(store, Kind.PROJECT, "support", author="bob")

    delete_entity(store, Kind.WORKFLOW, "triage", author="bob")
    save_entities(store, [agent()], author="ann")  # moved to the default project
    assert delete_entity(store, Kind.PROJECT, "support", author="bob")


def test_a_broken_workflow_that_names_an_agent_counts_as_its_user(store):
    save_entities(store, [agent(), workflow()], author="ann")
    with store.begin() as tx:
        tx.execute(text("""UPDATE agentmesh_revisions SET document = '{"agentId": "writer"' WHERE kind = 'workflow'"""))

    with pytest.raises(EntityInUse, match="workflow `triage`"):
        delete_entity(store, Kind.AGENT, "writer", author="bob")


def test_a_stale_deletion_is_refused(store):
    seen = save_entities(store, [agent()], author="ann")[0].revision
    newer = save_entities(store, [agent(name="Two")], author="bob")[0].revision

    with pytest.raises(StaleRevision, match="saved by bob"):
        delete_entity(store, Kind.AGENT, "writer", author="cid", expected_revision=seen)
    assert delete_entity(store, Kind.AGENT, "writer", author="cid", expected_revision=newer)


@pytest.mark.parametrize("mode", ["inline", "run"])
def test_a_workflow_that_another_one_runs_stays(store, mode):
    save_entities(store, [workflow("sub"), workflow("main", calls=("sub",), mode=mode)], author="ann")

    with pytest.raises(EntityInUse, match="workflow `sub` is used by workflow `main`"):
        delete_entity(store, Kind.WORKFLOW, "sub", author="bob")
    delete_entity(store, Kind.WORKFLOW, "main", author="bob")
    delete_entity(store, Kind.WORKFLOW, "sub", author="bob")
