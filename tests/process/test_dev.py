"""`agentmesh dev` in an empty folder, behind its login and under a path prefix, with the clients that people have."""

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from dagster_graphql import DagsterGraphQLClient
from mcp.client.client import Client

from tests.login.server import follow_link
from tests.mcp_client import call_ok, connect
from tests.otlp import Collector, run_collector
from tests.process.documents import build_echo
from tests.process.servers import AGENTMESH, RunningDev, clean_environment, run_dev, wait_until

PREFIX = "/mesh"
SOON_SECONDS = 120  # a reload takes 3 seconds on a machine that does nothing else
LOGS = """
query Logs($id: ID!) {
  logsForRun(runId: $id) { ... on EventConnection { events { ... on LogMessageEvent { message } } } }
}
"""
JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } schedules { name } } } } }"
SERVER_STARTED = "Started Dagster code server for module"
RELOADED = "Received LocationStateChangeEventType.LOCATION_UPDATED event for location agentmesh"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with run_collector() as running:
        yield running


@pytest.fixture(scope="module")
def dev(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    folder = tmp_path_factory.mktemp("empty")
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "AGENTMESH_TRACE_URL": "http://traces.example/{traceId}"}
    arguments = ("--log-level", "info")
    with run_dev(folder, auth="on", path_prefix=PREFIX, arguments=arguments, environment=told) as running:
        yield running


@pytest.fixture(scope="module")
def client(dev: RunningDev) -> Iterator[httpx2.Client]:
    with dev.open_client() as opened:
        yield opened


def list_jobs(client: httpx2.Client) -> set[str]:
    answer = client.post("/graphql", json={"query": JOBS}).raise_for_status().json()
    return {job["name"] for node in answer["data"]["repositoriesOrError"]["nodes"] for job in node["jobs"]}


def save(client: httpx2.Client, workflow: dict[str, Any]) -> str:
    answer = client.post("/api/workflows", json=workflow)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def count_reloads(dev: RunningDev) -> int:
    """How many reloads web server and daemon have seen, the two together."""
    return dev.log.read_text().count(RELOADED)


def test_web_app_api_dagster_and_login_are_on_one_port_under_the_prefix(dev: RunningDev, client: httpx2.Client):
    assert dev.url.endswith(PREFIX)
    assert client.get("/api/about").json()["dagsterUrl"] == f"{PREFIX}/"
    web_app = client.get("/agentmesh/runs/some-run")
    assert "AgentMesh" in web_app.text
    assert f'"{PREFIX}/' in web_app.text, "links stay under the prefix"
    dagster = client.get("/overview", headers={"Accept": "text/html"})
    assert f'"pathPrefix": "{PREFIX}"' in dagster.text
    assert "Log in" in httpx2.get(f"{dev.url}/login").text


def test_nobody_gets_in_without_login_and_the_link_works_once(dev: RunningDev):
    assert dev.login_url is not None
    with httpx2.Client(base_url=dev.url) as browser:
        assert browser.get("/api/about").status_code == 401
        assert browser.post("/graphql", json={"query": JOBS}).status_code == 401
        assert browser.get(dev.login_url).status_code == 200, "whoever only looks at the link does not use it up"
        assert browser.get("/api/about").status_code == 401
        assert follow_link(browser, dev.login_url).headers["location"] == f"{PREFIX}/agentmesh"
        assert browser.get("/api/session").json()["role"] == "admin"
        assert browser.get("/agentmesh/").status_code in (200, 503), "503 says how to build it"
    with httpx2.Client(base_url=dev.url) as another:
        assert follow_link(another, dev.login_url).status_code == 401
        assert another.get("/api/about").status_code == 401


def test_curl_with_a_token_is_a_client(dev: RunningDev):
    command = ["curl", "-sSf", "-H", f"Authorization: Bearer {dev.read_token()}", f"{dev.url}/api/workflows?limit=1"]
    answered = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '"items":[{' in answered.stdout


def test_an_agent_of_another_program_runs_a_workflow_over_mcp(dev: RunningDev, client: httpx2.Client):
    workflow_id = save(client, build_echo("Called by an agent"))

    async def work(mcp: Client) -> dict[str, Any]:
        arguments = {"workflowId": workflow_id, "input": {"who": "Ada"}, "waitSeconds": 50}
        return await call_ok(mcp, "run_workflow", **arguments)

    run = connect(f"{dev.url}/mcp", work, authorization=f"Bearer {dev.read_token()}")
    assert (run["status"], run["output"]) == ("succeeded", "hello Ada")
    assert client.get(run["url"]).status_code in (200, 503), "503 says how to build the web app"


