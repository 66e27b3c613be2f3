"""What a Dagster run says about the launch that it is."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.lru_cache import LRUCache
from agentmesh_dagster.graph.address import Address, Item, Items
from agentmesh_dagster.graph.plan import Plan, PlannedOp, Wiring
from agentmesh_dagster.runtime.launches import LaunchFacts
from agentmesh_dagster.store.materializations import AssetLaunch
from agentmesh_dagster.translator.asset_facts import derive_input, read_asset_launch
from agentmesh_dagster.translator.dagster_internals import SqlRunStorage
from agentmesh_dagster.translator.launchpad import INPUT
from agentmesh_dagster.translator.run_tags import ASK_AGAIN_TAG, USER_TAG

_ITEM_KEY = "item_"  # before the item's index in the mapping key of a dynamic output
DELIVERY_TAG = "dagster/run_key"  # the sensors of our triggers ask for a run by the id of what they deliver
# By Dagster run. Every step asks for it, and it takes as long as there are steps.
_selections: LRUCache[str, frozenset[Address] | None] = LRUCache(64)
_asked: LRUCache[str, AssetLaunch | None] = LRUCache(64)  # the same: what it is made from takes a query each
_LAUNCHERS = {"dagster/schedule_name": "schedule", "dagster/sensor_name": "sensor"}  # by tag


def read_instance_id(instance: dg.DagsterInstance) -> str:
    """What tells one Dagster instance from another: the id of the storage that its runs are kept in."""
    storage = instance.run_storage
    return storage.get_run_storage_id() if isinstance(storage, SqlRunStorage) else type(storage).__name__


def read_launch_facts(plan: Plan, run: dg.DagsterRun, instance: dg.DagsterInstance) -> LaunchFacts:
    """The facts of a Dagster run of a compiled job. Raises InvalidPartition."""
    asked = _asked.get(run.run_id, lambda: read_asset_launch(plan, run, instance))
    given = _read_config(plan, run.run_config)
    derived = derive_input(plan.workflow.input_schema, asked) if asked and INPUT not in given else None
    return LaunchFacts(
        launch_id=run.run_id,
        instance_id=read_instance_id(instance),
        job_name=run.job_name,
        input=given.get(INPUT, {}) if derived is None else derived,
        asset=asked,
        derives_input=derived is not None,
        asks_again=run.tags.get(ASK_AGAIN_TAG) == "true",
        parent_id=run.parent_run_id,
        selected=_selections.get(run.run_id, lambda: _read_selection(plan, run)),
        is_from_failure=run.is_resume_retry,
        launched_by=read_launcher(run.tags),
        delivery_id=run.tags.get(DELIVERY_TAG),
    )


def read_launcher(tags: Mapping[str, str]) -> str | None:
    """Who launched a run: nobody chooses these tags by hand where our web server stands before Dagster."""
    by_itself = (f"{what}: {tags[tag]}" for tag, what in _LAUNCHERS.items() if tag in tags)
    return next(by_itself, tags.get(USER_TAG))


def read_input(plan: Plan, run_config: Mapping[str, object]) -> JsonValue:
    """The run's input, as the launchpad or the API put it into the run's config; {} when left out."""
    return _read_config(plan, run_config).get(INPUT, {})


def _read_config(plan: Plan, run_config: Mapping[str, object]) -> Mapping[str, Any]:
    """The config of the start op."""
    found: Any = run_config
    for key in ("ops", plan.start.name, "config"):
        found = found.get(key) or {}
    return found


def build_run_config(plan: Plan, run_input: JsonValue, *, log_level: str | None = None) -> dict[str, Any]:
    """The run config that carries a run's input and, where given, what the run prints to the console."""
    config: dict[str, Any] = {"ops": {plan.start.name: {"config": {INPUT: run_input}}}}
    if log_level is not None:
        config["loggers"] = {"console": {"config": {"log_level": log_level}}}
    return config


def _read_selection(plan: Plan, run: dg.DagsterRun) -> frozenset[Address] | None:
    """The steps that a re-execution asks for, without an item where it asks for all; None when for everything."""
    names = run.step_keys_to_execute if run.step_keys_to_execute is not None else run.resolved_op_selection
    if names is None:
        return None
    chosen = frozenset(key for name in _open_boxes(plan, names) if (key := read_step_key(plan, name)))
    everything = {plan.scopes.locate(op.node.id) for op in plan.ops if op.wiring is not Wiring.COLLECT}
    return None if chosen >= everything else chosen


def _open_boxes(plan: Plan, names: Iterable[str]) -> Iterator[str]:
    """The step keys, with those of all that stands in a round or a sub-workflow where one is chosen as a whole."""
    for name in names:
        yield name
        if name.partition("[")[0] not in plan.by_name:
            yield from (key for key in plan.by_name if key.startswith(f"{name}."))


def read_step_key(plan: Plan, name: str) -> Address | None:
    """`work[item_3]` is one item of the op `work`, `work[?]` and `work` are all of them; None for a collect op."""
    op_name, _, mapping_key = name.removesuffix("]").partition("[")
    op = plan.by_name.get(op_name)
    if op is None or op.wiring is Wiring.COLLECT:
        return None
    return plan.scopes.locate(op.node.id, read_mapping_key(mapping_key))


def write_step_key(plan: Plan, address: Address) -> str:
    """What Dagster calls a step."""
    name = plan.by_node[plan.key_of(address)].name
    return f"{name}[{write_mapping_key(address.items[-1])}]" if address.items else name


def write_op_key(op: PlannedOp) -> str:
    """What Dagster calls the step of an op, or those of all its items."""
    return f"{op.name}[?]" if op.wiring is Wiring.REPEATED else op.name


def read_op_key(handle: Any) -> str:
    """The step key of an op: its name behind those of the boxes in which it stands."""
    return ".".join(handle.path)


def write_mapping_key(item: Item) -> str:
    """What Dagster calls an item: the key of a dynamic output."""
    return f"{_ITEM_KEY}{item.position}"


def read_mapping_key(mapping_key: str | None) -> Items:
    """The path of an item that Dagster calls so; () for none, and for `?`, which stands for all."""
    if mapping_key is None or not mapping_key.startswith(_ITEM_KEY):
        return ()
    return (Item(int(mapping_key.removeprefix(_ITEM_KEY))),)
