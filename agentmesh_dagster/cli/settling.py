"""Before runs are shown: what Dagster knows of those that are not settled is taken over."""

from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.runs import list_unsettled_run_ids


def settle_runs(services: Services, only: str | None = None) -> None:
    """Brings all unsettled runs up to date, or only the one with this id. Raises InstanceUnavailable."""
    with services.store.read() as connection:
        unsettled = [run_id for run_id in list_unsettled_run_ids(connection) if only in (None, run_id)]
    if not unsettled:
        return
    from agentmesh_dagster.control.instance import open_instance  # mostly there is nothing to settle, and
    from agentmesh_dagster.control.reconcile import reconcile_run  # Dagster takes a second to load

    with open_instance(services.settings) as instance:
        for run_id in unsettled:
            reconcile_run(services, instance, run_id)
