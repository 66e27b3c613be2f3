"""Asset: the workflow is started by each new version of an asset, whoever makes it."""

from agentmesh_dagster.entities.models import AssetTrigger
from agentmesh_dagster.specs.trigger_spec import NewVersions, TriggerSpec

_TOGETHER_SECONDS = 30.0  # `any`: versions that follow each other within these are one occasion, as in a backfill


def _describe(trigger: AssetTrigger) -> str:
    condition = f", if {trigger.condition}" if trigger.condition else ""
    which = "any partition" if trigger.partitions == "any" else "each new version"
    return f"when {which} of the asset {trigger.key} has been made{condition}"


SPEC = TriggerSpec(
    model=AssetTrigger,
    type="asset",
    label="Version of an asset",
    purpose="Starts when a new version of an asset has been made.",
    first={"type": "asset", "key": "", "enabled": True},
    unset="All of context.event",
    when=lambda trigger: NewVersions(
        trigger.key, debounce_seconds=_TOGETHER_SECONDS if trigger.partitions == "any" else None
    ),
    describe=_describe,
    name=lambda trigger: ("on", trigger.key),
    event={
        ".key": "text · the asset's key",
        ".partition": "text · the partition that was made; null for an asset without",
        ".runId": "text · the Dagster run that made it; null for one that was only reported",
        ".timestamp": "text · when",
        ".metadata": "what stands beside it in Dagster",
    },
    condition=lambda trigger: trigger.condition,
)
