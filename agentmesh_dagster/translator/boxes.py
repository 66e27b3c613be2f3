"""Boxes: the rounds of loops and the sub-workflows of a plan, as nested graphs of Dagster's."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from weakref import WeakValueDictionary

import dagster as dg

from agentmesh_dagster.graph.address import Frame, Round
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.graph.plan import PlannedOp, Port, Wiring, list_boxes
from agentmesh_dagster.translator.dagster_internals import DynamicCollectDependencyDefinition
from agentmesh_dagster.translator.ops import EACH_TAG, PARENTS, build_retry_policy, input_names

Dependency = dg.DependencyDefinition | dg.MultiDependencyDefinition | DynamicCollectDependencyDefinition
NodeDefinition = dg.OpDefinition | dg.GraphDefinition


@dataclass(frozen=True)
class Wired:
    """What stands in one box, or outside of every box."""

    definitions: list[NodeDefinition]
    dependencies: dict[dg.NodeInvocation, Mapping[str, Dependency]]


def wire_ops(ops: Sequence[PlannedOp], define: Callable[[PlannedOp], dg.OpDefinition]) -> Wired:
    """The nodes of a job and what each stands behind, its boxes as nested graphs; step key = `PlannedOp.name`."""
    boxes: dict[tuple[str, ...], _Box] = {(): _Box((), "")}
    for op in ops:
        for depth, (owner, frame) in enumerate(list_boxes(op.node)):
            inner, outer = op.boxes[: depth + 1], op.boxes[:depth]
            if inner not in boxes:
                boxes[inner] = boxes[outer].children[inner[-1]] = _Box(inner, _describe(owner, frame))
        boxes[op.boxes].ops.append(op)
    by_name = {op.name: op for op in ops}
    for op in ops:
        for port in op.inputs:
            _carry(boxes, by_name[port.source], op, port)
    return boxes[()].wire(define)


def _describe(owner: str, frame: Frame) -> str:
    """What a box stands for, as Dagster shows it; the same for all rounds, which share a graph: names say which."""
    if isinstance(frame, Round):
        return f"A round of the loop that begins at the node `{owner}`."
    return f"The workflow that the node `{owner}` runs, as a part of this one."


@dataclass(eq=False)
class _Box:
    """A nested graph that is being built; what crosses its border goes in by its inputs and out by its outputs."""

    place: tuple[str, ...]
    about: str
    ops: list[PlannedOp] = field(default_factory=list[PlannedOp])
    children: dict[str, "_Box"] = field(default_factory=dict[str, "_Box"])
    sources: dict[tuple[str, str], list["_Source"]] = field(default_factory=dict[tuple[str, str], list["_Source"]])
    inputs: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])  # name → node and its input
    outputs: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])  # node and output → name

    def export(self, node: str, output: str) -> str:
        """The output of the box by which that of a node in it goes out."""
        known = (node, output)
        if known not in self.outputs:
            self.outputs[known] = safe_name(f"{node}_{output}", set(self.outputs.values()))
        return self.outputs[known]

    def wire(self, define: Callable[[PlannedOp], dg.OpDefinition]) -> Wired:
        definitions: dict[str, NodeDefinition] = {}
        dependencies: dict[dg.NodeInvocation, Mapping[str, Dependency]] = {}
        ops = {op.alias: op for op in self.ops}
        behind: dict[str, dict[str, Dependency]] = {name: {} for name in (*ops, *self.children)}
        for (target, name), sources in self.sources.items():
            behind[target][name] = _merge(sources)
        for name in self._sort(behind):
            op = ops.get(name)
            definition = self.children[name].define(define) if op is None else define(op)
            definitions[definition.name] = definition
            # The alias is what people see, and the step key.
            policy = None if op is None else build_retry_policy(op)
            tags = {EACH_TAG: op.at_once[0]} if op is not None and op.at_once else None
            dependencies[dg.NodeInvocation(definition.name, alias=name, tags=tags, retry_policy=policy)] = behind[name]
        return Wired(list(definitions.values()), dependencies)

    def _sort(self, names: Iterable[str]) -> Iterable[str]:
        """Each behind all that it stands behind: Dagster reads what is below a fan-out in this order."""
        before: dict[str, list[str]] = {name: [] for name in names}
        for (target, _), sources in self.sources.items():
            before[target].extend(source.node for source in sources)
        return TopologicalSorter(before).static_order()

    def define(self, define: Callable[[PlannedOp], dg.OpDefinition]) -> dg.GraphDefinition:
        """The box as a graph; the same object for all boxes in which the same stands, as most rounds of a loop are."""
        wired = self.wire(define)
        said = [
            self.about,
            *(
                (one.name, one.alias, sorted((k, _write(v)) for k, v in behind.items()))
                for one, behind in wired.dependencies.items()
            ),
            *self.inputs.items(),
            *self.outputs.items(),
        ]
        settings = [(str(one.retry_policy), sorted(one.tags.items())) for one in wired.dependencies]
        name = f"box_{hashlib.sha256(repr((said, settings)).encode()).hexdigest()[:16]}"
        with _defining:
            known = _graphs.get(name)
            if known is None:
                known = _graphs[name] = dg.GraphDefinition(
                    name=name,
                    description=self.about,
                    node_defs=wired.definitions,
                    dependencies=wired.dependencies,
                    input_mappings=[
                        dg.InputMapping(graph_input_name=given, mapped_node_name=node, mapped_node_input_name=taken)
                        for given, (node, taken) in self.inputs.items()
                    ],
                    output_mappings=[
                        dg.OutputMapping(graph_output_name=given, mapped_node_name=node, mapped_node_output_name=output)
                        for (node, output), given in self.outputs.items()
                    ],
                )
        return known


_graphs: WeakValueDictionary[str, dg.GraphDefinition] = WeakValueDictionary()  # by name, while a job has them
_defining = threading.RLock()


@dataclass(frozen=True)
class _Source:
    """An output of a node in the same box."""

    node: str
    output: str
    wiring: Wiring  # of the op that takes it


def _carry(boxes: Mapping[tuple[str, ...], _Box], source: PlannedOp, target: PlannedOp, port: Port) -> None:
    """Leads an output to an op: out of the boxes that are only around the one, into those only around the other."""
    shared = _count_shared(source.boxes, target.boxes)
    node, output = source.alias, port.output
    for depth in range(len(source.boxes), shared, -1):
        output = boxes[source.boxes[:depth]].export(node, output)
        node = source.boxes[depth - 1]
    is_named = target.wiring in (Wiring.REPEATED, Wiring.COLLECT)
    name = input_names(target)[port.source] if is_named else PARENTS
    inner = (*target.boxes, target.alias)
    for depth in range(shared + 1, len(inner)):
        boxes[inner[:depth]].inputs[name] = (inner[depth], name)
    known = boxes[inner[:shared]].sources.setdefault((inner[shared], name), [])
    if (made := _Source(node, output, target.wiring)) not in known:
        known.append(made)


def _count_shared(one: Sequence[str], other: Sequence[str]) -> int:
    shared = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        shared += 1
    return shared


def _merge(sources: Sequence[_Source]) -> Dependency:
    wiring = sources[0].wiring
    if wiring is Wiring.COLLECT:
        return DynamicCollectDependencyDefinition(sources[0].node, sources[0].output)
    if wiring is Wiring.REPEATED:
        return dg.DependencyDefinition(sources[0].node, sources[0].output)
    return dg.MultiDependencyDefinition([dg.DependencyDefinition(one.node, one.output) for one in sources])


def _write(dependency: Dependency) -> str:
    """What a dependency says, for a digest."""
    parts: Iterable[object] = (
        dependency.dependencies if isinstance(dependency, dg.MultiDependencyDefinition) else [dependency]
    )
    return ",".join(
        f"{type(part).__name__}:{getattr(part, 'node', '')}:{getattr(part, 'output', getattr(part, 'output_name', ''))}"
        for part in parts
    )
