"""The one door for documents: what has faults is not saved."""

import pytest

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.graph.issue import Severity
from agentmesh_dagster.store.catalogue import (
    InvalidDocument,
    StaleRevision,
    current_revision,
    get_entity,
    list_entities,
    save_checked,
)
from tests.store.examples import agent, tool, workflow


def test_sound_entities_are_saved_with_author_and_note(store):
    saved = save_checked(store, [tool(), agent(tools=["clock"]), workflow(agents=("writer",))], author="ann", note="v1")

    assert [one.change for one in saved] == ["created"] * 3
    assert get_entity(store, Kind.WORKFLOW, "triage") == saved[2].entity


def test_a_workflow_may_name_what_is_in_the_store_already(store):
    save_checked(store, [tool(), agent(tools=["clock"])], author="ann")

    assert save_checked(store, [workflow(agents=("writer",), tools=("clock",))], author="bob")[0].change == "created"


def test_the_faults_of_all_workflows_are_told_at_once_and_nothing_is_saved(store):
    with pytest.raises(InvalidDocument) as caught:
        save_checked(
            store,
            [agent(), workflow("one", agents=("ghost",)), workflow("two", tools=("hammer",)), workflow("three")],
            author="ann",
        )

    fault = caught.value
    assert list(fault.by_workflow) == ["one", "two"]
    assert [issue.code for issue in fault.issues] == ["unknown-agent", "unknown-tool"]
    assert "workflow `one`: " in str(fault)
    assert "`hammer`" in str(fault)
    assert current_revision(store) == 0
    assert list_entities(store, Kind.AGENT).items == ()


def test_a_tool_that_an_agent_lacks_is_a_fault_of_the_workflow_that_uses_the_agent(store):
    with pytest.raises(InvalidDocument, match="`clock`"):
        save_checked(store, [agent(tools=["clock"]), workflow(agents=("writer",))], author="ann")


def test_a_warning_is_no_obstacle(store):
    nodes = [{"id": "start", "type": "start"}, {"id": "choose", "type": "branch"}, {"id": "end", "type": "end"}]
    edges = [
        {"id": "e1", "fromNodeId": "start", "toNodeId": "choose"},
        {"id": "e2", "fromNodeId": "choose", "toNodeId": "end", "condition": "context.input.yes"},
    ]
    doubtful = workflow(graph={"nodes": nodes, "edges": edges})

    assert save_checked(store, [doubtful], author="ann")[0].change == "created"

    edges[1]["condition"] = "context.input.yes =="
    with pytest.raises(InvalidDocument) as caught:
        save_checked(store, [workflow(graph={"nodes": nodes, "edges": edges})], author="ann")
    assert {issue.severity for issue in caught.value.issues} >= {Severity.ERROR}


def test_a_stale_writer_is_told_so(store):
    save_checked(store, [workflow()], author="ann")

    with pytest.raises(StaleRevision):
        save_checked(store, [workflow(name="New")], author="bob", expected_revision={(Kind.WORKFLOW, "triage"): 0})
