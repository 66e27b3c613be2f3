"""Issue: one fault of a document, in the author's words."""

from dataclasses import dataclass
from enum import StrEnum

from agentmesh_dagster.entities.json_values import JsonValue


class Severity(StrEnum):
    ERROR = "error"  # the workflow is refused
    WARNING = "warning"  # it is accepted, and probably not what was meant


@dataclass(frozen=True)
class Issue:
    code: str  # kebab-case, stable
    message: str  # a sentence that says what to do
    node_id: str | None = None
    edge_id: str | None = None
    path: str | None = None  # inside the workflow or the document: `$.graph.nodes[2].config.prompt`
    severity: Severity = Severity.ERROR

    def to_wire(self) -> dict[str, JsonValue]:
        """The issue as the API and `agentmesh validate --format json` show it."""
        fields = {
            "code": self.code,
            "severity": self.severity.value,
            "nodeId": self.node_id,
            "edgeId": self.edge_id,
            "path": self.path,
            "message": self.message,
        }
        return {key: value for key, value in fields.items() if value is not None}
