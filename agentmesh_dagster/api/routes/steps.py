"""One step, with all that went in and came out."""

from agentmesh_dagster.api.requests import Asked, PathId, build_router, faults
from agentmesh_dagster.entities.models import Step
from agentmesh_dagster.store.steps import StepNotFound
from agentmesh_dagster.store.steps import get_step as get_stored_step

router = build_router("/steps", "runs")


@router.get("/{id}", responses=faults(404))
def get_step(call: Asked, identity: PathId) -> Step:
    """One step, whole."""
    with call.context.services.store.read() as connection:
        step = get_stored_step(connection, identity)
    if step is None:
        raise StepNotFound(f"`{identity}`")
    return step
