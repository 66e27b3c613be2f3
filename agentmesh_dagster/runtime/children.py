"""Children: their runs begin, and what a step makes of the end of the run that it waited for.

Each transaction here locks the parent's run alone. Only one that begins a child may lock more, and before it: the limit
of the child's workflow, and the runs that make room for the child (`cancelOldest`).
"""

from agentmesh_dagster.crash_points import CrashPoint, crash_point
from agentmesh_dagster.entities.models import EventType, Run, RunStatus, StepStatus
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.graph.address import describe_address
from agentmesh_dagster.graph.budgets import list_run_budgets
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.child_turns import grant_turns
from agentmesh_dagster.runtime.endings import end_wait
from agentmesh_dagster.runtime.places import Place, take_place
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.spending import add_run_budgets
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.budgets import list_budget_keys
from agentmesh_dagster.store.children import Child, ChildState, find_child, set_child_state
from agentmesh_dagster.store.events import Event, record_events
from agentmesh_dagster.store.launches import LaunchKind, insert_launch
from agentmesh_dagster.store.runs import NewRun, RunHead, get_run, get_run_head, insert_run, lock_run
from agentmesh_dagster.store.steps import StepEnd, read_waiting_step
from agentmesh_dagster.store.waits import Wait, WaitState, close_wait, find_wait


class _NotAwaited(Exception):
    """Nobody waits for this child any more."""


def begin_child(services: Services, child: Child, job_name: str, instance_id: str, *, has_run: bool) -> Place | None:
    """Writes down that a child is started; with its run, unless that is there: a retry goes on with it.

    None: somebody else was faster, or nobody waits for it any more. Raises RunLimitReached.
    """
    try:
        place = _begin(services, child, job_name, instance_id, has_run=has_run)
    except _NotAwaited:
        return None
    crash_point(CrashPoint.CHILD_STORED)
    return place


def _begin(services: Services, child: Child, job_name: str, instance_id: str, *, has_run: bool) -> Place:
    with services.store.begin() as tx:
        if not _is_awaited(tx, child, ChildState.DUE):
            raise _NotAwaited
        place = Place() if has_run else take_place(tx, child.workflow_id, child.child_run_id, instance_id)
        run = lock_run(tx, child.run_id)
        if run.status.is_end or not _is_awaited(tx, child, ChildState.DUE):
            raise _NotAwaited  # so that nobody has lost a place for it
        plan = load_pinned_plan(services.store, run.workflow_id, run.revision)
        if not has_run:
            workflow = plan.workflows[child.workflow_id]
            new = NewRun(
                id=child.child_run_id,
                workflow_id=workflow.id,
                project_id=workflow.project_id,
                job_name=job_name,
                revision=run.revision,
                input=child.input,
                launched_by=f"run: {run.id}",
                parent_run_id=run.id,
                parent_step_id=child.step_id,
                budget_keys=_list_budgets(tx, plan, run, child),
                is_queued=place.is_queued,
            )
            if insert_run(tx, new):
                insert_launch(
                    tx,
                    new.id,
                    new.id,
                    LaunchKind.FIRST,
                    new.revision,
                    instance_id=instance_id,
                    is_submitted=False,
                )
        set_child_state(tx, [child.step_id], ChildState.STARTED)
        about = {"childRunId": child.child_run_id, "workflowId": child.workflow_id}
        address = read_waiting_step(tx, child.step_id).address
        started = Event(EventType.STEP_CHILD_STARTED, describe_address(address) | about, child.step_id)
        record_events(tx, project_id=run.project_id, run_id=run.id, recorded=[started])
    return place


def _list_budgets(tx: Connection, plan: Plan, run: RunHead, child: Child) -> list[str]:
    """What the model calls of the child's run count toward: what those of the step that waits for it would."""
    address = read_waiting_step(tx, child.step_id).address
    return [*list_budget_keys(tx, run.id), *add_run_budgets(tx, run.id, list_run_budgets(plan, address))]


def refuse_child(services: Services, child: Child, reason: str) -> None:
    """The run that a step waits for cannot be started: the step fails."""
    with services.store.read() as connection:
        head = get_run_head(connection, child.run_id)
    plan = load_pinned_plan(services.store, head.workflow_id, head.revision)
    with services.store.begin() as tx:
        run = lock_run(tx, child.run_id)
        if _is_awaited(tx, child, ChildState.DUE):
            _fail(tx, plan, run, child.step_id, WaitState.CLOSED, "no place", reason)


def end_child(services: Services, child: Child) -> bool:
    """The run that a step waited for has ended, and so does the step; False when somebody else was faster."""
    with services.store.read() as connection:
        head = get_run_head(connection, child.run_id)
    plan = load_pinned_plan(services.store, head.workflow_id, head.revision)
    with services.store.begin() as tx:
        run = lock_run(tx, child.run_id)
        ended = get_run(tx, child.child_run_id)
        if not ended.status.is_end or not _is_awaited(tx, child, ChildState.STARTED):
            return False
        close_wait(tx, child.step_id, WaitState.CLOSED, by=f"run: {child.child_run_id}")
        address = read_waiting_step(tx, child.step_id).address
        end_wait(tx, plan, run, address, _describe_end(plan, child, ended))
        grant_turns(tx, plan, run, address)
    crash_point(CrashPoint.CHILD_ENDED)
    return True


def expire_child(services: Services, wait: Wait) -> bool:
    """The node's timeoutSeconds are over: the step fails, and the child is left to be canceled."""
    with services.store.read() as connection:
        head = get_run_head(connection, wait.run_id)
    plan = load_pinned_plan(services.store, head.workflow_id, head.revision)
    with services.store.begin() as tx:
        run = lock_run(tx, wait.run_id)
        reason = "Its run took longer than this node's timeoutSeconds, and is canceled."
        return _fail(tx, plan, run, wait.step_id, WaitState.EXPIRED, "clock", reason)


def _fail(tx: Connection, plan: Plan, run: RunHead, step_id: str, state: WaitState, by: str, reason: str) -> bool:
    if not close_wait(tx, step_id, state, by=by):
        return False
    address = read_waiting_step(tx, step_id).address
    code = FaultCode.TIMEOUT if state is WaitState.EXPIRED else FaultCode.CHILD_FAILED
    end_wait(tx, plan, run, address, StepEnd(StepStatus.FAILED, error=reason, code=code))
    grant_turns(tx, plan, run, address)
    return True


def _is_awaited(tx: Connection, child: Child, state: ChildState) -> bool:
    """Whether the step still waits for this very run, and it stands so."""
    wait, found = find_wait(tx, child.step_id), find_child(tx, child.step_id)
    is_open = wait is not None and wait.state is WaitState.OPEN
    return is_open and found is not None and (found.child_run_id, found.state) == (child.child_run_id, state)


def _describe_end(plan: Plan, child: Child, ended: Run) -> StepEnd:
    if ended.status is RunStatus.SUCCEEDED:
        return StepEnd(StepStatus.SUCCEEDED, ended.output)
    workflow = plan.workflows.get(child.workflow_id)
    name = workflow.name if workflow else child.workflow_id
    what = "was canceled" if ended.status is RunStatus.CANCELED else "failed"
    reason = f"The run `{ended.id}` of `{name}` {what}: {ended.error or 'no reason'}"
    return StepEnd(StepStatus.FAILED, error=reason, code=FaultCode.CHILD_FAILED)
