"""The sensor that looks after runs: what nobody else has noticed, it settles."""

from collections.abc import Sequence

import dagster as dg

from agentmesh_dagster.control.upkeep import keep_up
from agentmesh_dagster.runtime.services import Services

_EVERY_SECONDS = 20


def build_sensors(services: Services) -> Sequence[dg.SensorDefinition]:
    """The sensors of the code location; they are on unless somebody switches them off."""

    def look_after_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        done = keep_up(services, context.instance)
        return dg.SkipReason(
            f"{done.waiting} wait for a person. Resumed {_name(done.resumed)}, settled {_name(done.settled)}, "
            f"expired {_name(done.expired)}, adopted {done.adopted}. Faults: {_name(done.faults)}."
        )

    return [
        dg.SensorDefinition(
            name="agentmesh_runs",
            evaluation_fn=look_after_runs,
            minimum_interval_seconds=_EVERY_SECONDS,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Goes on with runs whose gate was answered; settles those whose worker died or was canceled.",
        )
    ]


def _name(identities: Sequence[str]) -> str:
    shown = ", ".join(identities[:5]) + (", …" if len(identities) > 5 else "")
    return f"{len(identities)} ({shown})" if identities else "none"
