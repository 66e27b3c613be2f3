"""What the executor `celery` takes from dagster-celery and Celery, in plain words."""

import inspect

import dagster as dg
from celery.app.utils import Settings as CelerySettings
from dagster_celery.core_execution_loop import core_celery_execution_loop
from dagster_celery.executor import CeleryExecutor, _submit_task
from dagster_celery.make_app import make_app_with_task_routes

from agentmesh_dagster.translator.celery import CELERY, DeliveredStep
from agentmesh_dagster.translator.dagster_internals import RetryMode, SerializableErrorInfo
from tests.deploy.compose import DEPLOY


def name_parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_the_loop_gives_steps_away_through_a_function_of_ours():
    assert name_parameters(core_celery_execution_loop) == ["job_context", "execution_plan", "step_execution_fn"]
    given = ["app", "plan_context", "step", "queue", "priority", "known_state"]
    assert name_parameters(_submit_task) == given
    loop = inspect.getsource(core_celery_execution_loop)
    for asked in ("result.ready()", "result.get()", "result.revoke()"):
        assert asked in loop, "the loop asks other things of a step's result"
    assert {"ready", "get", "revoke"} <= set(dir(DeliveredStep))


def test_its_config_is_dagster_celerys():
    from dagster_celery import celery_executor

    assert CELERY.config_schema is celery_executor.config_schema
    assert name_parameters(CeleryExecutor)[:5] == ["retries", "broker", "backend", "include", "config_source"]
    assert RetryMode.from_config({"enabled": {}}) is RetryMode.ENABLED


def test_a_crash_is_told_through_dagsters_own_executor():
    told = name_parameters(dg.Executor.log_failure_or_retry_event_after_error)
    assert told == ["self", "step_context", "err_info", "known_state"]
    assert SerializableErrorInfo("it died\n", [], "WorkerDied").to_string()


def test_workers_find_our_settings_and_everybody_finds_the_broker_in_the_environment():
    assert "dagster_celery_config" in inspect.getsource(make_app_with_task_routes)
    source = inspect.getsource(CelerySettings)
    assert "CELERY_BROKER_URL" in source
    assert "CELERY_RESULT_BACKEND" in source
    known = inspect.getsource(__import__("celery.app.defaults", fromlist=["NAMESPACES"]))
    for setting in ("track_started", "prefetch_multiplier", "disable_prefetch", "connection_retry_on_startup"):
        assert f"{setting}=Option" in known
        assert setting in (DEPLOY / "dagster_celery_config.py").read_text()
