"""The code servers of `agentmesh dev`, which its web server and its daemon share: a reload is seen by both at once."""

import signal
from pathlib import Path

import dagster as dg
import yaml

from agentmesh_dagster.cli.dagster_internals import ProxyServerManager, WorkspaceOpts, workspace_opts_to_load_target
from agentmesh_dagster.control.instance import enter_home
from agentmesh_dagster.control.workspace_file import find_workspace_file
from agentmesh_dagster.settings import get_settings


def run_code_servers(workspace: Path, target: Path | None, log_level: str) -> None:
    """Serves the code locations of the workspace file `target`, else of the current folder, else ours, until SIGINT.

    Where the servers are is written to the file `workspace`, once they can be reached.
    """
    enter_home(get_settings())
    target = target or find_workspace_file()
    options = WorkspaceOpts(workspace=[str(target)]) if target else WorkspaceOpts()
    with (
        dg.DagsterInstance.get() as instance,
        ProxyServerManager(instance, workspace_opts_to_load_target(options), log_level) as servers,
    ):
        being_written = workspace.with_suffix(".part")
        being_written.write_text(yaml.dump({"load_from": list(servers.get_code_server_specs())}))
        being_written.rename(workspace)  # at one stroke: others wait for it to be there
        while True:
            signal.pause()
