"""The job in which Dagster makes assets, of our own code location."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.code_location import build_repository
from agentmesh_dagster.code_location.dagster_internals import DefinitionsLoadContext, DefinitionsLoadType
from agentmesh_dagster.code_location.repository import CatalogueState
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import get_settings
from tests.control.instances import open_test_instance
from tests.shapes import node, save, workflow

ASSET_JOB = "__ASSET_JOB"


@pytest.fixture
def services(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("AGENTMESH_DATABASE_URL", store_url)
    get_settings.cache_clear()
    return open_services()


@pytest.fixture(autouse=True)
def as_a_code_server_loads() -> Iterator[None]:
    with DefinitionsLoadContext.scoped(DefinitionsLoadContext(DefinitionsLoadType.INITIALIZATION)):
        yield


def build(identity: str, **asset: Any) -> Workflow:
    nodes = [node("start", "start"), node("half", "branch", onNoMatch="end"), node("end", "end")]
    return workflow(identity, nodes, ["start -> half", "half -> end"], asset={"key": f"ai/{identity}", **asset})


def list_ops(job: dg.JobDefinition) -> set[str]:
    return {op.name for op in job.graph.nodes}


def select(*keys: str) -> frozenset[dg.AssetKey]:
    return frozenset(dg.AssetKey(key.split("/")) for key in keys)


def test_of_one_workflows_asset_it_is_that_workflows_job_and_of_several_one_op_for_each(services: Services):
    save(services, build("one", parts={"half": {"key": "ai/one/half"}}), build("two"))
    repository = build_repository()

    own = repository.get_maybe_subset_job_def(ASSET_JOB, asset_selection=select("ai/one", "ai/one/half"))
    several = repository.get_maybe_subset_job_def(ASSET_JOB, asset_selection=select("ai/one", "ai/two", "ai/one/half"))

    assert list_ops(own) == {"start", "half", "end", "materialize"}
    assert len(list_ops(several)) == 2
    assert repository.get_job(ASSET_JOB).asset_layer.selected_asset_keys == select("ai/one", "ai/one/half", "ai/two")


def test_a_location_without_assets_has_no_such_job_and_no_sensor_for_them(services: Services):
    save(services, workflow("plain", [node("start", "start"), node("end", "end")], ["start -> end"]))

    repository = build_repository()

    assert list(repository.job_names) == ["plain"]
    assert [sensor.name for sensor in repository.sensor_defs] == ["agentmesh_runs"]


def test_an_asset_that_was_saved_since_is_there_after_a_reload(services: Services):
    save(services, build("one"))
    state: Any = build_repository().get_component_tree()
    assert isinstance(state, CatalogueState)
    save(services, build("two", automation="eager"))

    repository = state.reload_with_state([]).get_repository_def()

    assert set(repository.assets_defs_by_key) >= select("ai/one", "ai/two")
    assert "agentmesh_assets" in {sensor.name for sensor in repository.sensor_defs}


def test_a_name_that_the_op_would_have_is_left_to_a_node(services: Services):
    nodes = [node("start", "start"), node("materialize", "end")]
    save(services, workflow("w", nodes, ["start -> materialize"], asset={"key": "ai/w"}))

    job = build_repository().get_maybe_subset_job_def(ASSET_JOB, asset_selection=select("ai/w"))

    assert list_ops(job) == {"start", "materialize", "materialize_2"}


def list_made() -> list[dg.AssetsDefinition]:
    return list({id(one): one for one in build_repository().assets_defs_by_key.values()}.values())


def look(made: list[Any], instance: dg.DagsterInstance, before: Any = None, at: str = "ai/one") -> Any:
    """What a sensor such as `agentmesh_assets` finds at a tick."""
    cursor = None if before is None else before.cursor
    selected = dg.AssetSelection.assets(at)
    return dg.evaluate_automation_conditions(made, instance, asset_selection=selected, cursor=cursor)


def test_on_missing_asks_for_partitions_that_came_after_the_first_look(services: Services, home: Path):
    """Dagster's condition of this name never asks for what was missing when it was looked at first."""
    save(services, build("one", partitions={"dynamic": "customers"}, automation="onMissing"))
    made = list_made()
    with open_test_instance(home) as instance:
        instance.add_dynamic_partitions("customers", ["old"])
        first = look(made, instance)
        instance.add_dynamic_partitions("customers", ["new"])
        second = look(made, instance, first)

    assert first.total_requested == 0
    assert second.get_requested_partitions(dg.AssetKey(["ai", "one"])) == {"new"}


def test_eager_asks_once_what_it_is_made_from_is_newer(services: Services, home: Path):
    save(services, build("one", deps=["raw/tickets"], automation="eager"))
    made = [dg.AssetSpec(["raw", "tickets"]), *list_made()]
    with open_test_instance(home) as instance:
        first = look(made, instance)
        instance.report_runless_asset_event(dg.AssetMaterialization(["raw", "tickets"]))
        second = look(made, instance, first)
        third = look(made, instance, second)

    assert [one.total_requested for one in (first, second, third)] == [0, 1, 0]


@pytest.mark.parametrize("partitions", [None, {"static": ["a", "b"]}])
@pytest.mark.parametrize("condition", [dg.AutomationCondition.eager(), dg.AutomationCondition.any_deps_updated()])
def test_that_somebody_is_asked_is_no_update_for_what_is_made_from_the_asset(
    services: Services, home: Path, partitions: Any, condition: Any
):
    save(services, build("one", partitions=partitions))
    cut = None if partitions is None else dg.StaticPartitionsDefinition(partitions["static"])
    partition = None if cut is None else "a"

    @dg.asset(deps=[["ai", "one"]], partitions_def=cut, automation_condition=condition)
    def report() -> None: ...

    def look_at_report(before: Any = None) -> Any:
        return look([*list_made(), report], instance, before, at="report")

    with open_test_instance(home) as instance:
        first = look_at_report()
        instance.report_runless_asset_event(dg.AssetObservation(["ai", "one"], partition=partition))
        asked = look_at_report(first)
        instance.report_runless_asset_event(dg.AssetMaterialization(["ai", "one"], partition=partition))
        made = look_at_report(asked)
        instance.report_runless_asset_event(dg.AssetObservation(["ai", "one"], partition=partition))
        asked_again = look_at_report(made)

    assert [one.total_requested for one in (first, asked, made, asked_again)] == [0, 0, 1, 0]
