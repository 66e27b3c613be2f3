"""What Dagster is told of an asset: its partitions, what it is made from, when it is asked for, its checks."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from agentmesh_dagster.entities.assets import Asset, AssetPart, Automation, CronAutomation, Freshness, Partitions
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.graph.code_version import digest_code
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.settings import Settings, link_workflow
from agentmesh_dagster.translator.dagster_internals import disable_dagster_warnings
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG

_TIMES = {
    "hourly": dg.HourlyPartitionsDefinition,
    "daily": dg.DailyPartitionsDefinition,
    "weekly": dg.WeeklyPartitionsDefinition,
    "monthly": dg.MonthlyPartitionsDefinition,
}


def read_key(key: str) -> dg.AssetKey:
    """Dagster's key for what we write `ai/brief`."""
    return dg.AssetKey(key.split("/"))


def name_outputs(asset: Asset) -> dict[str, str]:
    """Key → output of the op that makes the asset: first of its parts, last of the whole, which is made from them."""
    return _name_each(_list_keys(asset))


def name_check_outputs(asset: Asset) -> dict[str, str]:
    """Check → output of that op."""
    return _name_each([check.name for check in asset.checks], before="check ", taken=name_outputs(asset).values())


def name_inputs(asset: Asset) -> dict[str, str]:
    """Key of what the asset is made from → input of an op that waits for it."""
    return _name_each(list_upstream(asset))


def build_outs(asset: Asset) -> dict[str, dg.Out]:
    """The outputs of the op that makes the asset. It yields none while the run waits, so none is required."""
    names = [*name_outputs(asset).values(), *name_check_outputs(asset).values()]
    return {name: dg.Out(dg.Nothing, is_required=False) for name in names}


def build_assets_definition(
    plan: Plan, op: dg.OpDefinition, settings: Settings, *, has_inputs: bool = False
) -> dg.AssetsDefinition:
    """The asset, its parts and its checks, made by one op, whose outputs are those of `build_outs`.

    `has_inputs`: the op waits for what the asset is made from, by the inputs of `name_inputs`.
    """
    asset = _asset_of(plan.workflow)
    inputs = name_inputs(asset) if has_inputs else {}
    checks = name_check_outputs(asset)
    with disable_dagster_warnings():  # straight from the op: `@multi_asset` takes several times as long
        return dg.AssetsDefinition(
            node_def=op,
            keys_by_input_name={name: read_key(key) for key, name in inputs.items()},
            keys_by_output_name={name: read_key(key) for key, name in name_outputs(asset).items()},
            specs=build_specs(plan, settings),
            check_specs_by_output_name={checks[spec.name]: spec for spec in build_check_specs(asset)},
            can_subset=False,
        )


def build_specs(plan: Plan, settings: Settings) -> list[dg.AssetSpec]:
    """Those of the parts, then that of the whole; each with the digest of what its value hangs on."""
    workflow = plan.workflow
    asset = _asset_of(workflow)
    upstream = [read_key(key) for key in list_upstream(asset)]
    parts = [read_key(part.key) for part in asset.parts.values()]
    shared: dict[str, Any] = {
        "partitions_def": build_partitions(asset.partitions),
        "metadata": _describe_workflow(workflow, settings),
    }
    whole = _describe(asset, workflow.description)
    return [
        *(
            dg.AssetSpec(
                read_key(part.key),
                deps=upstream,
                code_version=digest_code(plan, node_id),
                **_describe(part, None),
                **shared,
            )
            for node_id, part in asset.parts.items()
        ),
        dg.AssetSpec(
            read_key(asset.key),
            deps=[*upstream, *parts],
            code_version=digest_code(plan),
            automation_condition=_build_automation(asset.automation),
            freshness_policy=_build_freshness(asset.freshness),
            **whole,
            **shared,
        ),
    ]


def build_check_specs(asset: Asset) -> list[dg.AssetCheckSpec]:
    """The checks, of each partition on its own where there are partitions."""
    partitions = build_partitions(asset.partitions)
    with disable_dagster_warnings():  # without the partitions Dagster would not keep of which one a verdict is
        return [
            dg.AssetCheckSpec(
                check.name,
                asset=read_key(asset.key),
                description=f"`{check.condition}`",
                blocking=check.blocking,
                partitions_def=partitions,
            )
            for check in asset.checks
        ]


def build_partitions(partitions: Partitions | None) -> dg.PartitionsDefinition[Any] | None:
    """How Dagster cuts the asset; None: not at all."""
    if partitions is None:
        return None
    if partitions.static is not None:
        return dg.StaticPartitionsDefinition(partitions.static)
    if partitions.dynamic is not None:
        return dg.DynamicPartitionsDefinition(name=partitions.dynamic)
    kind = next(kind for kind in _TIMES if getattr(partitions, kind) is not None)
    times = getattr(partitions, kind)
    return _TIMES[kind](times.start, timezone=times.timezone)


def _build_automation(automation: Automation | None) -> dg.AutomationCondition[Any] | None:
    if isinstance(automation, CronAutomation):
        return dg.AutomationCondition.on_cron(automation.cron, automation.timezone)
    if automation is None:
        return None
    return dg.AutomationCondition.eager() if automation == "eager" else dg.AutomationCondition.on_missing()


def _build_freshness(freshness: Freshness | None) -> dg.FreshnessPolicy | None:
    if freshness is None:
        return None
    if freshness.within is not None:
        return dg.FreshnessPolicy.time_window(timedelta(seconds=freshness.within))
    assert freshness.cron is not None
    assert freshness.lower_bound_seconds is not None
    return dg.FreshnessPolicy.cron(freshness.cron, timedelta(seconds=freshness.lower_bound_seconds))


def _describe(one: Asset | AssetPart, description: str | None) -> dict[str, Any]:
    return {
        "description": one.description or description,
        "group_name": one.group,
        "owners": one.owners,
        "tags": one.tags,
        "kinds": set(one.kinds),
    }


def _describe_workflow(workflow: Workflow, settings: Settings) -> dict[str, dg.MetadataValue]:
    link = link_workflow(settings, workflow.id)
    shown = {"in AgentMesh": dg.MetadataValue.url(link)} if link else {}
    return {WORKFLOW_TAG: dg.MetadataValue.text(workflow.id), **shown}


def _asset_of(workflow: Workflow) -> Asset:
    assert workflow.asset is not None
    return workflow.asset


def _list_keys(asset: Asset) -> list[str]:
    return [*(part.key for part in asset.parts.values()), asset.key]


def list_upstream(asset: Asset) -> Sequence[str]:
    """The keys of what the asset is made from, its own left out."""
    own = set(asset.keys)
    return list(dict.fromkeys(key for key in asset.deps if key not in own))


def _name_each(texts: Iterable[str], *, before: str = "", taken: Iterable[str] = ()) -> dict[str, str]:
    """A safe name for each, another than the ones that are taken."""
    names: dict[str, str] = {}
    for text in texts:
        names[text] = safe_name(before + text.replace("/", "__"), {*taken, *names.values()})
    return names
