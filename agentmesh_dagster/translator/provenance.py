"""Where a version of an asset comes from, as what stands beside it in Dagster's catalogue."""

from collections.abc import Mapping, Sequence

import dagster as dg

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.runtime.provenance import Provenance
from agentmesh_dagster.settings import Settings, link_run
from agentmesh_dagster.translator.presentation import show_value

_MOST = 200  # prompts and approvals that are shown


def describe_made(provenance: Provenance, value: JsonValue, settings: Settings) -> dict[str, dg.MetadataValue]:
    """What stands beside a version; what there is nothing of is left out."""
    shown: dict[str, dg.MetadataValue | None] = {
        "output": show_value(value),
        "dagster/row_count": dg.MetadataValue.int(len(value)) if isinstance(value, list) else None,
        "run": dg.MetadataValue.text(provenance.run_id),
        "workflow": dg.MetadataValue.text(provenance.workflow_id),
        "workflow revision": dg.MetadataValue.int(provenance.workflow_revision),
        "requested by": _show_text(provenance.launched_by),
        "agents": _show_json({**provenance.agents}),
        "models": _show_text(", ".join(provenance.models)),
        "prompts": _show_json(
            [
                {"nodeId": one.node_id, "path": one.path, "model": one.model, "digest": one.digest}
                for one in provenance.prompts[:_MOST]
            ]
        ),
        "tools": _show_json({**provenance.tools}),
        "input tokens": dg.MetadataValue.int(provenance.input_tokens) if provenance.models else None,
        "output tokens": dg.MetadataValue.int(provenance.output_tokens) if provenance.models else None,
        "cost (USD)": None if provenance.cost_usd is None else dg.MetadataValue.float(float(provenance.cost_usd)),
        "approvals": _show_json([one.to_wire() for one in provenance.approvals[:_MOST]]),
    }
    if link := link_run(settings, provenance.run_id):
        shown["in AgentMesh"] = dg.MetadataValue.url(link)
    return {name: one for name, one in shown.items() if one is not None}


def _show_text(text: str | None) -> dg.MetadataValue | None:
    return dg.MetadataValue.text(text) if text else None


def _show_json(value: Mapping[str, JsonValue] | Sequence[JsonValue]) -> dg.MetadataValue | None:
    return dg.MetadataValue.json(value) if value else None
