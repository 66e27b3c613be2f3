"""Job names: safe for Dagster, unique over projects, and never handed on."""

import re

import pytest

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store.catalogue import (
    JobNotFound,
    current_revision,
    delete_entity,
    find_job,
    get_job_name,
    list_job_names,
    save_entities,
)
from tests.store.examples import ODD_TEXTS, project, workflow


def test_a_job_is_named_after_its_workflow(store):
    save_entities(store, [workflow("w1", name="Ticket triage")], author="ann")

    assert list_job_names(store) == {"Ticket_triage": "w1"}
    assert find_job(store, "Ticket_triage") == "w1"


def test_equal_names_in_two_projects_make_two_jobs(store):
    save_entities(
        store,
        [
            project("p1"),
            workflow("w1", name="Same"),
            workflow("w2", name="Same", projectId="p1"),
            workflow("w3", name="same"),
        ],
        author="ann",
    )
    named = list_job_names(store)

    assert sorted(named.values()) == ["w1", "w2", "w3"]
    assert named["Same"] == "w1"


def test_a_name_of_any_script_makes_a_job_that_dagster_takes(store):
    names = [*ODD_TEXTS, "config", "class", "東京", "🦜", "x" * 255, "a b", "a_b", "---"]
    save_entities(store, [workflow(f"w{place}", name=name) for place, name in enumerate(names)], author="ann")
    named = list_job_names(store)

    assert len(named) == len(names)
    assert all(re.fullmatch("[A-Za-z0-9_]{1,100}", name) for name in named)
    assert not {"config", "class"} & named.keys()


def test_a_renamed_workflow_gets_its_old_job_back_with_its_old_name(store):
    save_entities(store, [workflow("w1", name="One")], author="ann")
    before = current_revision(store)
    save_entities(store, [workflow("w1", name="Two")], author="ann")
    save_entities(store, [workflow("w2", name="One")], author="ann")

    assert list_job_names(store, at=before) == {"One": "w1"}
    assert list_job_names(store) == {"Two": "w1", "One_2": "w2"}
    save_entities(store, [workflow("w1", name="One")], author="ann")
    assert list_job_names(store) == {"One": "w1", "One_2": "w2"}


def test_the_job_of_a_deleted_workflow_is_not_handed_on(store):
    save_entities(store, [workflow("w1", name="One")], author="ann")
    before = current_revision(store)
    delete_entity(store, Kind.WORKFLOW, "w1", author="ann")
    save_entities(store, [workflow("w2", name="One")], author="ann")

    assert list_job_names(store) == {"One_2": "w2"}
    assert list_job_names(store, at=before) == {"One": "w1"}
    assert find_job(store, "One") == "w1"


def test_a_workflow_as_it_was_knows_the_job_that_it_had_then(store):
    first = save_entities(store, [workflow("w1", name="One")], author="ann")[0].entity
    second = save_entities(store, [workflow("w1", name="Two")], author="ann")[0].entity

    assert get_job_name(store, first) == "One"
    assert get_job_name(store, second) == "Two"
    with pytest.raises(JobNotFound, match="of workflow `w1`"):
        get_job_name(store, workflow("w1", name="Three"))


def test_an_unknown_job_is_named(store):
    with pytest.raises(JobNotFound, match="`nothing`"):
        find_job(store, "nothing")
