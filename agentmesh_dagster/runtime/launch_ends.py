"""What becomes of a launch whose work is done, or whose worker is gone, and of its run."""

from collections.abc import Callable
from enum import Enum, auto

from agentmesh_dagster.entities.models import Run
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import Progress, RunState
from agentmesh_dagster.runtime.endings import cancel_left_steps, fail_left_steps, give_up_gates
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.run_ends import cancel_run, complete_run, end_run_if_over, fail_run
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.unbegun import MOST_TRIES, count_unbegun
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.launches import LaunchKind, end_launch, find_launch, list_launches, park_launch
from agentmesh_dagster.store.materializations import find_materialization
from agentmesh_dagster.store.runs import RunHead, get_run, lock_run
from agentmesh_dagster.store.step_leases import is_at_work
from agentmesh_dagster.store.steps import read_states
from agentmesh_dagster.store.waits import cancel_waits, has_open_wait, has_untaken_wait, release_waits

_NO_VERSION = "Not all of its steps were asked for, so there is no version of its asset. Launch all steps."


class LaunchEnd(Enum):
    """What becomes of a launch of which a worker has done all that it could."""

    WITH_ITS_RUN = auto()  # its run has ended, or somebody has given it up
    SUSPENDED = auto()  # its run goes on without it
    NOT_YET = auto()  # another worker is at work on it: that one ends it


def finish_work(
    services: Services,
    run_id: str,
    launch_id: str,
    left: str | None,
    show: Callable[[], None],
    *,
    has_failed: bool = False,
) -> LaunchEnd:
    """A worker has done all that it could of a launch: what becomes of that, and of its run.

    The run goes on while a step waits, a wait that ended has no launch yet, or another launch is at work. Else it has
    ended by the time this returns; `left` is why it fails if there are steps that nobody will run, None that this is
    how it was asked for. `has_failed`: a step failed in Dagster, maybe without a word, as when its process died.

    `show` makes Dagster show the launch as suspended. It is called while the run is locked: whoever ends the run, and
    with it the launch, comes after that.
    """
    with services.store.begin() as tx:
        run = lock_run(tx, run_id)
        found = find_launch(tx, launch_id)
        if found is None or found.ended_at or run.status.is_end:
            return LaunchEnd.WITH_ITS_RUN
        if found.parked_at:
            return LaunchEnd.SUSPENDED
        if not has_failed and is_at_work(tx, run_id, launch_id):
            return LaunchEnd.NOT_YET  # such as after a cluster had started a second worker for it
        reason = "The worker died with it." if has_failed else left or "Its launch ended without it."
        plan = _load_plan(services, run)
        were_left = fail_left_steps(tx, plan if isinstance(plan, Plan) else None, run, launch_id, reason)
        if (were_left or not has_open_wait(tx, run_id)) and _end_if_over(tx, plan, run, launch_id, left):
            return LaunchEnd.WITH_ITS_RUN
        show()
        park_launch(tx, launch_id)
    return LaunchEnd.SUSPENDED


def wait_for_place(services: Services, run_id: str, launch_id: str, show: Callable[[], None]) -> None:
    """A launch that came while there was no place for its run is parked; whoever gives the run one makes the next.

    `show` as in `finish_work`.
    """
    with services.store.begin() as tx:
        lock_run(tx, run_id)
        found = find_launch(tx, launch_id)
        if found is not None and found.is_live:
            show()
            park_launch(tx, launch_id)


def show_suspended(services: Services, run_id: str, launch_id: str, show: Callable[[], None]) -> None:
    """Has a suspended launch shown as such once more, if it still is; `show` is called while the run is locked."""
    with services.store.begin() as tx:
        run = lock_run(tx, run_id)
        found = find_launch(tx, launch_id)
        if found is not None and found.parked_at and not found.ended_at and not run.status.is_end:
            show()


