"""Terminating a suspended run in Dagster's UI: it has no process, so it is canceled at once."""

from functools import wraps
from typing import Any

import dagster as dg

from agentmesh_dagster.api.dagster_internals import GrapheneRun, graphql_execution, graphql_mutation

_MARK = "_agentmesh_terminates_suspended"


def let_suspended_runs_be_terminated() -> None:
    """Dagster's GraphQL offers it for runs that are queued or at work only. Safe to call again."""
    if hasattr(GrapheneRun, _MARK):
        return
    terminate: Any = graphql_execution.terminate_pipeline_execution
    can_terminate: Any = GrapheneRun.resolve_canTerminate

    @wraps(terminate)
    def terminate_or_cancel(graphene_info: Any, run_id: str, policy: Any) -> Any:
        run = graphene_info.context.instance.get_run_by_id(run_id)
        is_suspended = run is not None and run.status is dg.DagsterRunStatus.SUSPENDED
        at_once = graphql_mutation.GrapheneTerminateRunPolicy.MARK_AS_CANCELED_IMMEDIATELY
        return terminate(graphene_info, run_id, at_once if is_suspended else policy)

    @wraps(can_terminate)
    def resolve_can_terminate(shown: Any, graphene_info: Any) -> bool:
        is_suspended = shown.dagster_run.status is dg.DagsterRunStatus.SUSPENDED
        return is_suspended or can_terminate(shown, graphene_info)

    for module in (graphql_execution, graphql_mutation):
        setattr(module, terminate.__name__, terminate_or_cancel)
    setattr(GrapheneRun, can_terminate.__name__, resolve_can_terminate)
    setattr(GrapheneRun, _MARK, True)
