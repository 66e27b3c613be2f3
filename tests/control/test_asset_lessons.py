"""The lessons about assets, as assets: the gallery runs them as plain workflows."""

import dagster as dg

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import GIVEN_NONE, NewVersion, prepare_launch
from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import Run, RunStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import save_checked
from tests.control.office import Office
from tests.gallery import read_example

DAY = "2026-01-05"


def make(office: Office, example: str, run_input: JsonValue = GIVEN_NONE) -> Run:
    document, _ = read_example(example)
    save_checked(office.services.store, list(document), author="test")
    [flow] = [entity for entity in document if isinstance(entity, Workflow)]
    launch = prepare_launch(
        office.services, office.instance, flow, run_input, launched_by="test", makes=NewVersion(DAY)
    )
    run_in_place(office.services, office.instance, launch)
    return office.run(launch.run_id)


def test_a_day_is_made_with_its_part_and_its_headline_follows_from_it(services: Services, instance: dg.DagsterInstance):
    office = Office(services, instance)
    brief = make(office, "ticket_brief")
    headline = make(office, "brief_headline")

    assert (brief.status, brief.partition) == (RunStatus.SUCCEEDED, DAY)
    assert {check.name: check.passed for check in brief.checks} == {"has_text": True, "few_refunds": True}
    assert instance.get_latest_materialization_event(dg.AssetKey(["ai", "ticket_brief", "draft"]))
    made = as_object(as_object(headline.input)["upstream"])["ai/ticket_brief"]
    assert as_object(as_object(made)["metadata"])["output"] == brief.output
    assert headline.status is RunStatus.SUCCEEDED
    assert str(as_object(brief.output)["brief"]) in str(headline.output)
