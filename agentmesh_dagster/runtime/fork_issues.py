"""What is wrong with a fork, in the words of whoever asks for it: all of it at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from agentmesh_dagster.entities.json_values import JsonValue, write_path
from agentmesh_dagster.entities.models import ForkedFrom, StepStatus
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.graph import address
from agentmesh_dagster.graph.address import Address, Call
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.newest import find_unshared
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import Progress, Readiness, StepState
from agentmesh_dagster.runtime.given_outputs import Reason, list_reasons_against

_REPLACEABLE = (StepStatus.SUCCEEDED, StepStatus.FAILED, StepStatus.CANCELED)


@dataclass(frozen=True)
class Fork:
    """From where on a run is executed anew, and what is given instead of what it did before that."""

    run_id: str
    at: Address  # with fewer frames than its steps have: all of these
    outputs: Mapping[str, JsonValue]  # by node id
    by: str

    @property
    def origin(self) -> ForkedFrom:
        """How the new run says where it comes from."""
        return ForkedFrom(run_id=self.run_id, node_id=self.at.node_id, path=address.write_path(self.at.path))


@dataclass(frozen=True)
class ForkCheck:
    """A fork, held against what the run did and what the new one is to execute."""

    fork: Fork
    plan: Plan  # of the new run
    before: Plan  # of the run that it goes on from
    states: Mapping[Address, StepState]  # of that run's steps

    @cached_property
    def targets(self) -> list[Address]:
        """The steps from which on all is executed anew; of a sub-workflow in its place, its start."""
        steps = self._list_steps(self.fork.at) or ([self.fork.at] if self._keys else [])
        return list(dict.fromkeys(map(self._enter, steps)))

    @cached_property
    def _keys(self) -> list[str]:
        """The nodes in the plan from which on all is executed anew, the first one first."""
        return sorted(self.plan.list_covered(self.fork.at), key=self.plan.graph.index.__getitem__)

    def _enter(self, step: Address) -> Address:
        key = self.plan.scopes.find(step)
        start = self.plan.starts.get((*step.place, Call(step.node_id))) if key else None
        return step if start is None else self.plan.scopes.locate(start, step.items)

    @cached_property
    def given(self) -> dict[Address, JsonValue]:
        """The outputs that are given, by the steps of the run that had, or should have had, another one."""
        found = {self._find_step(node_id): output for node_id, output in self.fork.outputs.items()}
        return {step: output for step, output in found.items() if step is not None}

    def list_issues(self) -> Iterator[Issue]:
        """What is wrong with what is asked for."""
        at = self.fork.at
        if not self._is_known(at.node_id):
            yield Issue("unknown-node", self._describe_unknown(at.node_id), at.node_id, path="$.fromNodeId")
        elif not self.targets or (at.path and not self._list_steps(at)):
            yield Issue("unknown-step", self._describe_places(at), at.node_id, path="$.path")
        for node_id, output in self.fork.outputs.items():
            for code, message in self._list_reasons(node_id, output):
                yield _of_output(code, message, node_id)

    def list_issues_of(self, states: Mapping[Address, StepState]) -> Iterator[Issue]:
        """What is wrong with the steps that the new run has taken over."""
        at = self.fork.at
        progress = Progress(self.plan, states)
        if all(progress.read_readiness(step) is Readiness.SKIPPED for step in self.targets):
            message = f"{self._show(at.node_id)} was skipped, and would be again: fork from what leads elsewhere."
            yield Issue("never-reached", message, at.node_id, path="$.fromNodeId")
        for step in self.given:
            if gates := list(dict.fromkeys(self._list_gates_before(step, states))):
                message = (
                    f"{self._show(step.node_id)} stands behind {join_names(gates)}, where a person agrees to what "
                    "follows, and not to another output: fork from there, or give an output of what stands before it."
                )
                yield _of_output("behind-a-gate", message, step.node_id)

    def _list_gates_before(self, step: Address, states: Mapping[Address, StepState]) -> Iterator[str]:
        """The titles of the gates before a step that are not surely passed by: skipped, or in a round not played."""
        graph, progress = self.plan.graph, Progress(self.plan, states)
        asked: dict[str, list[Address]] = {}
        for other in states:
            asked.setdefault(self.plan.key_of(other), []).append(other)
        for gate in graph.in_bits(graph.ancestor_bits[self.plan.key_of(step)]):
            if self.plan.asks_somebody(gate):
                places = asked.get(gate) or [self.plan.scopes.locate(gate, step.items)]
                if not all(map(progress.is_passed_by, places)):
                    yield graph.nodes[gate].title

    def _list_reasons(self, node_id: str, output: JsonValue) -> Iterator[Reason]:
        """Why an output cannot be given."""
        if not self._is_known(node_id):
            yield "unknown-node", self._describe_unknown(node_id)
            return
        nodes = self.plan.graph.nodes
        if not self._keys:  # where to go on from is not known: that is said already
            node = next(node for node in nodes.values() if node.origin == node_id)
            yield from list_reasons_against(self.plan, node, output)
            return
        named = self._find_named(node_id)
        if not named:
            yield "not-before", f"{self._show(node_id)} does not stand before {self._show(self.fork.at.node_id)}."
            return
        yield from list_reasons_against(self.plan, nodes[named[0]], output)
        step = self._find_step(node_id)
        if step is None:
            yield "no-step", self._describe_missing(node_id)
        elif (status := self.states[step].status) is StepStatus.SKIPPED:
            yield "no-output", f"{self._show(node_id)} was skipped: what it would have given is asked for by nobody."
        elif status not in _REPLACEABLE:
            yield "no-output", f"{self._show(node_id)} is {status.value}: wait until it has ended."

    def _find_step(self, node_id: str) -> Address | None:
        """The step that `context.outputs.<node_id>` means where the run is forked; None: none, or one for each item."""
        named = [key for key in self._find_named(node_id) if find_unshared(self.plan, key, self._keys[0]) is None]
        found = [self.plan.scopes.locate(key, self.fork.at.items) for key in named]
        ended = [step for step in found if step in self.states]
        played = (step for step in ended if self.states[step].status is not StepStatus.SKIPPED)
        return next(played, ended[0] if ended else None)

    def _find_named(self, node_id: str) -> list[str]:
        """The nodes of that name before the one from which on all is executed anew, the nearest round first."""
        graph = self.plan.graph
        return [key for at in self._keys[:1] for key in self.plan.find_named(at, node_id) if graph.is_ancestor(key, at)]

    def _list_steps(self, at: Address) -> list[Address]:
        """The steps of the run that an address stands for; those inside of a call only if no others have that name."""
        found = [step for step in self.states if at.covers(step)]
        return [step for step in found if _list_calls(step) == _list_calls(at)] or found

    def _is_known(self, node_id: str) -> bool:
        return any(node.origin == node_id for node in self.plan.graph.nodes.values())

    def _show(self, node_id: str) -> str:
        nodes = self.plan.graph.nodes.values()
        return quote(next((node.title for node in nodes if node.origin == node_id), node_id))

    def _describe_unknown(self, node_id: str) -> str:
        if any(node.origin == node_id for node in self.before.graph.nodes.values()):
            revision = self.plan.workflow.revision
            return f"{quote(node_id)} is not in revision {revision} any more: fork at the run's own revision."
        known = dict.fromkeys(node.origin for node in self.plan.graph.nodes.values())
        return with_hint(f"There is no node {quote(node_id)}", node_id, known)

    def _describe_places(self, at: Address) -> str:
        places = [address.write_path(step.path) for step in self._list_steps(Address(at.node_id)) if step.path]
        known = f"it has {join_names(places)}" if places else "leave `path` out"
        return f"{self._show(at.node_id)} has no step {quote(address.write_path(at.path))}: {known}."

    def _describe_missing(self, node_id: str) -> str:
        if any(find_unshared(self.plan, key, self._keys[0]) for key in self._find_named(node_id)):
            at = self._show(self.fork.at.node_id)
            return (
                f"{self._show(node_id)} has a step for each item, and {at} stands behind them all: none is given alone."
            )
        if self._list_steps(Address(node_id)):
            return f"{self._show(node_id)} has a step for each item: say by `path` from which item on."
        return f"{self._show(node_id)} has not run: there is no output to give another one for."


def _list_calls(step: Address) -> list[Call]:
    return [frame for frame in step.path if isinstance(frame, Call)]


def _of_output(code: str, message: str, node_id: str) -> Issue:
    return Issue(code, message, node_id, path=write_path(["outputs", node_id]))
