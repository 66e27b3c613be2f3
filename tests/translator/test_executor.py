"""Which executor a compiled job gets, and what can be set about it."""

from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.graph.plan import plan_graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.translator.build_job import build_job
from tests.shapes import node, workflow

only_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


def build(store: Store, **settings: Any) -> dg.JobDefinition:
    flow = workflow("w", [node("start", "start"), node("end", "end")], ["start -> end"])
    return build_job(plan_graph(read_graph(flow), {}, {}), "w", Services(store, Settings(**settings)))


def read_config(job: dg.JobDefinition, **config: Any) -> Any:
    """The executor's config with its defaults, as a run would get it."""
    return dg.validate_run_config(job, {"execution": {"config": config}})["execution"][job.executor_def.name]


@only_sqlite
@pytest.mark.parametrize("name", ["threads", "in_process", "multiprocess"])
def test_the_setting_chooses_the_executor_and_what_runs_can_set_about_it_stays(store: Store, name: str):
    job = build(store, executor=name)

    assert job.executor_def.name == name
    assert read_config(job)["retries"] == {"enabled": {}}


@only_sqlite
def test_the_setting_limits_steps_at_once_and_a_single_run_may_have_its_own_limit(store: Store):
    job = build(store, executor="threads", max_concurrent_steps=7)

    assert read_config(job)["max_concurrent"] == 7
    assert read_config(job, max_concurrent=3)["max_concurrent"] == 3
    assert read_config(build(store, executor="threads"))["max_concurrent"] == 32


@only_sqlite
@pytest.mark.parametrize("name", ["threads", "in_process", "multiprocess", "celery"])
@pytest.mark.parametrize("field", ["broker", "backend", "include", "config_source"])
def test_a_run_may_not_name_a_broker_or_modules_to_import(store: Store, name: str, field: str):
    with pytest.raises(dg.DagsterInvalidConfigError, match=f'unexpected config entry "{field}"'):
        read_config(build(store, executor=name), **{field: "redis://elsewhere/0"})
