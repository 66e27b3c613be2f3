"""Launches: one Dagster run taken up by a worker, and the run that it belongs to."""

from dataclasses import dataclass, replace

from agentmesh_dagster.entities.json_schema import fit_input
from agentmesh_dagster.entities.json_values import JsonValue, check_json
from agentmesh_dagster.entities.models import EventType, RunStatus
from agentmesh_dagster.errors import Conflict
from agentmesh_dagster.graph.address import Address, describe_address
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.places import Place, RunIsQueued, RunLimitReached, take_free_place, take_place
from agentmesh_dagster.runtime.reopening import reopen
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.takeover import Takeover, is_same_input, list_parts, take_over_steps
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.catalogue import has_changed
from agentmesh_dagster.store.events import Event, record_events
from agentmesh_dagster.store.gates import StoredGate, list_taken_over
from agentmesh_dagster.store.inheritance import EditedStep, list_edited
from agentmesh_dagster.store.launches import Launch, LaunchKind, find_launch, insert_launch, list_launches, renew_launch
from agentmesh_dagster.store.materializations import AssetLaunch, find_materialization, insert_materialization
from agentmesh_dagster.store.run_limits import is_queued, lock_run_limit
from agentmesh_dagster.store.runs import (
    NewRun,
    RunHead,
    find_asking_run,
    get_run,
    get_run_head,
    insert_run,
    lock_run,
    mark_run_started,
)
from agentmesh_dagster.store.steps import read_states
from agentmesh_dagster.store.triggers import DeliveryState, close_delivery, take_delivery


class RunHasEnded(Conflict):
    """The run has ended, so this launch does nothing."""


class ForeignLaunch(Conflict):
    """The launch belongs to a run of another workflow, so it does nothing."""


class RunIsJoined(Conflict):
    """A person is asked for the same partition already, so this launch ends as that run does."""


class DeliveredAlready(Conflict):
    """Another run was started for this event, so this launch does nothing."""


@dataclass(frozen=True)
class LaunchFacts:
    """What Dagster knows of one of its runs."""

    launch_id: str  # the Dagster run's id
    instance_id: str  # of the Dagster instance that keeps it
    job_name: str
    input: JsonValue
    parent_id: str | None = None  # the Dagster run that it re-executes
    selected: frozenset[Address] | None = None  # without an item: all items; None: all steps
    is_from_failure: bool = False  # a re-execution of what Dagster saw fail, or never saw end
    launched_by: str | None = None
    delivery_id: str | None = None  # of what a trigger starts it for
    asset: AssetLaunch | None = None  # what it is to make a version of
    derives_input: bool = False  # it was given no input: that follows from `asset`
    asks_again: bool = False  # also where a person is asked for the same already

    def asks_for(self, step: Address) -> bool:
        """Whether the step is one of the selected ones."""
        return any(chosen.covers(step) for chosen in self.selected or ())


