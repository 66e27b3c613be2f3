"""`/healthz` is for everybody and tells little; `/metrics` is for those who are known, or for all by a setting."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete, insert

from agentmesh_dagster.entities.access import Role
from agentmesh_dagster.entities.models import Agent
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import events, gates, launches, model_use, runs, steps, waits
from agentmesh_dagster.testing import ScriptedProvider, run_workflow, use_provider
from tests.login.server import Server, run_server
from tests.shapes import node, save, workflow
from tests.store.trouble import make_full


def test_anybody_may_ask_whether_it_lives_and_is_told_nothing_else(server: Server):
    with server.client() as nobody:
        for path in ("/healthz", "/healthz/live"):
            answer = nobody.get(path)
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
            assert nobody.head(path).status_code == 200
            assert nobody.post(path, json={}).status_code == 401
        assert nobody.get("/healthz/").status_code == 401


def test_it_says_that_the_disk_is_full_and_serves_who_reads(server: Server, monkeypatch: pytest.MonkeyPatch):
    with server.client() as nobody, server.script(Role.VIEWER) as script, make_full(server.store):
        assert script.get("/api/runs").status_code == 200, "although the use of its token cannot be noted"
        monkeypatch.setattr("agentmesh_dagster.store.sqlite_files.MIN_FREE_BYTES", 1 << 62)
        answer = nobody.get("/healthz")
        told = {"status": "read-only", "reason": "The store cannot be written: its disk is full."}
        assert (answer.status_code, answer.json()) == (200, told)


def test_metrics_are_for_those_who_are_known(server: Server):
    with server.client() as nobody:
        assert nobody.get("/metrics").status_code == 401
    with server.script(Role.VIEWER) as script:
        metrics = read_metrics(script)
    assert metrics["agentmesh_runs", "running"] == 0
    assert metrics["agentmesh_open_gates", ""] == 0
    assert metrics["agentmesh_open_gate_oldest_seconds", ""] == 0
    assert metrics["agentmesh_unsubmitted_launches", ""] == 0
    assert metrics["agentmesh_dagster_queued_runs", ""] == 0
    assert metrics["process_open_fds", ""] > 0


def test_metrics_are_for_everybody_where_the_operator_says_so_and_show_what_waits(store: Store, tmp_path: Path):
    fill(store)
    with run_server(store, tmp_path, open_metrics=True) as server, server.client() as nobody:
        metrics = read_metrics(nobody)
        assert nobody.get("/api/about").status_code == 401
        assert nobody.post("/metrics", json={}).status_code == 401
    assert metrics["agentmesh_runs", "running"] == 1
    assert metrics["agentmesh_runs", "pending"] == 1
    assert metrics["agentmesh_runs", "failed"] == 0
    assert metrics["agentmesh_open_gates", ""] == 1
    assert 7200 <= metrics["agentmesh_open_gate_oldest_seconds", ""] < 7200 + 600
    assert metrics["agentmesh_unsubmitted_launches", ""] == 1
    assert 60 <= metrics["agentmesh_unsubmitted_launch_oldest_seconds", ""] < 60 + 600


def test_counters_say_what_models_were_asked_for_and_what_failed_and_do_not_fall(store: Store, tmp_path: Path):
    ask_models(store, tmp_path)

    with run_server(store, tmp_path, open_metrics=True) as server, server.client() as nobody:
        families = text_string_to_metric_families(nobody.get("/metrics").text)
        samples = [one for family in families for one in family.samples]
    counted = {(one.name, *(one.labels[name] for name in sorted(one.labels))): one.value for one in samples}
    assert counted["agentmesh_model_calls_total", "small", "local", "w"] == 2
    assert counted["agentmesh_model_failures_total", "small", "local", "w"] == 0
    assert counted["agentmesh_model_tokens_total", "input", "small", "local", "w"] == 20
    assert counted["agentmesh_model_tokens_total", "output", "small", "local", "w"] == 10
    assert counted["agentmesh_model_cost_usd_total", "small", "local", "w"] == 0
    assert counted["agentmesh_step_failures_total", "error", "w"] == 1


def test_use_is_told_by_day_workflow_and_model(store: Store, tmp_path: Path):
    ask_models(store, tmp_path)
    with store.begin() as tx:
        today = f"{now(tx):%Y-%m-%d}"
        old = {"project_id": "p", "workflow_id": "v", "provider": "openai", "model": "gpt-5"}
        numbers = {"calls": 1, "failures": 1, "input_tokens": 7, "output_tokens": 3, "usd": 0.25}
        tx.execute(insert(model_use).values(day="2026-01-31", **old, **numbers))

    with run_server(store, tmp_path) as server, server.script(Role.VIEWER) as script:

        def read(query: str) -> list[dict[str, Any]]:
            return script.get(f"/api/usage?{query}").raise_for_status().json()["items"]

        by_day = read("")
        assert [(use["day"], use["calls"], use["usd"]) for use in by_day] == [(today, 2, 0.0), ("2026-01-31", 1, 0.25)]
        assert read("since=2026-02-01") == by_day[:1]
        assert read("until=2026-01-31&projectId=p") == by_day[1:]
        assert [(use["provider"], use["inputTokens"]) for use in read("by=model")] == [("local", 20), ("openai", 7)]
        page = script.get("/api/usage?by=day&by=workflow&by=model&limit=1").json()
        assert (page["items"][0]["workflowId"], page["items"][0]["day"]) == ("w", today)
        behind = read(f"by=day&by=workflow&by=model&cursor={page['nextCursor']}")
        assert [(use["workflowId"], use["failures"]) for use in behind] == [("v", 1)]
        assert script.get("/api/usage?by=hour").status_code == 422


def ask_models(store: Store, folder: Path) -> None:
    """Two runs with an answer, and one that fails without; then all are deleted."""
    services = Services(store, Settings(home=folder, console_log_level="CRITICAL"))
    agent = Agent.model_validate({"id": "a", "name": "A", "modelProvider": "local", "modelName": "small"})
    nodes = [node("start", "start"), node("ask", "agent", agentId="a"), node("end", "end")]
    flow = workflow("w", nodes, ["start -> ask", "ask -> end"])
    save(services, agent, flow)
    for replies in (["yes"], ["no"], []):
        run_workflow(use_provider(services, ScriptedProvider(replies)), flow, {})
    with store.begin() as tx:
        for table in (events, steps, launches, runs):
            tx.execute(delete(table))


def fill(store: Store) -> None:
    """A run that has waited for a person for two hours, and one that was launched a minute ago."""
    run = {"workflow_id": "w", "project_id": "p", "job_name": "w", "revision": 1, "input": None}
    with store.begin() as tx:
        long_ago, lately = now(tx) - timedelta(hours=2), now(tx) - timedelta(minutes=1)
        tx.execute(insert(runs).values(id="waiting", status="running", created_at=long_ago, **run))
        tx.execute(insert(runs).values(id="fresh", status="pending", created_at=lately, **run))
        step = {"id": "s", "run_id": "waiting", "node_id": "ask", "node_type": "human_approval"}
        tx.execute(insert(steps).values(status="waiting_human", path="", parent_step_ids=[], **step))
        wait = {"step_id": "s", "run_id": "waiting", "kind": "person"}
        tx.execute(insert(waits).values(state="open", opened_at=long_ago, **wait))
        tx.execute(insert(gates).values(step_id="s", instructions="", assignees=[]))
        launch = {"launch_id": "fresh", "run_id": "fresh", "instance_id": "i", "kind": "first", "revision": 1}
        tx.execute(insert(launches).values(position=0, created_at=lately, **launch))


def read_metrics(client: httpx2.Client) -> dict[tuple[str, str], float]:
    answer = client.get("/metrics").raise_for_status()
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, one.labels.get("status", "")): one.value for family in families for one in family.samples}
