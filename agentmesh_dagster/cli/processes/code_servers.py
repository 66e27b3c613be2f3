"""The code servers of `agentmesh dev`, which its web server and its daemon share: a reload is seen by both at once."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import yaml

from agentmesh_dagster.cli.dagster_internals import ProxyServerManager, WorkspaceOpts, workspace_opts_to_load_target
from agentmesh_dagster.control.workspace_file import find_workspace_file


@contextmanager
def serve_code(workspace: Path, target: Path | None, log_level: str) -> Generator[None]:
    """Serves the code locations of the workspace file `target`, else of the current folder, else ours.

    Where the servers are is written to the file `workspace`, once they can be reached.
    """
    target = target or find_workspace_file()
    options = WorkspaceOpts(workspace=[str(target)]) if target else WorkspaceOpts()
    with (
        dg.DagsterInstance.get() as instance,
        ProxyServerManager(instance, workspace_opts_to_load_target(options), log_level) as servers,
    ):
        being_written = workspace.with_suffix(".part")
        being_written.write_text(yaml.dump({"load_from": list(servers.get_code_server_specs())}))
        being_written.rename(workspace)  # at one stroke: others wait for it to be there
        yield
