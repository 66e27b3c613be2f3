"""What workflows gave, as input of somebody's own assets."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import dagster as dg

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.errors import AgentMeshError, InvalidValue
from agentmesh_dagster.runtime.outputs import NotMade, read_output
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import Store

# Metadata of an input, as Dagster's own IO managers know it.
_ALLOW_MISSING = "allow_missing_partitions"


class ReadsOnly(AgentMeshError):
    """AgentMeshIOManager reads what workflows have made, and keeps nothing: give this asset another IO manager."""


class NoAsset(InvalidValue):
    """AgentMeshIOManager reads assets; this input is none."""


def load_output(
    key: dg.AssetKey | Sequence[str] | str,
    context_or_partition: dg.AssetExecutionContext | dg.OpExecutionContext | Sequence[str] | str | None = None,
    *,
    database_url: str | None = None,
) -> JsonValue | dict[str, JsonValue]:
    """What the newest version of an asset that a workflow makes, or of a part of it, is: any JSON.

        @dg.asset(deps=["ai/brief"], partitions_def=daily)
        def report(context: dg.AssetExecutionContext):
            brief = agentmesh_dagster.load_output("ai/brief", context)

    With the context of an asset that has it among its `deps`: of the partitions that Dagster maps to those of the run.
    With a partition's key: of that one. With several keys, or a mapping to several: a dict by key. `database_url` is
    the store's, taken from the settings unless given.

    Raises NotMade.
    """
    wanted = key if isinstance(key, dg.AssetKey) else dg.AssetKey(key.split("/") if isinstance(key, str) else key)
    partitions = context_or_partition
    if isinstance(partitions, dg.AssetExecutionContext):
        partitions = partitions.op_execution_context
    if isinstance(partitions, dg.OpExecutionContext):
        partitions = _find_partitions(partitions, wanted)
    return _read(_open(database_url), wanted, partitions)


class AgentMeshIOManager(dg.ConfigurableIOManager):
    """Gives an asset of somebody's own what a workflow made, as `load_output` does.

        @dg.asset(ins={"brief": dg.AssetIn("ai/brief", input_manager_key="agentmesh")}, partitions_def=daily)
        def report(brief): ...

        dg.Definitions(assets=[report], resources={"agentmesh": AgentMeshIOManager()})

    An input with the metadata `allow_missing_partitions` goes without those that were not made.
    """

    database_url: str | None = None  # of the store; from the settings unless given

    def load_input(self, context: dg.InputContext) -> JsonValue | dict[str, JsonValue]:
        """Raises NotMade, NoAsset."""
        if not context.has_asset_key:
            raise NoAsset(f"`{context.name}`")
        partitions = list(context.asset_partition_keys) if context.has_asset_partitions else None
        if partitions is not None and len(partitions) == 1:
            return _read(_open(self.database_url), context.asset_key, partitions[0])
        is_lenient = bool(context.definition_metadata.get(_ALLOW_MISSING))
        return _read(_open(self.database_url), context.asset_key, partitions, is_lenient=is_lenient)

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:  # noqa: ARG002
        """Raises ReadsOnly."""
        name = context.asset_key.to_user_string() if context.has_asset_key else context.step_key
        raise ReadsOnly(f"`{name}`")


def _open(database_url: str | None) -> Store:
    settings = get_settings()
    if database_url is not None:
        settings = settings.model_copy(update={"database_url": database_url})
    return open_services(settings).store


def _read(
    store: Store, key: dg.AssetKey, partitions: Sequence[str] | str | None, *, is_lenient: bool = False
) -> JsonValue | dict[str, JsonValue]:
    read = partial(read_output, store, key.to_user_string())
    if partitions is None or isinstance(partitions, str):
        return read(partitions)
    found: dict[str, JsonValue] = {}
    for partition in partitions:
        try:
            found[partition] = read(partition)
        except NotMade:
            if not is_lenient:
                raise
    return found


def _find_partitions(context: dg.OpExecutionContext, key: dg.AssetKey) -> Sequence[str] | str | None:
    """Which partitions of the asset those of the run are made from; None: it has none."""
    names = [name for name, found in context.assets_def.keys_by_input_name.items() if found == key]
    if not names:  # it is not said to be made from it: the same partition
        return context.partition_key if context.has_partition_key else None
    step = context.get_step_execution_context()
    if not step.has_asset_partitions_for_input(names[0]):
        return None
    partitions = context.asset_partition_keys_for_input(names[0])
    return partitions[0] if len(partitions) == 1 else partitions
