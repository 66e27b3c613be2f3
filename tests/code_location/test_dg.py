"""Dagster's own `dg`, in a project fresh from `create-dagster`: all that it knows of components, it knows of ours."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import close_stores
from tests.shapes import node, save, workflow

COMPONENT = "agentmesh_dagster.AgentMeshWorkflows"
SECONDS = 300
HOST = """
import dagster as dg

@dg.asset
def orders() -> None: ...

@dg.op
def count() -> None: ...

@dg.job
def nightly() -> None:
    count()

@dg.success_hook
def tell_slack(context: dg.HookContext) -> None: ...

"""
RESOURCES = """
import dagster as dg

class Warehouse(dg.ConfigurableResource):
    name: str = "prod"

@dg.definitions
def resources():
    return dg.Definitions(resources={"warehouse": Warehouse()})
"""


class Project:
    """A project of somebody's, and the tools that they use in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "shop"
        # No environment of its own is made, and nothing is fetched: what is tested is installed beside the tests.
        python = Path(sys.executable).parent
        self._environment = os.environ | {
            "DG_CLI_CONFIG": str(folder / "user.toml"),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "PATH": f"{python}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.root / "src"),
            "VIRTUAL_ENV": str(python.parent),
            "PYTHONWARNINGS": "ignore",
        }
        quiet = ["create_dagster_outdated", "project_and_activated_venv_mismatch"]
        (folder / "user.toml").write_text(f"[cli]\nsuppress_warnings = {json.dumps(quiet)}\n")
        self.run("create-dagster", "project", str(self.root), "--no-uv-sync", folder=folder)

    def run(self, *command: str, folder: Path | None = None, fails: bool = False) -> str:
        program = str(Path(sys.executable).parent / command[0])
        done = subprocess.run(
            [program, *command[1:]],
            cwd=folder or self.root,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert (done.returncode != 0) == fails, f"{command}: {done.stdout}\n{done.stderr}"
        return done.stdout + (done.stderr if fails else "")

    def list_definitions(self) -> dict[str, Any]:
        return json.loads(self.run("dg", "list", "defs", "--json"))

    @property
    def defs(self) -> Path:
        return self.root / "src" / "shop" / "defs"


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    start_end = [node("start", "start"), node("end", "end", output="hello")]
    triggers = [{"type": "cron", "cron": "0 6 * * *"}, {"type": "event", "name": "table loaded"}]
    save(
        open_services(),
        workflow("load", start_end, ["start -> end"], name="Load report", triggers=triggers),
        workflow("mine", start_end, ["start -> end"], name="nightly", triggers=triggers),
        workflow("orders", start_end, ["start -> end"], name="orders"),
    )
    close_stores()
    get_settings.cache_clear()
    return Project(tmp_path)


def test_the_component_works_in_a_fresh_project(project: Project):
    assert COMPONENT in project.run("dg", "list", "components", "--json")
    described = project.run("dg", "utils", "inspect-component", COMPONENT)
    assert "The workflows of an AgentMesh store" in described
    for field in ("database_url", "projects", "job_prefix", "owners", "tags", "hooks", "resource_keys"):
        assert f'"{field}"' in described

    (project.defs / "mine.py").write_text(HOST)
    (project.defs / "resources.py").write_text(RESOURCES)
    project.run("dg", "scaffold", "defs", COMPONENT, "flows", "--job-prefix", "agents_")
    assert "agents_" in (project.defs / "flows" / "defs.yaml").read_text()
    attributes = {
        "job_prefix": "",
        "owners": ["team:support"],
        "tags": {"team": "support"},
        "hooks": ["shop.defs.mine.tell_slack"],
        "resource_keys": ["warehouse"],
    }
    (project.defs / "flows" / "defs.yaml").write_text(f"type: {COMPONENT}\nattributes:\n  job_prefixx: a_\n")
    told = project.run("dg", "check", "yaml", fails=True)
    assert "defs.yaml:3" in told
    assert "job_prefixx" in told

    (project.defs / "flows" / "defs.yaml").write_text(f"type: {COMPONENT}\nattributes: {json.dumps(attributes)}\n")
    project.run("dg", "check", "defs")
    listed = project.list_definitions()

    assert {job["name"] for job in listed["jobs"]} >= {"Load_report", "nightly", "orders"}
    assert {schedule["name"] for schedule in listed["schedules"]} == {"Load_report__cron"}, "not that of `nightly`"
    assert {sensor["name"] for sensor in listed["sensors"]} == {"agentmesh_runs", "Load_report__on_table_loaded"}
    assert "orders" in json.dumps(listed["assets"])
