"""What the web server and `agentmesh dev` take from Dagster although it is not exported, in plain words."""

import inspect

from dagster._grpc.client import DagsterGrpcClient
from starlette.routing import Mount

from agentmesh_dagster.api.dagster_internals import (
    DagsterWebserver,
    DefsStateInfo,
    GrapheneRun,
    GrpcServerCodeLocation,
    WorkspaceOpts,
    graphql_execution,
    graphql_mutation,
    webserver_cli,
)
from agentmesh_dagster.api.hosting import serve
from agentmesh_dagster.cli.dagster_internals import ProxyServerManager, daemon_command


def name_parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # pyright: ignore[reportArgumentType]


def test_dagsters_web_command_hosts_through_the_function_that_we_replace():
    hosting = "host_dagster_ui_with_workspace_process_context"
    command = inspect.getsource(webserver_cli.dagster_webserver.callback)
    assert f"{hosting}(" in command, "dagster-webserver no longer calls it by this name"
    theirs = webserver_cli.host_dagster_ui_with_workspace_process_context
    assert name_parameters(theirs) == name_parameters(serve)


def test_dagsters_web_command_has_the_options_that_we_look_at():
    options = {parameter.name for parameter in webserver_cli.dagster_webserver.params}
    assert {"host", "port", "path_prefix", "instance_ref", "empty_workspace", "workspace"} <= options
    assert not WorkspaceOpts().specifies_target()


def test_dagsters_routes_are_one_mount_under_a_prefix():
    class Bare(DagsterWebserver):
        def __init__(self) -> None:
            self._app_path_prefix = "/mesh"

    first, *_ = Bare().build_routes()
    assert isinstance(first, Mount)
    assert any(getattr(route, "path", None) == "/graphql" for route in first.routes)


def test_the_daemon_and_the_code_servers_take_what_we_give_them():
    assert {"workspace", "log_level"} <= {parameter.name for parameter in daemon_command.params}
    assert name_parameters(ProxyServerManager)[:3] == ["instance", "workspace_load_target", "code_server_log_level"]
    assert hasattr(ProxyServerManager, "get_code_server_specs")


def test_a_code_server_can_be_told_of_a_newer_state():
    state = DefsStateInfo.add_version(None, "agentmesh", "7")
    assert state != DefsStateInfo.add_version(None, "agentmesh", "8"), "the same state twice would be no reload"
    assert name_parameters(DagsterGrpcClient.reload_code_with_state)[:2] == ["self", "serialized_defs_state_info"]
    assert "self.client = DagsterGrpcClient(" in inspect.getsource(GrpcServerCodeLocation.__init__)


def test_a_run_is_terminated_over_graphql_through_the_function_and_the_field_that_we_replace():
    terminate = graphql_execution.terminate_pipeline_execution
    assert name_parameters(terminate)[:2] == ["graphene_info", "run_id"]
    assert hasattr(graphql_mutation, terminate.__name__), "the mutations' module no longer imports it by name"
    one, many = graphql_mutation.GrapheneTerminateRunMutation, graphql_execution.terminate_pipeline_execution_for_runs
    for caller in (one, many):
        assert "terminate_pipeline_execution(" in inspect.getsource(caller), "a suspended run cannot be terminated"
    assert hasattr(graphql_mutation.GrapheneTerminateRunPolicy, "MARK_AS_CANCELED_IMMEDIATELY")
    assert len(name_parameters(GrapheneRun.resolve_canTerminate)) == 2, "the field `canTerminate` is resolved otherwise"
