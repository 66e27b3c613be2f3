"""Beginning: a worker takes a launch up; one that was asked for some steps only is looked at before it works."""

from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import Progress
from agentmesh_dagster.runtime.launches import LaunchFacts, RunHasEnded, start_launch
from agentmesh_dagster.runtime.run_ends import fail_run
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.step import StepTask, run_step
from agentmesh_dagster.store.runs import lock_run
from agentmesh_dagster.store.steps import read_states

_NOTHING_CAN_RUN = (
    "None of the steps that were asked for can run: what stands before them has not run in this run. "
    "A run with another input than the one that it re-executes begins at its start. Launch all steps."
)


def begin_launch(services: Services, plan: Plan, facts: LaunchFacts) -> str:
    """A worker starts on the launch: its run is running from now on; returns the run's id. Safe to call again.

    A new run of some steps only asks at the gates before these whose answer it could not take over. One that can
    execute nothing fails. Raises RunHasEnded, ForeignLaunch, DeliveredAlready.
    """
    run_id = start_launch(services, plan, facts)
    if run_id == facts.launch_id and facts.selected is not None:
        _ask_before(services, plan, facts)
        _check_work(services, plan, facts)
    return run_id


def _ask_before(services: Services, plan: Plan, facts: LaunchFacts) -> None:
    """Asks at each gate that may be asked now and that the launch itself does not come to."""
    for op in plan.ops:
        if not op.node.spec.waits:
            continue
        with services.store.read() as connection:
            progress = Progress(plan, read_states(connection, facts.launch_id))
        for step in progress.list_ready():
            if plan.key_of(step) == op.node.id and not facts.asks_for(step):
                run_step(services, plan, StepTask(facts.launch_id, facts.launch_id, op, step, True))


def _check_work(services: Services, plan: Plan, facts: LaunchFacts) -> None:
    with services.store.begin() as tx:
        run = lock_run(tx, facts.launch_id)
        states = read_states(tx, run.id)
        chosen = [state for step, state in states.items() if facts.asks_for(step)]
        has_begun = any(state.status is not StepStatus.SKIPPED for state in chosen)
        waits = any(state.status.is_waiting for state in states.values())
        ready = Progress(plan, states).list_ready()
        if run.status.is_end or has_begun or waits or any(map(facts.asks_for, ready)):
            return
        fail_run(tx, run, _NOTHING_CAN_RUN)
    raise RunHasEnded(_NOTHING_CAN_RUN)