def register_launch(
    tx: Connection, plan: Plan, facts: LaunchFacts, *, place: Place | None = None, is_submitted: bool = True
) -> Launch:
    """Writes down a launch that is new to the store, and its run if that is new too.

    `is_submitted` is False for one that is yet to be created in Dagster; `place` is what the caller has taken for a
    new run, if it has. The caller holds no run's lock.

    A re-execution from failure, or of steps that have not succeeded, continues its run. One that asks for finished
    steps again, or for everything, is a new run, which takes over what it does not run again.

    Raises DeliveredAlready: what a trigger was given becomes one run, however often Dagster is asked for it.
    Raises RunLimitReached.
    """
    parent = _find_parent(tx, plan, facts)
    facts = _keep_what_it_is_made_from(tx, facts, parent)
    fitted = fit_input(plan.workflow.input_schema, facts.input)
    has_same_input = parent is not None and is_same_input(get_run(tx, parent.run_id).input, fitted)
    if parent and has_same_input and _continues_run(tx, plan, parent, facts):
        lock_run(tx, parent.run_id)
        return find_launch(tx, facts.launch_id) or insert_launch(
            tx,
            facts.launch_id,
            parent.run_id,
            LaunchKind.REEXECUTION,
            plan.revision,
            instance_id=facts.instance_id,
            is_submitted=is_submitted,
        )
    if not parent and (asking := find_asking(tx, plan, facts)):
        lock_run(tx, asking)
        return find_launch(tx, facts.launch_id) or insert_launch(
            tx,
            facts.launch_id,
            asking,
            LaunchKind.JOINED,
            plan.revision,
            instance_id=facts.instance_id,
            is_submitted=is_submitted,
        )
    # Some steps only cannot be asked for later: what waits for a place begins with all that it has.
    place = place or take_place(
        tx, plan.workflow.id, facts.launch_id, facts.instance_id, may_wait=facts.selected is None
    )
    if written := find_launch(tx, facts.launch_id):
        return written  # while this one waited for the lock of the limit
    if facts.delivery_id and not parent and not take_delivery(tx, facts.delivery_id, facts.launch_id):
        raise DeliveredAlready(f"`{facts.launch_id}` was asked for once more")
    workflow = plan.workflow
    new = NewRun(
        id=facts.launch_id,
        workflow_id=workflow.id,
        project_id=workflow.project_id,
        job_name=facts.job_name,
        revision=plan.revision,
        input=check_json(fitted),
        launched_by=facts.launched_by,
        is_queued=place.is_queued,
        begins_at=place.begins_at,
    )
    if not insert_run(tx, new) and (written := find_launch(tx, facts.launch_id)):
        return written  # the sensor and the worker found it at the same moment
    if facts.asset is not None:
        insert_materialization(tx, facts.launch_id, facts.asset)
    launch = insert_launch(
        tx,
        facts.launch_id,
        facts.launch_id,
        LaunchKind.FIRST,
        plan.revision,
        instance_id=facts.instance_id,
        is_submitted=is_submitted,
    )
    if parent and has_same_input and facts.selected is not None:
        take_over_steps(tx, plan, Takeover(get_run_head(tx, parent.run_id), facts.launch_id, facts.selected))
    return launch


def find_asking(tx: Connection, plan: Plan, facts: LaunchFacts) -> str | None:
    """The run that waits for a person and makes what this launch, given no input, is to make; None: there is none."""
    if facts.asset is None or facts.asks_again or not facts.derives_input:
        return None
    run_id = find_asking_run(tx, plan.workflow.id, facts.asset.key, facts.asset.partition)
    is_ours = run_id is not None and list_launches(tx, run_id)[0].instance_id == facts.instance_id
    return run_id if is_ours else None


def _find_parent(tx: Connection, plan: Plan, facts: LaunchFacts) -> Launch | None:
    """The launch that is re-executed: of this workflow and this Dagster. What Dagster is told may name any other."""
    parent = find_launch(tx, facts.parent_id) if facts.parent_id else None
    if parent is None or parent.instance_id != facts.instance_id:
        return None
    return parent if get_run_head(tx, parent.run_id).workflow_id == plan.workflow.id else None


def _keep_what_it_is_made_from(tx: Connection, facts: LaunchFacts, parent: Launch | None) -> LaunchFacts:
    """Whatever keeps steps of an asset's run has the input of that run: newer versions are for those that begin."""
    if parent is None or not facts.derives_input or (facts.selected is None and not facts.is_from_failure):
        return facts
    before = find_materialization(tx, parent.run_id)
    if before is None or facts.asset is None or before.asked.partition != facts.asset.partition:
        return facts
    asked = replace(before.asked, backfill_id=facts.asset.backfill_id, facade_id=None)
    return replace(facts, asset=asked, input=get_run(tx, parent.run_id).input)


def _continues_run(tx: Connection, plan: Plan, parent: Launch, facts: LaunchFacts) -> bool:
    if has_changed(tx, list_parts(plan), parent.revision, plan.revision):
        return False  # a run never changes what it runs; Dagster's UI re-executes what it has loaded last
    # From failure, Dagster also asks for the steps whose end its worker did not live to report.
    if facts.is_from_failure or facts.selected is None:
        return facts.is_from_failure
    states = read_states(tx, parent.run_id, {chosen.node_id for chosen in facts.selected})
    succeeded = [step for step, state in states.items() if state.goes_on]
    return not any(facts.asks_for(step) for step in succeeded)


