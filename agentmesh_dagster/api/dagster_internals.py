"""The names of Dagster and of its web server that this floor uses although they are not exported."""

from dagster._core.definitions.assets.definition.asset_spec import SYSTEM_METADATA_KEY_AUTO_CREATED_STUB_ASSET
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
from dagster._core.remote_representation.external import RemoteRepository
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._serdes import serialize_value
from dagster_graphql.implementation import execution as graphql_execution
from dagster_graphql.schema import create_schema
from dagster_graphql.schema.pipelines.pipeline import GrapheneRun
from dagster_graphql.schema.roots import mutation as graphql_mutation
from dagster_shared.cli import WorkspaceOpts
from dagster_shared.serdes.objects.models.defs_state_info import DefsStateInfo
from dagster_webserver import cli as webserver_cli
from dagster_webserver.webserver import DagsterWebserver

__all__ = [
    "SYSTEM_METADATA_KEY_AUTO_CREATED_STUB_ASSET",
    "DagsterWebserver",
    "DefsStateInfo",
    "GrapheneRun",
    "GrpcServerCodeLocation",
    "PartitionBackfill",
    "RemoteRepository",
    "WorkspaceOpts",
    "WorkspaceProcessContext",
    "WorkspaceRequestContext",
    "create_schema",
    "graphql_execution",
    "graphql_mutation",
    "serialize_value",
    "webserver_cli",
]