def end_with_run(services: Services, run_id: str, launch_id: str, show: Callable[[Run], None]) -> bool:
    """Ends a launch whose run has ended; False when that is not so yet, or somebody else was faster.

    `show` makes Dagster show how the run ended. It is called while the run is locked, so that it is done once; should
    this process die after it, the next finds it done.
    """
    with services.store.begin() as tx:
        lock_run(tx, run_id)
        found, run = find_launch(tx, launch_id), get_run(tx, run_id)
        if found is None or found.ended_at or not run.status.is_end:
            return False
        show(run)
        end_launch(tx, launch_id)
    return True


def leave_joined(services: Services, run_id: str, launch_id: str) -> None:
    """Ends a launch that was to end as its run does, and has ended before; the run goes on."""
    with services.store.begin() as tx:
        lock_run(tx, run_id)
        end_launch(tx, launch_id)


def end_failed(services: Services, run_id: str, launch_id: str, reason: str, *, may_begin_again: bool = False) -> None:
    """Ends a launch that Dagster saw fail, the steps that it left over, and its run if that has nothing more to do.

    `may_begin_again`: of a launch that never began a step, the run goes on; the next one takes over what it was to do,
    unless too many have not begun by now.
    """
    with services.store.begin() as tx:
        run = lock_run(tx, run_id)
        found = find_launch(tx, launch_id)
        if found is None or found.ended_at:
            return  # somebody else was faster, and the run may have gone on since
        end_launch(tx, launch_id)
        tries = 0 if run.status.is_end or not may_begin_again else count_unbegun(tx, list_launches(tx, run_id))
        if 0 < tries < MOST_TRIES:
            release_waits(tx, launch_id)
        elif tries:
            cancel_waits(tx, run_id)
            fail_run(tx, run, f"It could not be started, in {tries} tries. {reason}")
        elif not run.status.is_end:
            plan = _load_plan(services, run)
            fail_left_steps(tx, plan if isinstance(plan, Plan) else None, run, launch_id, reason)
            _end_if_over(tx, plan, run, launch_id, reason)


def end_canceled(services: Services, run_id: str, launch_id: str, reason: str) -> None:
    """Ends a launch that was canceled, or deleted, in Dagster, and with it its run."""
    with services.store.begin() as tx:
        run = lock_run(tx, run_id)
        found = find_launch(tx, launch_id)
        if found is None or found.ended_at:
            return
        end_launch(tx, launch_id)
        if not run.status.is_end:
            cancel_left_steps(tx, run, reason)
            cancel_waits(tx, run_id)
            cancel_run(tx, run, reason)


def _load_plan(services: Services, run: RunHead) -> Plan | AgentMeshError:
    """The plan of a run; the fault that keeps it from being read any more."""
    try:
        return load_pinned_plan(services.store, run.workflow_id, run.revision)
    except AgentMeshError as fault:
        return fault


def _end_if_over(tx: Connection, plan: Plan | AgentMeshError, run: RunHead, launch_id: str, left: str | None) -> bool:
    """Ends the run unless it waits, or another launch goes on with it; whether it has ended."""
    if isinstance(plan, AgentMeshError):
        cancel_waits(tx, run.id)
        fail_run(tx, run, f"The workflow cannot be read any more: {plan}")
        return True
    give_up_gates(tx, plan, run)
    if end_run_if_over(tx, plan, run, Progress(plan, read_states(tx, run.id))) in (RunState.SUCCEEDED, RunState.FAILED):
        return True
    launched = [launch for launch in list_launches(tx, run.id) if launch.kind is not LaunchKind.JOINED]
    others = any(launch.is_live and launch.id != launch_id for launch in launched)
    if others or has_open_wait(tx, run.id) or has_untaken_wait(tx, run.id):
        return False
    if left is None and find_materialization(tx, run.id) is not None:
        left = _NO_VERSION
    if left is None:
        complete_run(tx, plan, run)
    else:
        fail_run(tx, run, left)
    return True
