"""Workflows beside somebody's own code: names, projects, resources, hooks, owners and tags."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster import build_definitions, tool
from agentmesh_dagster.code_location import jobs
from agentmesh_dagster.code_location.dagster_internals import DefinitionsLoadContext, DefinitionsLoadType
from agentmesh_dagster.code_location.options import InvalidOptions
from agentmesh_dagster.control.pinning import build_load_data
from agentmesh_dagster.entities.models import Project, Tool, Workflow
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.catalogue import current_revision, list_job_problems
from tests.shapes import node, save, workflow

CRON = [{"type": "cron", "cron": "0 6 * * *"}]


@pytest.fixture
def services(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("AGENTMESH_DATABASE_URL", store_url)
    monkeypatch.setenv("AGENTMESH_CONSOLE_LOG_LEVEL", "CRITICAL")
    get_settings.cache_clear()
    return open_services()


@pytest.fixture(autouse=True)
def as_a_code_server_loads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("sys.argv", ["dagster", "api", "grpc", "--location-name", "shop"])
    with DefinitionsLoadContext.scoped(DefinitionsLoadContext(DefinitionsLoadType.INITIALIZATION)):
        yield


def flow(name: str, project: str = "default", **fields: Any) -> Workflow:
    nodes = [node("start", "start"), node("end", "end", output="hello")]
    return workflow(name, nodes, ["start -> end"], name=name, projectId=project, **fields)


@dg.op
def count() -> None: ...


@dg.job
def nightly() -> None:
    count()


@dg.asset
def orders() -> None: ...


@dg.graph
def refresh() -> None:
    count()


HOST = dg.Definitions(
    assets=[orders],
    jobs=[nightly, dg.define_asset_job("orders_job", selection=[orders]), refresh.to_job(name="refresh_all")],
    schedules=[dg.ScheduleDefinition(name="daily__cron", job_name="nightly", cron_schedule="0 6 * * *")],
    sensors=[dg.SensorDefinition(name="agentmesh_runs", evaluation_fn=lambda _: dg.SkipReason("mine"), job=nightly)],
)


def load(*others: dg.Definitions) -> dg.RepositoryDefinition:
    repository = dg.Definitions.merge(*others).get_repository_def()
    repository.load_all_definitions()
    return repository


@pytest.mark.parametrize("first", ["host", "ours"])
@pytest.mark.parametrize("name", ["nightly", "orders_job", "refresh_all"])
def test_a_workflow_named_as_a_job_of_the_host_costs_its_own_job_only(services: Services, first: str, name: str):
    save(services, flow(name, triggers=CRON), flow("fine", triggers=CRON))

    pair = [HOST, build_definitions()]
    repository = load(*(pair if first == "host" else reversed(pair)))

    assert set(repository.job_names) == {"nightly", "orders_job", "refresh_all", "__ASSET_JOB", "fine"}
    assert "count" in {op.name for op in repository.get_job("nightly").all_node_defs}
    assert {schedule.name for schedule in repository.schedule_defs} == {"daily__cron", "fine__cron"}
    problems = list_job_problems(services.store)
    assert set(problems) == {name}
    assert f"`{name}` is a job of this code location's own" in problems[name]


def test_a_workflow_named_as_an_asset_an_op_or_a_graph_stands_beside_it(services: Services):
    save(services, *map(flow, ("orders", "count", "refresh")))

    repository = load(HOST, build_definitions())

    assert {"orders", "count", "refresh"} < set(repository.job_names)
    assert repository.get_job("orders").execute_in_process().success
    assert list_job_problems(services.store) == {}


def test_a_trigger_named_as_a_schedule_of_the_host_costs_that_trigger_only(services: Services):
    save(services, flow("daily", triggers=CRON))

    repository = load(HOST, build_definitions())

    assert "daily" in repository.job_names
    assert [schedule.job_name for schedule in repository.schedule_defs] == ["nightly"]
    assert "`daily__cron` is a schedule of this code location's own" in list_job_problems(services.store)["daily"]


def test_runs_are_looked_after_also_where_the_host_has_a_sensor_of_that_name(services: Services):
    assert {sensor.name for sensor in load(HOST, build_definitions()).sensor_defs} == {
        "agentmesh_runs",
        "agentmesh_runs_",
    }


def test_a_problem_is_gone_when_the_workflow_is_renamed(services: Services):
    save(services, flow("nightly"))
    load(HOST, build_definitions())
    assert list_job_problems(services.store)

    save(services, flow("nightly").model_copy(update={"name": "nightly_agents"}))

    assert "nightly_agents" in load(HOST, build_definitions()).job_names
    assert list_job_problems(services.store) == {}


def test_who_only_looks_at_definitions_writes_nothing_down(services: Services, monkeypatch: pytest.MonkeyPatch):
    save(services, flow("nightly"))
    monkeypatch.setattr("sys.argv", ["dg", "check", "defs"])

    load(HOST, build_definitions())

    assert list_job_problems(services.store) == {}


def test_a_prefix_keeps_workflows_apart_from_the_host(services: Services):
    save(services, flow("nightly", triggers=CRON))

    repository = load(HOST, build_definitions(job_prefix="agents_"))

    assert {"nightly", "agents_nightly"} < set(repository.job_names)
    assert "agents_nightly__cron" in {schedule.name for schedule in repository.schedule_defs}
    assert repository.get_job("agents_nightly").execute_in_process().success


def test_two_locations_in_one_divide_the_projects_and_share_a_sensor(services: Services):
    save(services, Project(id="a", name="A"), Project(id="b", name="B"))
    save(services, flow("one", "a", triggers=CRON), flow("two", "b", triggers=CRON), flow("three"))

    alone = load(build_definitions(projects=["a"]))
    both = load(build_definitions(projects=["a"]), build_definitions(projects=["b"]))

    assert set(alone.job_names) == {"one"}
    assert {schedule.name for schedule in alone.schedule_defs} == {"one__cron"}
    assert set(both.job_names) == {"one", "two"}
    assert [sensor.name for sensor in both.sensor_defs] == ["agentmesh_runs"]
    assert list_job_problems(services.store) == {}


def test_the_same_workflows_given_twice_are_there_once(services: Services):
    save(services, flow("one", triggers=CRON))

    repository = load(build_definitions(), build_definitions())

    assert (repository.job_names, len(repository.schedule_defs)) == (["one"], 1)
    assert list_job_problems(services.store) == {}


class Warehouse(dg.ConfigurableResource):
    name: str

    def list_tables(self) -> list[str]:
        return [f"{self.name}.orders"]


@tool("guest_list_tables")
def list_tables(prefix: str, warehouse: Warehouse) -> dict[str, Any]:
    return {"tables": [prefix + table for table in warehouse.list_tables()]}


def ask_warehouse(tool_input: Mapping[str, Any]) -> tuple[Tool, Workflow]:
    asked = Tool.model_validate(
        {"id": "tables", "name": "Tables", "type": "function", "config": {"functionName": "guest_list_tables"}}
    )
    nodes = [node("start", "start"), node("look", "tool", toolId="tables", input=tool_input), node("end", "end")]
    return asked, workflow("look", nodes, ["start -> look", "look -> end"])


def test_a_function_tool_gets_the_hosts_resource(services: Services):
    save(services, *ask_warehouse({"prefix": "x."}))
    host = dg.Definitions(resources={"warehouse": Warehouse(name="prod"), "other": 1})

    repository = load(host, build_definitions(resource_keys=["warehouse"]))

    with dg.DagsterInstance.ephemeral() as instance:
        done = repository.get_job("look").execute_in_process(instance=instance)
    assert done.success
    assert any("x.prod.orders" in str(event.event_specific_data) for event in done.all_events)


@pytest.mark.parametrize(
    ("keys", "tool_input", "fault"),
    [
        ([], {"prefix": ""}, "resource_keys"),
        (["warehouse"], {"prefix": "", "warehouse": "mine"}, "no field of the input"),
    ],
)
def test_a_resource_comes_from_the_location_alone(
    services: Services, keys: list[str], tool_input: dict[str, str], fault: str
):
    save(services, *ask_warehouse(tool_input))
    host = dg.Definitions(resources={"warehouse": Warehouse(name="prod")})

    job = load(host, build_definitions(resource_keys=keys)).get_job("look")

    with dg.DagsterInstance.ephemeral() as instance:
        done = job.execute_in_process(instance=instance, raise_on_error=False)
    assert fault in str(next(event for event in done.all_events if event.is_step_failure).step_failure_data)


def test_a_resource_that_the_location_lacks_costs_the_workflow_its_job(services: Services):
    save(services, *ask_warehouse({"prefix": ""}), flow("fine"))

    repository = load(HOST, build_definitions(resource_keys=["warehouse"]))

    assert "fine" in repository.job_names
    assert "look" not in repository.job_names
    assert "warehouse" in list_job_problems(services.store)["look"]


heard: list[str] = []


@dg.success_hook
def note_success(context: dg.HookContext) -> None:
    heard.append(context.op.name)


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_hooks_owners_and_tags_reach_the_jobs(services: Services):
    save(services, flow("one"))
    heard.clear()

    given = build_definitions(owners=["team:data"], tags={"team": "data"}, hooks=[note_success])
    job = load(given).get_job("one")

    with dg.DagsterInstance.ephemeral() as instance:
        done = job.execute_in_process(instance=instance)
        run = instance.get_run_by_id(done.run_id)
    assert done.success
    assert heard == ["start", "end"]
    assert list(job.owners or ()) == ["team:data"]
    assert run is not None
    assert run.tags["team"] == "data"


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
@pytest.mark.parametrize(
    "options",
    [{"job_prefix": "a-b"}, {"owners": ["nobody in particular"]}, {"projects": "support"}, {"hooks": "note_success"}],
)
def test_a_mistake_of_the_hosts_is_told_where_it_stands(services: Services, options: dict[str, Any]):
    with pytest.raises(InvalidOptions):
        build_definitions(**options)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that are built from now on."""
    names: list[str] = []
    build = jobs.build_job

    def build_and_note(plan: Any, job_name: str, *others: Any, **options: Any) -> dg.JobDefinition:
        names.append(job_name)
        return build(plan, job_name, *others, **options)

    monkeypatch.setattr(jobs, "build_job", build_and_note)
    return names


