"""The names of Dagster that this floor uses although `dagster` does not export them."""

from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._cli.workspace.cli_target import workspace_opts_to_load_target
from dagster._daemon.cli import run_command as daemon_command
from dagster_shared.cli import WorkspaceOpts

__all__ = ["ProxyServerManager", "WorkspaceOpts", "daemon_command", "workspace_opts_to_load_target"]
