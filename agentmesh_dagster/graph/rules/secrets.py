"""Rules about the secrets that tools name."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from agentmesh_dagster.entities.json_values import write_path
from agentmesh_dagster.entities.models import Tool
from agentmesh_dagster.entities.secret_names import describe_closed, list_named_secrets
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.graph.rules.used_tools import list_used_tools
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.specs import TOOL_SPECS


def secrets_of_tools_are_open(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """What the tools of the graph name as `${NAME}` is a secret that the operator has opened for their host."""
    # Never an error here: a workflow that was saved stays one, whatever the operator closes.
    for node, tool in list_used_tools(graph, lookup):
        for fault in list_secret_faults(tool):
            message = f"The tool {quote(tool.name)}: {fault.message}"
            yield Issue(
                fault.code, message, node.id, path=f"{node.path}.{node.spec.names}Id", severity=Severity.WARNING
            )


def list_secret_faults(tool: Tool) -> list[Issue]:
    """What does not resolve of the secrets that a tool names; paths begin at the tool.

    What is not open here may be open where runs work, so that is a warning.
    """
    if tool.type not in TOOL_SPECS or not TOOL_SPECS[tool.type].has_secrets:
        return []
    opened = get_settings().secrets
    place = _read_place(tool.config.url or "")
    auth = tool.config.auth
    login = _read_place(auth.token_url) if auth and auth.token_url else place
    faults: list[Issue] = []
    for named in list_named_secrets(tool.config.to_wire()):
        path = write_path(("config", *named.path))
        if not named.is_name:
            message = f"`{named.text}` is no secret: write ${{NAME}}, its name, or leave out `${{`."
            faults.append(Issue("bad-secret-name", message, path=path))
        elif why := describe_closed(named.name, opened.get(named.name), *(login if named.path[0] == "auth" else place)):
            severity = Severity.ERROR if named.is_reserved else Severity.WARNING
            faults.append(Issue("secret-not-open", f"{why}.", path=path, severity=severity))
    return faults


def _read_place(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a url; a host of "" where it cannot be read, which other checks say."""
    try:
        parts = urlsplit(url.strip().partition("?")[0])
        return parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return "", "", None
