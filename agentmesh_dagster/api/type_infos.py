"""The types as the wire has them: what their specs say, for editors."""

from collections.abc import Iterator
from typing import Any, get_args

from agentmesh_dagster import wire
from agentmesh_dagster.entities.models import Entity, JsonObject
from agentmesh_dagster.graph.document_schema import trigger_schema
from agentmesh_dagster.graph.form_schema import form_schema
from agentmesh_dagster.specs.node_spec import NodeSpec
from agentmesh_dagster.specs.provider_spec import ProviderSpec
from agentmesh_dagster.specs.tool_spec import ToolSpec
from agentmesh_dagster.specs.trigger_spec import TriggerSpec


def describe_node_type(spec: NodeSpec) -> wire.NodeTypeInfo:
    return wire.NodeTypeInfo(
        type=spec.type,
        label=spec.label,
        purpose=spec.purpose,
        icon=spec.icon,
        tone=spec.tone,
        summary=spec.summary,
        summary_field=spec.summary_field,
        stem=spec.stem,
        place=spec.place.value,
        names=spec.names,
        may_choose=spec.may_choose,
        waits=spec.waits,
        asks=spec.asks,
        subject=spec.subject,
        mode=spec.mode,
        edges=list(_list_edges(spec)),
        config=form_schema(spec.config),
        written={field: way.value for field, way in spec.written.items()},
    )


def _list_edges(spec: NodeSpec) -> Iterator[wire.EdgesInfo]:
    """For each mode, its default first as it stands in the config's type: what follows, in the spec's words."""
    for mode in _list_modes(spec):
        given: dict[str, Any] = {spec.mode: mode} if spec.mode else {}
        ports = spec.ports(spec.config.model_construct(None, **given))
        words = spec.edge_words.get(mode)
        yield wire.EdgesInfo(
            mode=mode,
            ports=ports,
            hint=words.hint if words else None,
            plain_hint=words.plain_hint if words else None,
            otherwise=words.otherwise if words else "otherwise",
            example=words.example if words else None,
            is_numbered=words.is_numbered if words else False,
        )


def _list_modes(spec: NodeSpec) -> tuple[str | None, ...]:
    return get_args(spec.config.model_fields[spec.mode].annotation) if spec.mode else (None,)


def describe_tool_type(spec: ToolSpec) -> wire.ToolTypeInfo:
    return wire.ToolTypeInfo(
        type=spec.type,
        label=spec.label,
        purpose=spec.purpose,
        summary=list(spec.summary),
        config=_settings_form(spec.settings) if spec.config is None else form_schema(spec.config),
    )


def _settings_form(settings: type[Entity] | None) -> JsonObject:
    """The form of a type that has its own under `settings`, if any."""
    if settings is None:
        return {"type": "object", "properties": {}}
    schema = form_schema(settings)
    definitions = schema.pop("$defs", {})
    return {"type": "object", "properties": {"settings": {"title": "Settings", **schema}}, "$defs": definitions}


def describe_provider(spec: ProviderSpec) -> wire.ProviderInfo:
    return wire.ProviderInfo(name=spec.name, label=spec.label, example=spec.example, first_model=spec.first_model)


def describe_trigger_type(spec: TriggerSpec[Any]) -> wire.TriggerTypeInfo:
    names = [wire.Completion(text=f"context.event{place}", detail=detail) for place, detail in spec.event.items()]
    return wire.TriggerTypeInfo(
        type=spec.type,
        label=spec.label,
        purpose=spec.purpose,
        trigger=trigger_schema(spec),
        first=spec.first,
        event=names,
        unset=spec.unset,
    )
