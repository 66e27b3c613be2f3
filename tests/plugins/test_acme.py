"""A node type, a tool type and a provider from a package, each one module, do all that ours do."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.plugins.conftest import KEY, AcmeServer
from tests.plugins.installing import ACME, install
from tests.process.servers import AGENTMESH, RunningDev, wait_until

RUN_SECONDS = 90
DOCUMENT = ACME / "acme.yaml"


@pytest.fixture(scope="module")
def api(acme_dev: RunningDev):
    with acme_dev.open_client() as client:
        saved = client.post("/api/documents", json=yaml.safe_load(DOCUMENT.read_text("utf-8")))
        assert saved.status_code == 200, saved.text
        yield client


def run_letter(api: httpx2.Client, run_input: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """The ended run, and its steps by node."""
    run_id = api.post("/api/workflows/letter/runs", json={"input": run_input}).json()["runId"]
    place = f"/api/runs/{run_id}"
    wait_until(lambda: api.get(place).json()["status"] in ("succeeded", "failed"), RUN_SECONDS)
    return api.get(place).json(), {step["nodeId"]: step for step in api.get(f"{place}/steps").json()["items"]}


def unwrap(text: str) -> str:
    """What was printed, without the line ends and blanks of a table's cells."""
    return " ".join(text.split())


def agentmesh(*arguments: str, site: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run([*AGENTMESH, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def test_a_run_does_what_the_types_do(api: httpx2.Client, acme_server: AcmeServer):
    run, steps = run_letter(api, {"customer": "Ada", "street": "Main"})

    assert run["status"] == "succeeded", run
    assert {name: step["nodeType"] for name, step in steps.items()}["pick"] == "pick"
    assert steps["pick"]["output"] == {"customer": "Ada"}
    assert steps["orders"]["output"] == {"rows": [{"id": 1, "total": 9.5}, {"id": 3, "total": 4.0}]}
    assert run["output"]["text"] == 'Dear {"rows":[{"id":1,"total":9.5},{"id":3,"total":4.0}]}'
    assert run["output"]["raw"]["usage"] == {"inputTokens": 7, "outputTokens": 3}
    assert acme_server.asked[-1]["model"] == "acme-large"


def test_what_a_type_raises_fails_the_step_in_its_words(api: httpx2.Client):
    run, _ = run_letter(api, {"street": "Main"})

    assert run["status"] == "failed"
    assert "What comes in has no fields of these names: customer" in run["error"]


def test_no_error_shows_the_key_of_the_provider(api: httpx2.Client, acme_server: AcmeServer):
    acme_server.is_broken = True
    try:
        run, steps = run_letter(api, {"customer": "Ada"})
    finally:
        acme_server.is_broken = False

    assert run["status"] == "failed"
    assert "the key *** is fine, your request is not" in run["error"]
    assert KEY not in json.dumps([run, steps, api.get(f"/api/runs/{run['id']}/events").json()])


def test_the_api_says_what_the_types_are(api: httpx2.Client):
    types = api.get("/api/types").json()

    pick, sqlite, acme = types["nodes"][-1], types["tools"][-1], types["providers"][-1]
    assert [pick["type"], sqlite["type"], acme["name"]] == ["pick", "sqlite", "acme"]
    assert pick["config"]["properties"]["keys"]["description"] == "The fields that go on, by name."
    assert "keys" in pick["config"]["required"]
    assert sqlite["config"]["properties"]["settings"]["properties"]["maxRows"]["maximum"] == 10_000
    assert acme["example"] == "acme-large"


def test_the_schema_of_documents_has_them(api: httpx2.Client):
    definitions = api.get("/api/document-schema").json()["$defs"]

    assert "pick" in definitions["NodeType"]["enum"]
    assert "acme" in definitions["ModelProvider"]["enum"]
    assert {"PickConfig", "SqliteSettings"} <= definitions.keys()


def test_validate_knows_them_and_tells_what_is_wrong(acme_site: Path, tmp_path: Path):
    sound = agentmesh("validate", str(DOCUMENT), site=acme_site, folder=tmp_path)
    faulty = tmp_path / "faulty.yaml"
    text = DOCUMENT.read_text("utf-8").replace("keys: [customer]", "key: 1").replace("query:", "qery:")
    faulty.write_text(
        text.replace("type: sqlite", "type: sqlite").replace("modelProvider: acme", "modelProvider: acne")
    )
    told = agentmesh("validate", str(faulty), site=acme_site, folder=tmp_path)

    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert told.returncode != 0
    for words in ("did you mean `keys`", "did you mean `query`", "did you mean `acme`"):
        assert words in unwrap(told.stdout), told.stdout


def test_what_a_node_gives_is_known_before_it_runs(acme_site: Path, tmp_path: Path):
    wrong = tmp_path / "wrong.yaml"
    prompt = 'agentId: writer, config: {prompt: "{{ context.outputs.pick.street }}"}'
    wrong.write_text(DOCUMENT.read_text("utf-8").replace("agentId: writer", prompt))

    told = agentmesh("validate", str(wrong), site=acme_site, folder=tmp_path)

    assert "What `Who` picks has no field `street`: known are `customer`" in unwrap(told.stdout), told.stdout


def test_a_type_has_rules_of_its_own(acme_site: Path, tmp_path: Path):
    twice = tmp_path / "twice.yaml"
    twice.write_text(DOCUMENT.read_text("utf-8").replace("keys: [customer]", "keys: [customer, customer]"))

    told = agentmesh("validate", str(twice), "--format", "json", site=acme_site, folder=tmp_path)

    [issue] = json.loads(told.stdout)["issues"]
    assert told.returncode == 0
    assert (issue["code"], issue["severity"]) == ("key-picked-twice", "warning")
    assert issue["path"] == "$.workflows[0].graph.nodes[1].config.keys"


def test_without_the_package_the_document_says_what_is_missing(tmp_path: Path):
    told = unwrap(agentmesh("validate", str(DOCUMENT), site=tmp_path, folder=tmp_path).stdout)

    assert "must be `start`, `agent`, `tool`, `workflow`, `branch`, `human_approval`, `wait` or `end`" in told
    assert "must be `http`, `function`, `builtin`, `sql` or `mcp`" in told
    assert "must be `openai`, `anthropic` or `local`" in told


@pytest.mark.parametrize("command", [["validate", str(DOCUMENT)], ["list"], ["dev", "--port", "1"]])
def test_a_broken_package_stops_everything_at_its_start_and_says_so(command: list[str], tmp_path: Path):
    install(tmp_path, "bad-types", {"agentmesh.nodes": {"pick": "bad:PICK"}}, version="0.1", bad="PICK = 3")

    told = agentmesh(*command, site=tmp_path, folder=tmp_path)

    assert told.returncode != 0
    words = unwrap(told.stdout + told.stderr)
    assert "Installed packages bring types that cannot be used: mend or uninstall them, and start again" in words
    assert "bad-types 0.1, `pick = bad:PICK` in agentmesh.nodes: it has no `spec` that is a NodeSpec" in words
    assert "Traceback" not in words
