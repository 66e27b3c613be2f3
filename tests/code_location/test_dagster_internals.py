"""What the code location takes from Dagster although it is not exported, in plain words."""

import inspect

import dagster as dg
from dagster._core.definitions import definitions_class
from dagster._core.definitions.repository_definition.caching_index import CacheingDefinitionIndex
from dagster._core.definitions.repository_definition.repository_data import CachingRepositoryData
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._grpc import server as grpc_server
from dagster._grpc.server import DagsterApiServer

from agentmesh_dagster.code_location import code_server
from agentmesh_dagster.code_location.dagster_internals import (
    _MAKE,
    ComponentTree,
    DefinitionsLoadContext,
    DefinitionsLoadType,
)
from agentmesh_dagster.code_location.repository import CatalogueState


def test_a_code_server_asks_for_the_definitions_of_a_newer_state_as_we_answer():
    reloading = inspect.getsource(DagsterApiServer.ReloadCodeWithState)
    asked = ["repo_def.get_component_tree()", ".reload_with_state(", ".get_repository_def()", "load_all_definitions()"]
    positions = [reloading.index(call) for call in asked]
    assert positions == sorted(positions)
    assert "self._server_id = " in reloading, "web server and daemon watch this to see what has changed"
    assert "INITIALIZATION" in reloading, "else the newest revision would not be asked for"
    theirs, ours = (inspect.signature(kind.reload_with_state) for kind in (ComponentTree, CatalogueState))
    assert len(theirs.parameters) == len(ours.parameters)


def test_a_tree_that_has_nothing_to_show_is_not_looked_at():
    assert "if component_tree:" in inspect.getsource(RepositorySnap.from_def)


def test_a_load_is_new_or_a_reconstruction():
    assert {kind.name for kind in DefinitionsLoadType} == {"INITIALIZATION", "RECONSTRUCTION"}
    assert hasattr(DefinitionsLoadContext, "add_to_pending_reconstruction_metadata")


def test_definitions_become_a_repository_through_the_function_that_we_wrap():
    making = inspect.getsource(dg.Definitions.get_repository_def)
    assert f"{_MAKE}(" in making, "jobs of ours would no longer give way to a host's of the same name"
    build = getattr(definitions_class, _MAKE)
    theirs = list(inspect.signature(getattr(build, "unchanged", build)).parameters)
    assert theirs[0] == "name"
    assert {"assets", "schedules", "sensors", "jobs", "resources"} <= set(theirs), "its parts have other names"


def test_a_function_in_a_jobs_place_is_called_when_the_job_is_asked_for():
    getting = inspect.getsource(CacheingDefinitionIndex.get_definition)
    assert "self._definitions[definition_name]" in getting
    assert "definition_source)()" in getting
    data = inspect.getsource(CachingRepositoryData)
    assert "self._jobs = CacheingDefinitionIndex(" in data, "a worker would build all jobs"


def test_a_code_server_looks_for_runs_without_a_process_through_the_method_that_we_patch():
    assert grpc_server.__name__ == code_server._MODULE
    server = inspect.getsource(DagsterApiServer)
    assert server.count("self._check_for_orphaned_runs(") == 1, "its thread calls another method"
    assert "def _check_for_orphaned_runs(self) -> None:" in server
    look = server[server.index("def _check_for_orphaned_runs") :]
    for asked in (
        "with self._execution_lock:",
        "for run_id, (process, instance_ref) in self._executions.items():",
        "if not process.is_alive():",
        "self._clear_run(run_id)",
    ):
        assert asked in look, "it keeps, or looks at, its processes in another way"