def test_the_worker_of_a_run_tells_its_trace_before_it_ends(client: httpx2.Client, collector: Collector):
    workflow_id = save(client, build_echo("Traced"))
    run_id = client.post(f"/api/workflows/{workflow_id}/runs", json={"input": {"who": "Ada"}}).json()["runId"]

    spans = collector.wait_for(run_id, lambda found: any(not span.parent_id for span in found))
    assert sorted(span.name for span in spans) == ["end end", "invoke_workflow Traced", "start start"]
    assert client.get("/api/about").json()["traceUrl"] == "http://traces.example/{traceId}"
    answer = client.post("/graphql", json={"query": LOGS, "variables": {"id": run_id}}).json()
    said = [event.get("message") for event in answer["data"]["logsForRun"]["events"]]
    assert f"Its trace is http://traces.example/{run_id.replace('-', '')}" in said


@pytest.mark.filterwarnings("ignore:Using variable_values:DeprecationWarning")  # dagster-graphql's use of gql
def test_dagsters_own_client_launches_a_job(dev: RunningDev, client: httpx2.Client):
    host, _, port = dev.url.removeprefix("http://").removesuffix(PREFIX).partition(":")
    headers = {"Authorization": f"Bearer {dev.read_token()}"}
    graphql = DagsterGraphQLClient(host, int(port), headers=headers, path_prefix=PREFIX)
    run_id = graphql.submit_job_execution("Support_triage", repository_location_name="agentmesh")
    wait_until(lambda: client.get(f"/api/runs/{run_id}").json().get("status") == "succeeded", SOON_SECONDS)


def test_a_saved_workflow_is_listed_by_itself_and_runs_at_once(client: httpx2.Client):
    workflow_id = save(client, build_echo("Greet"))
    launched = client.post(f"/api/workflows/{workflow_id}/runs", json={"input": {"who": "Ada"}})
    assert launched.status_code == 201

    run_id = launched.json()["runId"]
    wait_until(lambda: client.get(f"/api/runs/{run_id}").json()["status"] == "succeeded", SOON_SECONDS)
    assert client.get(f"/api/runs/{run_id}").json()["output"] == "hello Ada"
    wait_until(lambda: "Greet" in list_jobs(client), SOON_SECONDS)


def test_a_launch_runs_what_was_saved_a_moment_before(client: httpx2.Client):
    workflow_id = save(client, build_echo("Moody", "good morning"))
    changed = client.get(f"/api/workflows/{workflow_id}").json() | build_echo("Moody", "good night")
    assert client.put(f"/api/workflows/{workflow_id}", json=changed).status_code == 200

    run_id = client.post(f"/api/workflows/{workflow_id}/runs", json={"input": {}}).json()["runId"]
    wait_until(lambda: client.get(f"/api/runs/{run_id}").json()["status"] == "succeeded", SOON_SECONDS)
    assert client.get(f"/api/runs/{run_id}").json()["output"] == "good night"


def test_fifty_saves_in_a_row_are_a_few_reloads_the_last_of_them_after_the_last_save(
    dev: RunningDev, client: httpx2.Client
):
    before = count_reloads(dev)
    for number in range(50):
        save(client, build_echo(f"Burst {number}"))

    wait_until(lambda: {f"Burst_{number}" for number in range(50)} <= list_jobs(client), SOON_SECONDS)
    wait_until(lambda: count_reloads(dev) > before, SOON_SECONDS)  # Dagster looks at the code server every second
    assert count_reloads(dev) - before <= 2 * 6
    assert dev.log.read_text().count(SERVER_STARTED) == 1, "a save starts no code server"


def test_what_another_process_saves_is_listed_too(dev: RunningDev, client: httpx2.Client):
    (dev.home.parent / "else.json").write_text(
        httpx2.Response(200, json={"workflows": [{"id": "elsewhere", **build_echo("Elsewhere")}]}).text
    )
    environment = clean_environment() | {"AGENTMESH_HOME": str(dev.home)}
    command = [*AGENTMESH, "apply", "else.json"]
    subprocess.run(command, cwd=dev.home.parent, env=environment, check=True, capture_output=True)
    wait_until(lambda: "Elsewhere" in list_jobs(client), SOON_SECONDS)


def test_a_trigger_of_a_new_workflow_fires_without_a_restart(client: httpx2.Client):
    triggers = [{"type": "event", "name": "paid"}]
    workflow_id = save(client, build_echo("On payment", "paid", triggers=triggers))
    event = client.post("/api/events/paid", json={"amount": 3})
    assert event.status_code == 202, event.text

    def has_run() -> bool:
        runs = client.get("/api/runs", params={"workflowId": workflow_id}).json()["items"]
        return [run["status"] for run in runs] == ["succeeded"]

    wait_until(has_run, 2 * SOON_SECONDS)