def start_launch(services: Services, plan: Plan, facts: LaunchFacts) -> str:
    """A worker starts on the launch: its run is running from now on; returns the run's id.

    Safe to call again. RunHasEnded when the run was canceled, or given up, before the worker came; ForeignLaunch;
    RunLimitReached; RunIsQueued: there is no place for it yet; RunIsJoined: another run does its work.
    """
    try:
        return _start_launch(services, plan, facts)
    except RunLimitReached as full:
        if facts.delivery_id:
            with services.store.begin() as tx:
                close_delivery(tx, facts.delivery_id, DeliveryState.SKIPPED, str(full))
        raise


def _start_launch(services: Services, plan: Plan, facts: LaunchFacts) -> str:
    with services.store.begin() as tx:
        launch = find_launch(tx, facts.launch_id)
        if launch is None or launch.lease_expires_at is None:
            lock_run_limit(tx, plan.workflow.id)  # before any run, as whoever gives places does
        launch = launch or register_launch(tx, plan, facts)
        is_joined = launch.kind is LaunchKind.JOINED
        if launch.lease_expires_at is None and not is_joined:
            _take_place(tx, launch)
        run = lock_run(tx, launch.run_id)
        if run.workflow_id != plan.workflow.id:
            raise ForeignLaunch(
                f"`{launch.id}` is of the workflow `{run.workflow_id}`, this job of `{plan.workflow.id}`"
            )
        if launch.lease_expires_at is not None:
            return run.id  # taken up already, by the executor or by an earlier op
        if run.status.is_end and launch.kind not in (LaunchKind.REEXECUTION, LaunchKind.JOINED):
            raise RunHasEnded(f"`{run.id}` is {run.status.value}")
        if not (has_no_place := is_queued(tx, run.id)) and not is_joined:
            _begin(tx, services, plan, facts, launch, run)
    if is_joined:
        raise RunIsJoined(f"`{run.id}`")
    if has_no_place:
        raise RunIsQueued(f"`{run.id}`")
    return run.id


def _take_place(tx: Connection, launch: Launch) -> None:
    """A run whose first launch begins, or that had ended and is re-executed, needs a place."""
    run = get_run_head(tx, launch.run_id)
    if run.status is RunStatus.PENDING:
        take_free_place(tx, run.workflow_id, run.id)
    elif run.status.is_end and run.status is not RunStatus.SUCCEEDED and launch.kind is LaunchKind.REEXECUTION:
        take_place(tx, run.workflow_id, run.id, launch.instance_id, may_wait=False)


def _begin(tx: Connection, services: Services, plan: Plan, facts: LaunchFacts, launch: Launch, run: RunHead) -> None:
    renew_launch(tx, launch.id, services.settings.lease_seconds)
    if launch.kind is LaunchKind.REEXECUTION and run.status is not RunStatus.SUCCEEDED:
        # From now on they are neither failed nor over: a step that ends before they begin must not end the run.
        reopen(tx, plan, run.id, launch.id, facts.selected)
    if run.status not in (RunStatus.RUNNING, RunStatus.SUCCEEDED):  # a success is never left again
        mark_run_started(tx, run.id)
        started = describe_start(launch)
        taken = _list_taken(tx, run.id) if launch.position == 0 else []
        record_events(tx, project_id=run.project_id, run_id=run.id, recorded=[started, *taken])


def describe_start(launch: Launch) -> Event:
    """That a run has started with this launch; of a retry also who asked for it."""
    about: dict[str, JsonValue] = {"launchId": launch.id, "revision": launch.revision}
    if launch.retried_by is not None:
        about["retriedBy"] = launch.retried_by
    return Event(EventType.RUN_STARTED, about)


def _list_taken(tx: Connection, run_id: str) -> list[Event]:
    """What a run has from another one, or from whoever forked it, that somebody answers for."""
    edited = [_describe_edited(step) for step in list_edited(tx, run_id)]
    return [*edited, *(_describe_taken(gate) for gate in list_taken_over(tx, run_id))]


def _describe_edited(step: EditedStep) -> Event:
    given: dict[str, JsonValue] = {"fromRunId": step.from_run_id, "output": step.output, "by": step.by}
    return Event(EventType.STEP_EDITED, describe_address(step.address) | given, step.id)


def _describe_taken(gate: StoredGate) -> Event:
    about = describe_address(gate.address) | {"fromRunId": gate.taken_over_from}
    answered = about | {"output": gate.answer, "by": gate.answered_by, "via": gate.answered_via}
    return Event(EventType.GATE_TAKEN_OVER, answered, gate.step_id)