def load_as_a_worker(services: Services, *others: dg.Definitions, **options: Any) -> dg.RepositoryDefinition:
    load_data = build_load_data(current_revision(services.store))
    with DefinitionsLoadContext.scoped(DefinitionsLoadContext(DefinitionsLoadType.RECONSTRUCTION, load_data)):
        return dg.Definitions.merge(*others, build_definitions(**options)).get_repository_def()


@pytest.fixture
def as_a_worker_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["dagster", "api", "execute_run"])


@pytest.mark.filterwarnings(
    "ignore::dagster.BetaWarning"
)  # where there is an io_manager, Dagster itself copies sensors
def test_a_worker_builds_the_job_that_it_executes_and_no_other(
    services: Services, as_a_worker_loads: None, built: list[str]
):
    save(services, *ask_warehouse({"prefix": "x."}), *(flow(f"flow_{n}", triggers=CRON) for n in range(3)))
    follows_ours = dg.ScheduleDefinition(name="mine", job_name="flow_1", cron_schedule="0 7 * * *")
    host = dg.Definitions(
        resources={"warehouse": Warehouse(name="prod"), "io_manager": dg.mem_io_manager},
        loggers={"quiet": dg.colored_console_logger},
        schedules=[follows_ours],
    )

    repository = load_as_a_worker(services, HOST, host, resource_keys=["warehouse"])
    assert built == []
    assert repository.get_job("nightly").execute_in_process().success
    assert built == []
    job = repository.get_job("look")

    assert built == ["look"]
    assert set(job.loggers) == {"quiet"}
    with dg.DagsterInstance.ephemeral() as instance:
        done = job.execute_in_process(instance=instance)
    assert any("x.prod.orders" in str(event.event_specific_data) for event in done.all_events)


