"""The sensor that looks after runs: what nobody else has noticed, it settles."""

from collections.abc import Sequence

import dagster as dg

from agentmesh_dagster.control.reconcile import adopt_launches, reconcile_run
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.runs import list_unsettled_run_ids

_EVERY_SECONDS = 20


def build_sensors(services: Services) -> Sequence[dg.SensorDefinition]:
    """The sensors of the code location; they are on unless somebody switches them off."""

    def look_after_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        adopted = adopt_launches(services, context.instance)
        with services.store.read() as connection:
            open_runs = list_unsettled_run_ids(connection)
        settled = [run_id for run_id in open_runs if reconcile_run(services, context.instance, run_id)]
        return dg.SkipReason(
            f"{len(open_runs)} runs are on their way; settled {len(settled)}{_name_some(settled)}, adopted {adopted}."
        )

    return [
        dg.SensorDefinition(
            name="agentmesh_runs",
            evaluation_fn=look_after_runs,
            minimum_interval_seconds=_EVERY_SECONDS,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Settles AgentMesh runs whose worker died, was canceled or never started.",
        )
    ]


def _name_some(run_ids: Sequence[str]) -> str:
    return f" ({', '.join(run_ids[:5])}{', …' if len(run_ids) > 5 else ''})" if run_ids else ""
