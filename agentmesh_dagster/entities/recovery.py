"""Salvage: entities out of a document that may hold faults, so that all of them can be told at once.

What cannot be read is left out, or replaced by a placeholder where something must stand. So an entity that is not
whole serves only to look for more faults.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agentmesh_dagster.entities.documents import SECTIONS, STORE_FIELDS, Document
from agentmesh_dagster.entities.field_faults import FieldFault, Path, describe_kind, list_field_faults
from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import DEFAULT_PROJECT, ENTITY_TYPES, CatalogueEntity, JsonObject, Kind
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.entities.type_names import KnownTypes

_PLACEHOLDER = "\N{REPLACEMENT CHARACTER}"  # begins ids and names that nobody wrote
_ROUNDS = 3  # a fault may hide another


@dataclass(frozen=True)
class DocumentFault:
    code: str
    message: str  # a sentence
    path: Path  # inside the document


@dataclass(frozen=True)
class Recovery:
    """What of a workflow's graph is a placeholder."""

    node_ids: frozenset[str] = frozenset()  # nodes with something unreadable, placeholders included
    untyped_ids: frozenset[str] = frozenset()  # those of them whose id or type is a placeholder
    placeholder_ids: frozenset[str] = frozenset()  # ids that nobody wrote; edges may name them too


NO_PLACEHOLDERS = Recovery()


@dataclass(frozen=True)
class Salvaged:
    """One entity of a document."""

    entity: CatalogueEntity
    path: Path  # inside the document
    is_complete: bool = True
    has_graph: bool = True  # False: a workflow whose list of nodes or of edges could not be read
    recovery: Recovery = NO_PLACEHOLDERS


@dataclass(frozen=True)
class Salvage:
    """Everything that could be read of a document."""

    entries: tuple[Salvaged, ...]
    faults: tuple[DocumentFault, ...]
    kinds_with_unknown_ids: frozenset[Kind]  # an id that seems unknown may be that of an unreadable entity

    @property
    def document(self) -> Document:
        """The entities that are whole."""
        return Document.of(entry.entity for entry in self.entries if entry.is_complete)


def salvage_document(value: JsonValue, types: KnownTypes) -> Salvage:
    """All entities in the value of a document, and all faults of its structure, types that are not known among them."""
    reader = _Reader(types)
    entries = tuple(reader.read(value))
    return Salvage(entries, tuple(reader.faults), frozenset(reader.kinds_with_unknown_ids))


class _Reader:
    def __init__(self, types: KnownTypes) -> None:
        self._types = types
        self.faults: list[DocumentFault] = []
        self.kinds_with_unknown_ids: set[Kind] = set()
        self._default_project = DEFAULT_PROJECT

    def read(self, value: JsonValue) -> Iterator[Salvaged]:
        if not isinstance(value, dict):
            message = f"A document is an object with {quote('workflows')} and the like, not {describe_kind(value)}."
            self.faults.append(DocumentFault("not-an-object", message, ()))
            self.kinds_with_unknown_ids.update(Kind)
            return
        for name in value:
            if name not in SECTIONS:
                message = with_hint(f"{quote(name)} is no part of a document", name, SECTIONS)
                self.faults.append(DocumentFault("unknown-field", message, (name,)))
        for name, kind in SECTIONS.items():
            entries = [*self._read_section(kind, name, value.get(name))]
            if kind is Kind.PROJECT and len(entries) == 1:
                self._default_project = entries[0].entity.id
            yield from entries

    def _read_section(self, kind: Kind, name: str, value: JsonValue) -> Iterator[Salvaged]:
        if value is None:
            return
        if kind is Kind.PROJECT and isinstance(value, dict):  # the one section where a list is seldom meant
            items: list[tuple[Path, JsonValue]] = [((name,), value)]
        elif isinstance(value, list):
            items = [((name, place), item) for place, item in enumerate(value)]
        else:
            message = f"{quote(name)} must be a list (lines that begin with `- `), not {describe_kind(value)}."
            self.faults.append(DocumentFault("bad-value", message, (name,)))
            self.kinds_with_unknown_ids.add(kind)
            return
        seen: set[str] = set()
        for path, item in items:
            entry = self._read_entity(kind, path, item)
            if entry is None:
                self.kinds_with_unknown_ids.add(kind)
                continue
            if entry.entity.id in seen:
                message = f"The id {quote(entry.entity.id)} is used twice under {quote(name)}: give each its own."
                self.faults.append(DocumentFault("duplicate-id", message, (*path, "id")))
            seen.add(entry.entity.id)
            yield entry

    def _read_entity(self, kind: Kind, path: Path, value: JsonValue) -> Salvaged | None:
        if not isinstance(value, dict):
            message = f"Here stands an object (lines of `name: value`), not {describe_kind(value)}."
            self.faults.append(DocumentFault("bad-value", message, path))
            return None
        fields = _leave_out(value, kind)
        if kind is not Kind.PROJECT:
            fields.setdefault("projectId", self._default_project)
        found: list[FieldFault] = []
        renamed: set[Path] = set()
        for _ in range(_ROUNDS):
            try:
                entity = self._validate(kind, fields)
            except ValidationError as error:
                new = list_field_faults(error, fields, ENTITY_TYPES[kind])
                for fault in new:
                    if fault.path not in renamed:  # told already that it stands under another name
                        self.faults.append(DocumentFault(fault.code, _describe_fault(fault), (*path, *fault.path)))
                    if fault.meant is not None:
                        renamed.add((*fault.path[:-1], fault.meant))
                    _repair(fields, fault)
                found += new
                continue
            if any(fault.path == ("id",) for fault in found):
                self.kinds_with_unknown_ids.add(kind)
            has_graph = not any(fault.path in _WHOLE_GRAPH for fault in found)
            return Salvaged(
                entity, path, not found, has_graph, _assess(found, fields) if has_graph else NO_PLACEHOLDERS
            )
        return None

    def _validate(self, kind: Kind, fields: JsonObject) -> CatalogueEntity:
        return ENTITY_TYPES[kind].model_validate(fields, by_alias=True, by_name=False, context=self._types)