def test_a_worker_gets_the_hosts_job_where_a_workflow_claims_its_name(services: Services, as_a_worker_loads: None):
    save(services, flow("nightly"))

    job = load_as_a_worker(services, HOST).get_job("nightly")

    assert "count" in {op.name for op in job.all_node_defs}


def test_a_code_server_that_loads_lazily_has_all_jobs_and_triggers(services: Services):
    save(services, flow("one", triggers=CRON))

    repository = load_as_a_worker(services, HOST)

    assert "one__cron" in {schedule.name for schedule in repository.schedule_defs}


def brief(key: str = "ai/brief", name: str = "brief") -> Workflow:
    return flow(name, asset={"key": key, "deps": [] if key == "orders" else ["orders"]})


def test_a_workflows_asset_stands_among_the_hosts(services: Services):
    save(services, brief())

    graph = load(HOST, build_definitions()).asset_graph

    assert [key.to_user_string() for key in graph.get(dg.AssetKey(["ai", "brief"])).parent_keys] == ["orders"]


@pytest.mark.parametrize("first", ["host", "ours"])
def test_a_workflow_whose_asset_the_host_has_already_goes_without_it_and_keeps_its_job(services: Services, first: str):
    save(services, brief("orders"), brief("ai/other", "other"))

    pair = [HOST, build_definitions()]
    repository = load(*(pair if first == "host" else reversed(pair)))

    assert {"brief", "other"} < set(repository.job_names)
    assert repository.get_job("__ASSET_JOB").graph.has_node_named("orders")
    assert dg.AssetKey(["ai", "other"]) in repository.assets_defs_by_key
    problems = list_job_problems(services.store)
    assert set(problems) == {"brief"}
    assert "`orders` is an asset, an op or a graph of this" in problems["brief"]


def test_an_asset_goes_with_its_workflows_job(services: Services):
    save(services, brief(name="nightly"))

    repository = load(HOST, build_definitions())

    assert dg.AssetKey(["ai", "brief"]) not in repository.assets_defs_by_key
    assert "has no job" in list_job_problems(services.store)["nightly"]


def test_a_worker_that_makes_one_workflows_asset_builds_its_job_and_no_other(
    services: Services, as_a_worker_loads: None, built: list[str]
):
    save(services, brief(), brief("ai/other", "other"), flow("plain"))

    repository = load_as_a_worker(services, HOST)
    key = dg.AssetKey(["ai", "brief"])
    own = repository.get_maybe_subset_job_def("__ASSET_JOB", asset_selection={key})

    assert built == ["__ASSET_JOB"]
    assert {op.name for op in own.graph.nodes} == {"start", "end", "materialize"}
    both = {key, dg.AssetKey(["orders"])}
    together = repository.get_maybe_subset_job_def("__ASSET_JOB", asset_selection=both)
    assert {op.name for op in together.graph.nodes} == {"orders", "ai__brief__asset"}
