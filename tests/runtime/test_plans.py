"""Plans are made once: a revision never changes."""

import threading
from typing import cast

import pytest

from agentmesh_dagster.entities.lru_cache import LRUCache
from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.runtime.plans import WorkflowHasFaults, forget_plans, load_pinned_plan, load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import EntityNotFound, current_revision, get_entity
from tests.shapes import node, save, workflow


def say(store: Store, word: str) -> int:
    """Saves a workflow that says it; the catalogue's revision then."""
    flow = workflow("w", [node("start", "start"), node("end", "end", output=word)], ["start -> end"])
    save(Services(store, Settings()), flow)
    return current_revision(store)


def test_the_plan_of_a_revision_is_made_once(store: Store):
    at = say(store, "hello")

    assert load_plan(store, "w", at) is load_plan(store, "w", at)
    assert load_pinned_plan(store, "w", at) is load_pinned_plan(store, "w", at)


def test_another_revision_is_another_plan(store: Store):
    first, second = say(store, "hello"), say(store, "bye")

    ends = [load_plan(store, "w", at).by_node["end"].node.config for at in (first, second, first)]

    assert ends[0] == ends[2] != ends[1]


def test_what_could_not_be_planned_is_tried_again(store: Store):
    with pytest.raises(EntityNotFound):
        load_plan(store, "w", 1)
    forget_plans()
    at = say(store, "hello")

    assert load_plan(store, "w", at).revision == at


@pytest.mark.parametrize("load", [load_plan, load_pinned_plan])
def test_a_workflow_with_a_node_of_a_type_that_has_gone_is_stored_and_has_no_plan(load, store: Store):
    flow = workflow("w", [node("start", "start"), node("wait", "delay", seconds=3)], ["start -> wait"])
    save(Services(store, Settings()), flow)

    stored = cast("Workflow", get_entity(store, Kind.WORKFLOW, "w"))

    assert stored.graph == flow.graph
    with pytest.raises(WorkflowHasFaults, match="There is no node type `delay`: known are `start`,"):
        load(store, "w", current_revision(store))


def test_what_was_not_asked_for_the_longest_is_dropped_first():
    made: list[str] = []
    recent = LRUCache[str, str](2)

    def get(key: str) -> str:
        return recent.get(key, lambda: made.append(key) or key.upper())

    assert [get(key) for key in ("a", "b", "a", "c", "a", "b")] == ["A", "B", "A", "C", "A", "B"]
    assert made == ["a", "b", "c", "b"]


def test_a_value_whose_making_failed_is_made_at_the_next_call():
    recent = LRUCache[str, int](2)

    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 // 0)

    assert recent.get("a", lambda: 7) == 7


def test_threads_do_not_wait_for_each_others_values():
    recent = LRUCache[str, str](2)
    begun, may_end = threading.Event(), threading.Event()

    def make_slowly() -> str:
        begun.set()
        assert may_end.wait(60)
        return "slow"

    slow = threading.Thread(target=lambda: recent.get("slow", make_slowly))
    slow.start()
    assert begun.wait(60)
    assert recent.get("quick", lambda: "quick") == "quick"
    may_end.set()
    slow.join()
