"""What the code location takes from Dagster although it is not exported, in plain words."""

import inspect

from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._grpc.server import DagsterApiServer

from agentmesh_dagster.code_location.dagster_internals import ComponentTree, DefinitionsLoadContext, DefinitionsLoadType
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
