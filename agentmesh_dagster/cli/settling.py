"""Before runs are shown: what Dagster knows of those that are not settled is taken over."""

from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.runs import list_launches, list_unsettled_run_ids


def settle_runs(services: Services, only: str | None = None) -> None:
    """Brings all unsettled runs up to date, or only the one with this id. Raises InstanceUnavailable."""
    with services.store.read() as connection:
        unsettled = [run_id for run_id in list_unsettled_run_ids(connection) if only in (None, run_id)]
        live = {
            run_id: [launch.id for launch in list_launches(connection, run_id) if launch.ended_at is None]
            for run_id in unsettled
        }
    if not unsettled:
        return
    from agentmesh_dagster.control.instance import open_instance  # mostly there is nothing to settle, and
    from agentmesh_dagster.control.reconcile import reconcile_run  # Dagster takes a second to load

    with open_instance(services.settings) as instance:
        for run_id, launch_ids in live.items():
            # The store may have runs of another instance, such as that of a plain `dagster dev`: to look is not to
            # decide what became of them.
            if all(instance.has_run(launch_id) for launch_id in launch_ids):
                reconcile_run(services, instance, run_id)
