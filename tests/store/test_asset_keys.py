"""Keys of assets are given once in the whole catalogue, whoever saves what at the same time."""

import threading
from typing import Any

import pytest

from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import InvalidDocument, delete_entity, list_entities, open_lookup, save_checked
from tests.shapes import node, workflow


def making(identity: str, key: str, **parts: str) -> Workflow:
    asset: dict[str, Any] = {"key": key, "parts": {name: {"key": part} for name, part in parts.items()}}
    nodes = [node("start", "start"), node("pick", "branch"), node("done", "end")]
    return workflow(identity, nodes, ["start -> pick", "pick -> done"], asset=asset)


def save(store: Store, *flows: Workflow) -> None:
    save_checked(store, flows, author="ann")


def test_a_key_that_another_workflow_has_is_refused(store: Store):
    save(store, making("one", "ai/brief", pick="ai/pick"))

    for flow in (making("two", "ai/brief"), making("two", "ai/two", pick="ai/brief"), making("two", "ai/pick")):
        with pytest.raises(InvalidDocument) as refused:
            save(store, flow)
        assert {issue.code for issue in refused.value.issues} == {"asset-made-elsewhere"}
        assert "`one`" in str(refused.value)
    save(store, making("one", "ai/brief", pick="ai/other"))
    save(store, making("two", "ai/pick"))


def test_two_workflows_that_are_saved_together_cannot_have_one_key(store: Store):
    with pytest.raises(InvalidDocument) as refused:
        save(store, making("one", "ai/brief"), making("two", "ai/brief"))
    assert refused.value.by_workflow.keys() == {"one", "two"}


def test_keys_may_be_handed_over_in_one_save(store: Store):
    save(store, making("one", "ai/brief"), making("two", "ai/other"))
    save(store, making("one", "ai/other"), making("two", "ai/brief"))


def test_a_deleted_workflow_frees_its_key(store: Store):
    save(store, making("one", "ai/brief"))
    delete_entity(store, Kind.WORKFLOW, "one", author="ann")
    save(store, making("two", "ai/brief"))


def test_whoever_checks_a_document_before_it_is_saved_sees_the_keys(store: Store):
    save(store, making("one", "ai/brief", pick="ai/pick"))

    with open_lookup(store) as lookup:
        assert lookup.find_makers(["ai/brief", "ai/pick", "ai/b_ief", "ai"]) == {
            "ai/brief": ["one"],
            "ai/pick": ["one"],
        }


def test_of_many_who_want_a_key_at_once_one_gets_it(store: Store):
    at_once = threading.Barrier(6)
    refused: list[InvalidDocument] = []

    def try_it(number: int) -> None:
        at_once.wait()
        try:
            save(store, making(f"w{number}", "ai/brief"))
        except InvalidDocument as error:
            refused.append(error)

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 5
    assert len(list_entities(store, Kind.WORKFLOW).items) == 1
