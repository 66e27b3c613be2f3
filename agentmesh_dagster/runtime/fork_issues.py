"""What is wrong with a fork, in the words of whoever asks for it: all of it at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from agentmesh_dagster.entities.json_values import JsonValue, write_path
from agentmesh_dagster.entities.models import ForkedFrom, StepStatus
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.graph import address
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import Progress, Readiness, StepState
from agentmesh_dagster.runtime.given_outputs import Reason, list_reasons_against
from agentmesh_dagster.runtime.takeover import Redone
from agentmesh_dagster.specs.nodes.human_approval import GateConfig

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
    def given(self) -> dict[Address, JsonValue]:
        """The outputs that are given, by the steps of the run that had, or should have had, another one."""
        found = {self._find_step(node_id): output for node_id, output in self.fork.outputs.items()}
        return {step: output for step, output in found.items() if step is not None}

    def list_issues(self) -> Iterator[Issue]:
        """What is wrong with what is asked for."""
        at = self.fork.at
        if at.node_id not in self.plan.graph.nodes:
            yield Issue("unknown-node", self._describe_unknown(at.node_id), at.node_id, path="$.fromNodeId")
        elif at.path and not self._list_steps(at):
            yield Issue("unknown-step", self._describe_places(at), at.node_id, path="$.path")
        for node_id, output in self.fork.outputs.items():
            for code, message in self._list_reasons(node_id, output):
                yield _of_output(code, message, node_id)

    def list_issues_of(self, states: Mapping[Address, StepState]) -> Iterator[Issue]:
        """What is wrong with the steps that the new run has taken over."""
        at, graph = self.fork.at, self.plan.graph
        progress = Progress(self.plan, states)
        if all(progress.read_readiness(step) is Readiness.SKIPPED for step in self._list_steps(at) or [at]):
            message = f"{graph.show(at.node_id)} was skipped, and would be again: fork from what leads elsewhere."
            yield Issue("never-reached", message, at.node_id, path="$.fromNodeId")
        for node_id in dict.fromkeys(step.node_id for step in self.given):
            if gates := [graph.nodes[gate].title for gate in self._list_gates_before(node_id, states)]:
                message = (
                    f"{graph.show(node_id)} stands behind {join_names(gates)}, where a person agrees to what follows, "
                    "and not to another output: fork from there, or give an output of what stands before it."
                )
                yield _of_output("behind-a-gate", message, node_id)

    def _list_gates_before(self, node_id: str, states: Mapping[Address, StepState]) -> Iterator[str]:
        """The gates before a node, but for those that were skipped."""
        graph = self.plan.graph
        for gate in graph.in_bits(graph.ancestor_bits[node_id]):
            if isinstance(graph.nodes[gate].config, GateConfig):
                found = [state.status for step, state in states.items() if step.node_id == gate]
                if not found or any(status is not StepStatus.SKIPPED for status in found):
                    yield gate

    def _list_reasons(self, node_id: str, output: JsonValue) -> Iterator[Reason]:
        """Why an output cannot be given."""
        graph, at = self.plan.graph, self.fork.at
        if node_id not in graph.nodes:
            yield "unknown-node", self._describe_unknown(node_id)
            return
        if at.node_id in graph.nodes and not graph.is_ancestor(node_id, at.node_id):
            yield "not-before", f"{graph.show(node_id)} does not stand before {graph.show(at.node_id)}."
            return
        yield from list_reasons_against(self.plan, graph.nodes[node_id], output)
        if at.node_id not in graph.nodes:
            return  # that is said already
        step = self._find_step(node_id)
        if step is None:
            yield "no-step", self._describe_missing(node_id)
        elif (status := self.states[step].status) is StepStatus.SKIPPED:
            yield "no-output", f"{graph.show(node_id)} was skipped: what it would have given is asked for by nobody."
        elif status not in _REPLACEABLE:
            yield "no-output", f"{graph.show(node_id)} is {status.value}: wait until it has ended."

    def _find_step(self, node_id: str) -> Address | None:
        """The last step of a node before that from which the run is forked; None: none, or one for each item."""
        index, at = self.plan.graph.index, self.fork.at
        if node_id not in index or at.node_id not in index:
            return None
        found = [step for step in self._list_steps(Address(node_id)) if at in Redone(self.plan, [step])]
        return max(found, key=lambda step: index[step.node_id], default=None)

    def _list_steps(self, at: Address) -> list[Address]:
        """The steps of the run that an address stands for."""
        return [step for step in self.states if at.covers(step)]

    def _describe_unknown(self, node_id: str) -> str:
        if node_id in self.before.graph.nodes:
            revision = self.plan.workflow.revision
            return f"{quote(node_id)} is not in revision {revision} any more: fork at the run's own revision."
        return with_hint(f"There is no node {quote(node_id)}", node_id, self.plan.graph.nodes)

    def _describe_places(self, at: Address) -> str:
        places = [address.write_path(step.path) for step in self._list_steps(Address(at.node_id)) if step.path]
        known = f"it has {join_names(places)}" if places else "leave `path` out"
        return f"{self.plan.graph.show(at.node_id)} has no step {quote(address.write_path(at.path))}: {known}."

    def _describe_missing(self, node_id: str) -> str:
        if self._list_steps(Address(node_id)):
            return f"{self.plan.graph.show(node_id)} has a step for each item: say by `path` from which item on."
        return f"{self.plan.graph.show(node_id)} has not run: there is no output to give another one for."


def _of_output(code: str, message: str, node_id: str) -> Issue:
    return Issue(code, message, node_id, path=write_path(["outputs", node_id]))
