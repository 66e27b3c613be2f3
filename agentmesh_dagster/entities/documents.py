"""Documents: projects, agents, tools and workflows in one YAML or JSON file."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import yaml

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, check_json, read_json
from agentmesh_dagster.entities.models import (
    DEFAULT_PROJECT,
    Agent,
    CatalogueEntity,
    Kind,
    Project,
    Tool,
    Workflow,
)
from agentmesh_dagster.entities.yaml_values import TextFault, read_plain, read_yaml
from agentmesh_dagster.settings import get_settings

# What a document calls the list of each kind, in the order in which they are written.
SECTIONS: dict[str, Kind] = {
    "project": Kind.PROJECT,
    "agents": Kind.AGENT,
    "tools": Kind.TOOL,
    "workflows": Kind.WORKFLOW,
}
# Given by the store: written nowhere, and passed over where an answer of the API is used as a document.
STORE_FIELDS = ("createdAt", "updatedAt", "revision", "secrets", "functions", "hasDraft", "job")


@dataclass(frozen=True)
class Document:
    projects: tuple[Project, ...] = ()
    agents: tuple[Agent, ...] = ()
    tools: tuple[Tool, ...] = ()
    workflows: tuple[Workflow, ...] = ()

    @classmethod
    def of(cls, entities: Iterable[CatalogueEntity]) -> "Document":
        """The document of these entities, those of each kind in the order given."""
        found = list(entities)
        return cls(
            tuple(entity for entity in found if isinstance(entity, Project)),
            tuple(entity for entity in found if isinstance(entity, Agent)),
            tuple(entity for entity in found if isinstance(entity, Tool)),
            tuple(entity for entity in found if isinstance(entity, Workflow)),
        )

    @property
    def sections(self) -> dict[str, Sequence[CatalogueEntity]]:
        """The entities by the name of their section."""
        return {"project": self.projects, "agents": self.agents, "tools": self.tools, "workflows": self.workflows}

    def __iter__(self) -> Iterator[CatalogueEntity]:
        for entities in self.sections.values():
            yield from entities

    @property
    def default_project(self) -> str:
        """Where entities belong that do not say it: the document's own project, if it has one and no more."""
        return self.projects[0].id if len(self.projects) == 1 else DEFAULT_PROJECT


def read_text(text: str | bytes, *, name: str) -> tuple[JsonValue, list[TextFault]]:
    """The canonical JSON value of a document's text, and what is wrong with the text; null if nothing can be read.

    It is JSON if `name` ends so, or ends in nothing known and the text begins with a bracket; else YAML.
    """
    limit = get_settings().max_value_bytes
    if len(text) > limit:
        return None, [
            TextFault("too-large", f"The document is larger than {limit:,} bytes (AGENTMESH_MAX_VALUE_BYTES).")
        ]
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text.encode("utf-8").decode("utf-8")
    except UnicodeError as error:
        return None, [TextFault("bad-syntax", f"The document is no UTF-8 text: {error}.")]
    decoded = decoded.removeprefix("\ufeff")
    if not decoded.strip():
        return None, [TextFault("empty-document", "The document is empty: write for example `workflows:` and a list.")]
    if _is_json(name, decoded):
        return _read_json(decoded)
    value, faults = read_yaml(decoded)
    try:
        return check_json(value), faults
    except InvalidJson as error:
        return None, [*faults, TextFault("bad-value", f"{error.reason}.", error.path)]


def _is_json(name: str, text: str) -> bool:
    lowered = name.lower()
    if lowered.endswith((".json", ".yaml", ".yml")):
        return lowered.endswith(".json")
    return text.lstrip()[:1] in ("{", "[")


def _read_json(text: str) -> tuple[JsonValue, list[TextFault]]:
    try:
        return read_json(text), []
    except InvalidJson as error:
        code = "bad-syntax" if error.path == "$" else "bad-value"
        return None, [TextFault(code, f"{error.reason}.", error.path)]


def write_document(document: Document, *, format: Literal["yaml", "json"] = "yaml") -> str:  # noqa: A002
    """The text of a document; reading it gives equal entities, without what only the store knows."""
    value = {
        section: [_write_entity(entity, document.default_project) for entity in entities]
        for section, entities in document.sections.items()
        if entities
    }
    if format == "json":
        return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1_000_000
    )


def _write_entity(entity: CatalogueEntity, default_project: str) -> dict[str, JsonValue]:
    written = entity.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    if not isinstance(entity, Project):
        written["projectId"] = entity.project_id
        if entity.project_id == default_project:
            del written["projectId"]
    if layout := written.get("layout"):
        written["layout"] = {node_id: _Position(map(_shorten, position)) for node_id, position in layout.items()}
    fields = [field.alias or name for name, field in type(entity).model_fields.items()]
    return {field: written[field] for field in fields if field in written and field not in STORE_FIELDS}


def _shorten(number: float) -> float:
    return int(number) if number == int(number) else number


class _Position(list[float]):
    """Two numbers that are written in one line."""


class _Dumper(yaml.SafeDumper):
    """Block style, lists indented, texts of several lines as they are, quotes around what would not stay text."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def write_text(self, text: str) -> yaml.ScalarNode:
        style = None
        if not all(character.isprintable() or character == "\n" for character in text):
            style = '"'  # the one style with escapes
        elif "\n" in text and _can_stand_as_block(text):
            style = "|"
        elif not isinstance(read_plain(text), str) or text == "<<":
            style = "'"
        return cast("Any", self).represent_scalar("tag:yaml.org,2002:str", text, style=style)

    def write_position(self, position: "_Position") -> yaml.SequenceNode:
        return cast("Any", self).represent_sequence("tag:yaml.org,2002:seq", position, flow_style=True)


_Dumper.add_representer(_Position, _Dumper.write_position)
_Dumper.add_representer(str, _Dumper.write_text)


def _can_stand_as_block(text: str) -> bool:
    return not text.startswith((" ", "\n")) and all(line == line.rstrip() for line in text.split("\n"))
