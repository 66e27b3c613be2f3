"""One call of a tool, as every kind of tool gets it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.models import JsonObject, Tool
from agentmesh_dagster.tools.mcp_session import Sessions


def _record_nothing(_name: str, _host: str) -> None:
    """For calls that belong to no run."""


def _tell_nobody(_note: str) -> None:
    """For calls that have no log."""


@dataclass(frozen=True)
class FileContent:
    """What came from outside and is no text."""

    name: str
    content_type: str
    content: bytes = field(repr=False)

    def describe(self) -> JsonObject:
        return {"name": self.name, "contentType": self.content_type, "size": len(self.content)}


def _keep_nothing(file: FileContent) -> JsonValue:
    """For calls that belong to no run: what came is described, and gone."""
    return file.describe()


@dataclass(frozen=True)
class ToolRequest:
    tool: Tool
    input: JsonValue
    idempotency_key: str  # the same at every attempt of one step
    deadline: float  # time.monotonic() value
    record_secret: Callable[[str, str], None] = _record_nothing  # told name and host before a secret is sent
    resources: Mapping[str, object] = field(default_factory=dict[str, object])  # of a host project, for functions
    report: Callable[[str], None] = _tell_nobody  # told what people should know of the call, besides what it gives
    sessions: Sessions = field(default_factory=Sessions)  # of the step; who made them closes them
    keep_file: Callable[[FileContent], JsonValue] = _keep_nothing  # gives what stands for it

    @property
    def fields(self) -> JsonObject:
        """The input of a builtin, whose schema says what it has and of which types."""
        return as_object(self.input)