_WHOLE_GRAPH = (("graph",), ("graph", "nodes"), ("graph", "edges"))


def _describe_fault(fault: FieldFault) -> str:
    """The fault as a sentence; the path says in which node it is."""
    path = fault.path
    inside = path[3:] if path[:1] == ("graph",) else path[2:] if path[:1] == ("triggers",) else path
    return f"{quote(FieldFault(fault.code, inside or path[-2:], '').field)} {fault.reason}"


def _leave_out(fields: JsonObject, kind: Kind) -> JsonObject:
    """A copy without what only the store says, and without empty fields: `tools:` with nothing behind it."""
    kept = _without_nulls({key: value for key, value in fields.items() if key not in STORE_FIELDS})
    if kind is Kind.WORKFLOW and isinstance(kept.get("graph"), dict):
        graph = kept["graph"] = _without_nulls(kept["graph"])
        if isinstance(graph.get("nodes"), list):
            graph["nodes"] = [_without_nulls(node) for node in graph["nodes"]]
        if isinstance(graph.get("edges"), list):
            graph["edges"] = [_without_nulls(edge) for edge in graph["edges"]]
    if isinstance(kept.get("triggers"), list):
        kept["triggers"] = [_without_nulls(item) for item in kept["triggers"]]
    if kind is Kind.TOOL:
        kept["config"] = _without_nulls(kept.get("config", {}))
    return kept


def _without_nulls(value: Any) -> Any:
    """A copy of an object without its empty fields; anything else as it is."""
    fields = as_object(value)
    return {key: item for key, item in fields.items() if item is not None} if isinstance(value, dict) else value


_REPLACED_AS_A_WHOLE: dict[str | int, int] = {"triggers": 2, "concurrency": 1, "asset": 1}  # by the length of its path


def _repair(fields: JsonObject, fault: FieldFault) -> None:
    """Takes what is wrong out of `fields`, or puts a placeholder there."""
    # A trigger, or a limit, with a fault is replaced as a whole; a field too many is only taken out.
    whole = _REPLACED_AS_A_WHOLE.get(fault.path[0]) if fault.code != "unknown-field" else None
    path = fault.path[:whole]
    parent, key = _follow(fields, path[:-1]), path[-1]
    if parent is None:
        return  # what was around it is mended already
    if fault.code == "unknown-field":
        value = parent.pop(key, None)
        if fault.meant is not None and value is not None:
            parent.setdefault(fault.meant, value)
    elif (placeholder := _placeholder_for(path)) is not None:
        parent[key] = placeholder
        if path[:2] == ("graph", "nodes") and key == "type":
            parent.pop("config", None)  # its fields belong to a type that is not known
    elif isinstance(parent, list):
        _repair(fields, FieldFault(fault.code, path[:-1], ""))
    else:
        parent.pop(key, None)


def _follow(value: Any, path: Path) -> Any:
    """The value at `path`; None where there is none any more."""
    for step in path:
        if value is None:
            return None
        fields = as_object(value)
        value = fields.get(str(step)) if isinstance(value, dict) else value[step]
    return value


def _placeholder_for(path: Path) -> JsonValue:
    match path:
        case ("modelProvider",):
            return "local"
        case ("type",):
            return "function"
        case ("id" | "name" | "modelName",):
            return _PLACEHOLDER
        case ("graph",):
            return {}
        case ("graph", "nodes", int(place)):
            return {"id": f"{_PLACEHOLDER}{place}", "type": "agent"}
        case ("graph", "nodes", int(place), "id"):
            return f"{_PLACEHOLDER}{place}"
        case ("graph", "nodes", _, "type"):
            return "agent"
        case ("graph", "edges", int(place)):
            return {"id": f"{_PLACEHOLDER}{place}", "fromNodeId": _PLACEHOLDER, "toNodeId": _PLACEHOLDER}
        case ("graph", "edges", int(place), "id"):
            return f"{_PLACEHOLDER}{place}"
        case ("graph", "edges", _, "fromNodeId" | "toNodeId"):
            return _PLACEHOLDER
        case ("triggers", int()):
            return {"type": "cron", "cron": "@daily"}
        case _:
            return None


def _assess(found: list[FieldFault], fields: JsonObject) -> Recovery:
    """What of a workflow's graph is a placeholder once its faults are mended."""
    if not found or "graph" not in fields:
        return NO_PLACEHOLDERS
    nodes, edges = fields["graph"].get("nodes", ()), fields["graph"].get("edges", ())
    damaged: set[str] = set()
    vague: set[str] = set()
    for fault in found:
        match fault.path:
            case ("graph", "nodes", int(place), *inside):
                damaged.add(str(nodes[place]["id"]))
                if fault.code != "unknown-field" and (not inside or inside[0] in ("id", "type")):
                    vague.add(str(nodes[place]["id"]))
            case ("graph", "edges", int(place), *_):
                damaged.add(str(edges[place]["fromNodeId"]))  # a condition may be missing there
            case _:
                pass
    ids = {str(node["id"]) for node in nodes}
    ids |= {str(edge[field]) for edge in edges for field in ("id", "fromNodeId", "toNodeId")}
    return Recovery(frozenset(damaged), frozenset(vague), frozenset(i for i in ids if i.startswith(_PLACEHOLDER)))
