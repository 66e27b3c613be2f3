"""`deploy/helm/values.yaml`: what it says fits our image, our settings and Dagster's storage."""

import re
from typing import Any

import pytest
import yaml
from dagster_postgres.utils import pg_url_from_config

from agentmesh_dagster.settings import Settings
from tests.deploy.compose import DEPLOY, read_services


@pytest.fixture
def values() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "helm" / "values.yaml").read_text())


def list_pods(values: dict[str, Any]) -> list[dict[str, Any]]:
    [deployment] = values["dagster-user-deployments"]["deployments"]
    launcher = values["runLauncher"]["config"]["k8sRunLauncher"]
    return [values["dagsterWebserver"], values["dagsterDaemon"], deployment, launcher]


def test_all_pods_have_the_same_image_and_the_same_secrets(values: dict[str, Any]):
    first, *others = list_pods(values)
    for other in others:
        assert (other["image"], other["envSecrets"]) == (first["image"], first["envSecrets"])
    assert "password" not in str(values).lower().replace("generatepostgresqlpasswordsecret", "")


def test_the_code_server_is_started_as_in_compose(values: dict[str, Any]):
    [deployment] = values["dagster-user-deployments"]["deployments"]
    in_compose: list[str] = read_services()["code"]["command"]
    assert in_compose[-len(deployment["codeServerArgs"]) :] == deployment["codeServerArgs"]
    assert str(deployment["port"]) in in_compose
    assert deployment["name"] == deployment["codeServerArgs"][-1]


def test_what_the_chart_expects_of_an_image_is_in_ours(values: dict[str, Any]):
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert f"DAGSTER_HOME={values['global']['dagsterHome']}" in dockerfile
    assert "exec agentmesh webserver" in dockerfile, "the chart starts `dagster-webserver`, which has no login"
    assert re.search(r"^dagster-k8s==", (DEPLOY / "requirements.lock").read_text(), re.MULTILINE), "K8sRunLauncher"


def test_every_pod_has_a_memory_limit_that_is_not_below_its_request(values: dict[str, Any]):
    for pod in list_pods(values):
        resources = pod["resources"]
        asked, most = (read_bytes(resources[kind]["memory"]) for kind in ("requests", "limits"))
        assert 0 < asked <= most
    *_, deployment, launcher = list_pods(values)
    assert deployment["resources"] == launcher["resources"], "the chart gives a run what its code server has"


def read_bytes(quantity: str) -> int:
    [(number, unit)] = re.findall(r"^(\d+)(Mi|Gi)$", quantity)
    return int(number) * {"Mi": 2**20, "Gi": 2**30}[unit]


def test_probes_ask_a_page_that_needs_no_login(values: dict[str, Any]):
    web = values["dagsterWebserver"]
    asked = {"readinessProbe": "/healthz", "livenessProbe": "/healthz/live", "startupProbe": "/healthz/live"}
    for probe, path in asked.items():
        assert web[probe]["httpGet"] == {"path": path, "port": web["service"]["port"]}


def test_dagsters_storage_gets_the_driver_that_its_web_server_works_with(values: dict[str, Any]):
    database = values["postgresql"]
    config = {
        "username": database["postgresqlUsername"],
        "password": "secret",
        "hostname": "db",
        "port": database["service"]["port"],
        "db_name": database["postgresqlDatabase"],
        "scheme": database["postgresqlScheme"],
    }
    assert pg_url_from_config({"postgres_db": config}) == "postgresql+psycopg2://agentmesh:secret@db:5432/dagster"


def test_each_variable_is_a_setting(values: dict[str, Any]):
    given = [entry["name"] for entry in values["dagsterWebserver"]["env"]]
    given += [entry.partition("=")[0] for entry in list_pods(values)[-1]["envVars"]]
    assert {name.removeprefix("AGENTMESH_").lower() for name in given} <= Settings.model_fields.keys()
