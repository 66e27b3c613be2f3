"""Telling Dagster what a run has made, where no op did: its worker died, or the run ended without a launch."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg

from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.made import Made, read_made
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.launches import LaunchKind, has_live_lease, list_launches
from agentmesh_dagster.store.materializations import AssetLaunch, find_materialization
from agentmesh_dagster.store.runs import get_run_head
from agentmesh_dagster.translator.asset_facts import write_asset_tags, write_input_tags
from agentmesh_dagster.translator.asset_specs import build_check_specs, build_specs, read_key
from agentmesh_dagster.translator.dagster_internals import (
    BACKFILL_ID_TAG,
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    NodeHandle,
    StepHandle,
    StepMaterializationData,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from agentmesh_dagster.translator.materialize import describe_verdict, name_version, plan_materialize
from agentmesh_dagster.translator.provenance import describe_made

_TOLD = {dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_CHECK_EVALUATION}


def report_made(services: Services, instance: dg.DagsterInstance, run_id: str, dagster_run: dg.DagsterRun) -> None:
    """Tells that this launch has made what its run has, as far as no launch of that has told it.

    While another one is at work it is left to that. The caller holds the run's lock.
    """
    with services.store.read() as connection:
        makes = find_materialization(connection, run_id)
        if makes is None:
            return
        launched = list_launches(connection, run_id)
        is_within = makes.asked.facade_id is not None and dagster_run.run_id == run_id
        if is_within and launched[0].parked_at is None and has_live_lease(connection, launched[0]):
            return  # the step of another Dagster run that executes it tells what it makes
        makes_its_own = _counts_its_own(makes.asked, dagster_run)
        working = [launch for launch in launched if launch.is_live and launch.kind is not LaunchKind.JOINED]
        if not makes_its_own and any(launch.id != dagster_run.run_id for launch in working):
            return
        head = get_run_head(connection, run_id)
        plan = load_pinned_plan(services.store, head.workflow_id, head.revision)
        made = read_made(connection, plan, run_id)
    if made is None:
        return
    if makes_its_own:
        made = replace(made, asked=replace(made.asked, backfill_id=dagster_run.tags[BACKFILL_ID_TAG]))
    tellers = [dagster_run.run_id] if makes_its_own else [launch.id for launch in launched]
    if makes.asked.facade_id is not None and not makes_its_own:
        tellers.append(makes.asked.facade_id)
    told = {about for launch_id in tellers for about in _list_told(instance, launch_id)}
    handle = StepHandle(NodeHandle(plan_materialize(plan).alias, None))
    for event in _list_events(services, instance, plan, run_id, made):
        if _name(event) in told:
            continue
        if is_within:
            instance.add_run_tags(run_id, write_asset_tags(made.asked))  # a backfill counts what its own runs have made
        kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
        if isinstance(event, dg.AssetMaterialization):
            kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        said = StepMaterializationData(event) if isinstance(event, dg.AssetMaterialization) else event
        report = dg.DagsterEvent(
            kind.value,
            dagster_run.job_name,
            step_handle=handle,
            node_handle=handle.node_handle,
            step_kind_value="COMPUTE",
            event_specific_data=said,
        )
        instance.report_dagster_event(report, dagster_run.run_id)


def _counts_its_own(asked: AssetLaunch, dagster_run: dg.DagsterRun) -> bool:
    """Whether the launch was asked for by another backfill than its run: each counts what its own launches made."""
    return dagster_run.tags.get(BACKFILL_ID_TAG) not in (None, asked.backfill_id)


def _list_told(instance: dg.DagsterInstance, launch_id: str) -> Iterator[object]:
    for record in instance.get_records_for_run(launch_id, of_type=_TOLD).records:
        event = record.event_log_entry.dagster_event
        if event is not None and record.asset_materialization is not None:
            yield _name(record.asset_materialization)
        elif event is not None:
            yield _name(event.asset_check_evaluation_data)


def _name(event: dg.AssetMaterialization | dg.AssetCheckEvaluation) -> object:
    """What of an asset is told."""
    return event.asset_key if isinstance(event, dg.AssetMaterialization) else event.asset_check_key


def _list_events(
    services: Services, instance: dg.DagsterInstance, plan: Plan, run_id: str, made: Made
) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """What Dagster makes of the same when an op yields it; the parts first, as the whole is made from them."""
    asset = plan.workflow.asset
    assert asset is not None
    versions = {spec.key: spec.code_version for spec in build_specs(plan, services.settings)}
    inputs = write_input_tags(made.asked.upstream)
    for key, value in made.values.items():
        asset_key, version = read_key(key), name_version(value)
        tags = {
            **(inputs if key != asset.key else {**inputs, **_tell_parts(instance, made, asset.key)}),
            CODE_VERSION_TAG: versions[asset_key] or run_id,
            DATA_VERSION_TAG: version.value,
            DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
        }
        if made.asked.backfill_id is not None:
            tags[BACKFILL_ID_TAG] = made.asked.backfill_id
        yield dg.AssetMaterialization(
            asset_key,
            metadata=describe_made(made.provenance, value, services.settings),
            partition=made.asked.partition,
            tags=tags,
        )
    blocking = {spec.name: spec.blocking for spec in build_check_specs(asset)}
    for verdict in made.verdicts:
        yield dg.AssetCheckEvaluation(
            asset_key=read_key(asset.key),
            partition=made.asked.partition,
            blocking=blocking.get(verdict.name),
            **describe_verdict(verdict),
        )


def _tell_parts(instance: dg.DagsterInstance, made: Made, whole: str) -> dict[str, str]:
    """That the whole is made from the parts that have just been told."""
    tags: dict[str, str] = {}
    for key in made.values.keys() - {whole}:
        records = instance.fetch_materializations(read_key(key), limit=1).records
        tags[get_input_data_version_tag(read_key(key))] = name_version(made.values[key]).value
        tags[get_input_event_pointer_tag(read_key(key))] = str(records[0].storage_id) if records else "NULL"
    return tags
