"""Forks: a new run that goes on from a step of another run, with what stands before it as it was, or as it is given."""

from collections.abc import Sequence

from agentmesh_dagster.errors import InvalidValue
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.differences import list_changed
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.fork_issues import Fork, ForkCheck
from agentmesh_dagster.runtime.takeover import Takeover, is_same_input, take_over_steps
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.launches import LaunchKind, insert_launch
from agentmesh_dagster.store.runs import NewRun, get_run, insert_run, lock_run
from agentmesh_dagster.store.steps import read_states


class ForkRefused(InvalidValue):
    """The run cannot be forked so, and no run was started."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__(" ".join(issue.message for issue in self.issues))


def register_fork(
    tx: Connection,
    plan: Plan,
    before: Plan,
    fork: Fork,
    run: NewRun,
    *,
    instance_id: str,
    issues: Sequence[Issue] = (),
) -> None:
    """Writes down a run that goes on from a step of another one, its launch, and what it takes over.

    `before` is the plan of the other run. What that one did is taken over but for the step and all behind it, what has
    not ended, what `plan` has otherwise, and answers that do not hold. With another input nothing is: whatever stands
    behind start may look at it. `issues` are those that were found before.

    Raises RunNotFound; ForkRefused with all that is wrong, and then the transaction must not be committed.
    """
    head = lock_run(tx, fork.run_id)
    states = read_states(tx, fork.run_id)
    check = ForkCheck(fork, plan, before, states)
    _raise_for_issues([*issues, *check.list_issues()])
    insert_run(tx, run)
    insert_launch(tx, run.id, run.id, LaunchKind.FIRST, plan.revision, instance_id=instance_id, is_submitted=False)
    redone = {*check.targets, *list_changed(before, plan, states)}
    if not is_same_input(get_run(tx, fork.run_id).input, run.input):
        redone = {Address(plan.start.node.id)}
    take_over_steps(tx, plan, Takeover(head, run.id, redone, check.given, fork.by))
    _raise_for_issues(list(check.list_issues_of(read_states(tx, run.id))))


def _raise_for_issues(issues: Sequence[Issue]) -> None:
    if issues:
        raise ForkRefused(issues)
