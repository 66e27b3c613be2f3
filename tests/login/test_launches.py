"""Launches over GraphQL: who launched comes from the login, and no tag forges where a run comes from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.entities.access import Role
from agentmesh_dagster.store import open_store
from tests.login.server import Server, run_server

SELECTOR = {"repositoryLocationName": "here", "repositoryName": "__repository__", "jobName": "one_job"}
LAUNCH = """mutation Go($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
AGAIN = """mutation Again($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
FORGED = {
    "user": "ceo",
    ".dagster/repository": "other",
    ".dagster/grpc_info": "{}",
    "agentmesh/workflow": "another",
    "agentmesh/anything": "1",
    "dagster/run_key": "delivery-1",
    "dagster/sensor_name": "night",
    "dagster/schedule_name": "noon",
    "dagster/backfill": "b",
    "dagster-k8s/config": '{"pod_spec_config": {}}',
    "dagster-celery/queue": "root",
}
FREE = {"dagster/priority": "3", "dagster/max_retries": "2", "dagster/concurrency_key": "k", "team": "blue", "x": "y"}


@pytest.fixture(scope="module")
def dock(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("dock")
    (folder / "store.db").write_bytes(migrated_sqlite.read_bytes())
    code = Path(__file__).with_name("one_job.py")
    with run_server(open_store(f"sqlite:///{folder / 'store.db'}"), folder, code=code) as server:
        yield server


def launch(server: Server, role: Role, name: str, tags: dict[str, str]) -> dg.DagsterRun:
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    params = {"selector": SELECTOR, "runConfigData": "{}", "executionMetadata": {"tags": listed}}
    return send(server, role, name, LAUNCH, params)


def send(server: Server, role: Role, name: str, query: str, params: Any) -> dg.DagsterRun:
    with server.script(role, name) as script:
        answer = script.post("/graphql", json={"query": query, "variables": {"params": params}}).json()
    [told] = answer["data"].values()
    assert told["__typename"] == "LaunchRunSuccess", told
    run = server.instance.get_run_by_id(told["run"]["runId"])
    assert run is not None
    return run


def test_who_launched_comes_from_the_login_and_origins_are_not_forged(dock: Server):
    run = launch(dock, Role.EDITOR, "ed", FORGED | FREE)

    shown = {key: value for key, value in run.tags.items() if key in FORGED or key in FREE}
    assert shown == FREE | {
        "user": "ed",
        "agentmesh/workflow": "w",
        "dagster-k8s/config": "{}",
    }


def test_tags_that_stand_in_the_query_itself_are_no_way_around(dock: Server):
    inline = """mutation { launchRun(executionParams: {
      selector: {repositoryLocationName: "here", repositoryName: "__repository__", jobName: "one_job"},
      executionMetadata: {tags: [{key: "user", value: "ceo"}, {key: "agentmesh/x", value: "1"}]}
    }) { __typename ... on LaunchRunSuccess { run { runId } } } }"""

    run = send(dock, Role.ADMIN, "boss", inline, {})

    assert run.tags["user"] == "boss"
    assert "agentmesh/x" not in run.tags


def test_a_reexecution_bears_the_name_of_who_asked_for_it(dock: Server):
    first = launch(dock, Role.EDITOR, "first", {"team": "blue"})
    dock.instance.report_run_canceled(first)
    extra = [{"key": "user", "value": "ceo"}, {"key": "agentmesh/x", "value": "1"}, {"key": "why", "value": "late"}]
    params = {"parentRunId": first.run_id, "strategy": "ALL_STEPS", "extraTags": extra, "useParentRunTags": True}

    again = send(dock, Role.EDITOR, "second", AGAIN, params)

    assert again.tags["user"] == "second"
    assert again.tags["why"] == "late"
    assert again.tags["team"] == "blue"
    assert again.tags["agentmesh/workflow"] == "w"
    assert "agentmesh/x" not in again.tags
    assert again.root_run_id == first.run_id


@pytest.mark.parametrize("group", [{"dagster/parent_run_id", "dagster/root_run_id"}, {"dagster/root_run_id"}])
def test_a_run_does_not_join_a_group_by_tags(dock: Server, group: set[str]):
    run = launch(dock, Role.EDITOR, f"ann-{len(group)}", {**dict.fromkeys(group, "nowhere"), "team": "blue"})

    assert not group & run.tags.keys()
    assert run.tags["team"] == "blue"


@pytest.mark.parametrize("path", ["/logs/x", "/logs/", "/logs/%2e%2e/x/y.out", "/logs/x/y/z.out", "/download_debug/x"])
def test_files_of_a_run_that_is_not_there_are_not_found(dock: Server, path: str):
    with dock.script(Role.VIEWER) as viewer:
        assert viewer.get(path).status_code == 404
