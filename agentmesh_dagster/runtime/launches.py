"""Launches: one Dagster run taken up by a worker, and the run that it belongs to."""

from dataclasses import dataclass

from agentmesh_dagster.entities.json_schema import fit_input
from agentmesh_dagster.entities.json_values import JsonValue, check_json
from agentmesh_dagster.entities.models import EventType, Kind, RunStatus, StepStatus
from agentmesh_dagster.errors import Conflict
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import StepKey
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.catalogue import has_changed
from agentmesh_dagster.store.events import Event, record_events
from agentmesh_dagster.store.launches import Launch, LaunchKind, find_launch, insert_launch, renew_launch
from agentmesh_dagster.store.runs import NewRun, insert_run, lock_run, mark_run_started
from agentmesh_dagster.store.steps import inherit_steps, read_states
from agentmesh_dagster.store.triggers import take_delivery


class RunHasEnded(Conflict):
    """The run has ended, so this launch does nothing."""


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
    selected: frozenset[StepKey] | None = None  # without an item: all items; None: all steps
    is_from_failure: bool = False  # a re-execution of what Dagster saw fail, or never saw end
    launched_by: str | None = None
    delivery_id: str | None = None  # of what a trigger starts it for


def register_launch(tx: Connection, plan: Plan, facts: LaunchFacts, *, is_submitted: bool = True) -> Launch:
    """Writes down a launch that is new to the store, and its run if that is new too.

    `is_submitted` is False for one that is yet to be created in Dagster.

    A re-execution from failure, or of steps that have not succeeded, continues its run. One that asks for finished
    steps again, or for everything, is a new run, which takes over what it does not run again.

    Raises DeliveredAlready: what a trigger was given becomes one run, however often Dagster is asked for it.
    """
    parent = find_launch(tx, facts.parent_id) if facts.parent_id else None
    if parent and _continues_run(tx, plan, parent, facts):
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
    if facts.delivery_id and not parent and not take_delivery(tx, facts.delivery_id, facts.launch_id):
        raise DeliveredAlready(f"`{facts.launch_id}` was asked for once more")
    workflow = plan.workflow
    new = NewRun(
        id=facts.launch_id,
        workflow_id=workflow.id,
        project_id=workflow.project_id,
        job_name=facts.job_name,
        revision=plan.revision,
        input=check_json(fit_input(workflow.input_schema, facts.input)),
        launched_by=facts.launched_by,
    )
    if not insert_run(tx, new) and (written := find_launch(tx, facts.launch_id)):
        return written  # the sensor and the worker found it at the same moment
    launch = insert_launch(
        tx,
        facts.launch_id,
        facts.launch_id,
        LaunchKind.FIRST,
        plan.revision,
        instance_id=facts.instance_id,
        is_submitted=is_submitted,
    )
    if parent and facts.selected is not None:
        ended = read_states(tx, parent.run_id)
        untouched = [key for key in ended if key.node_id in plan.graph.index and not _is_touched(plan, facts, key)]
        inherit_steps(tx, parent.run_id, facts.launch_id, untouched)
    return launch


def _continues_run(tx: Connection, plan: Plan, parent: Launch, facts: LaunchFacts) -> bool:
    if has_changed(tx, _list_parts(plan), parent.revision, plan.revision):
        return False  # a run never changes what it runs; Dagster's UI re-executes what it has loaded last
    # From failure, Dagster also asks for the steps whose end its worker did not live to report.
    if facts.is_from_failure or facts.selected is None:
        return facts.is_from_failure
    states = read_states(tx, parent.run_id, {key.node_id for key in facts.selected})
    succeeded = [key for key, state in states.items() if state.status is StepStatus.SUCCEEDED]
    return not any(_covers(selected, key) for selected in facts.selected for key in succeeded)


def _list_parts(plan: Plan) -> list[tuple[Kind, str]]:
    """What the plan was made from."""
    agents = [(Kind.AGENT, identity) for identity in plan.agents]
    tools = [(Kind.TOOL, identity) for identity in plan.tools]
    return [(Kind.WORKFLOW, plan.workflow.id), *agents, *tools]


def _covers(selected: StepKey, key: StepKey) -> bool:
    return selected.node_id == key.node_id and selected.item in (None, key.item)


def _is_touched(plan: Plan, facts: LaunchFacts, key: StepKey) -> bool:
    """Whether a step is run again, or stands behind one that is."""
    return any(
        _covers(selected, key)
        or (
            plan.graph.is_ancestor(selected.node_id, key.node_id)
            and (None in (selected.item, key.item) or selected.item == key.item)
        )
        for selected in facts.selected or ()
    )


def take_up_launch(services: Services, plan: Plan, facts: LaunchFacts) -> str:
    """A worker starts on the launch: its run is running from now on; returns the run's id.

    Safe to call again. RunHasEnded when the run was canceled, or given up, before the worker came.
    """
    with services.store.begin() as tx:
        launch = find_launch(tx, facts.launch_id) or register_launch(tx, plan, facts)
        run = lock_run(tx, launch.run_id)
        if launch.lease_expires_at is not None:
            return run.id  # taken up already, by the executor or by an earlier op
        if run.status.is_end and launch.kind is not LaunchKind.REEXECUTION:
            raise RunHasEnded(f"`{run.id}` is {run.status.value}")
        renew_launch(tx, launch.id, services.settings.lease_seconds)
        if run.status not in (RunStatus.RUNNING, RunStatus.SUCCEEDED):  # a success is never left again
            mark_run_started(tx, run.id)
            started = Event(EventType.RUN_STARTED, {"launchId": launch.id, "revision": plan.revision})
            record_events(tx, project_id=run.project_id, run_id=run.id, recorded=[started])
    return run.id
