"""What the API refuses, and what goes wrong on the way to it."""

from typing import Any

import httpx2

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.errors import AgentMeshError


class ApiUnreachable(AgentMeshError):
    """The AgentMesh server does not answer."""


class ApiFault(AgentMeshError):
    """The AgentMesh server refused this."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        """`problem` is the body of the answer, as RFC 9457 has it."""
        self.status = status
        self.problem = problem
        self.issues: list[dict[str, Any]] = problem.get("issues", [])  # of a document, all at once
        lines = [f"- {issue.get('message')}" for issue in self.issues]
        super().__init__("\n".join([f"{problem.get('detail') or problem.get('title') or ''} ({status})", *lines]))


class NotLoggedIn(ApiFault):
    """The AgentMesh server wants a token: set AGENTMESH_TOKEN, or make one there with `agentmesh token create`."""


class NothingThere(ApiFault):
    """The AgentMesh server has no such thing."""


class Refused(ApiFault):
    """The AgentMesh server stands otherwise than you think."""


_BY_STATUS: dict[int, type[ApiFault]] = {401: NotLoggedIn, 404: NothingThere, 409: Refused}


def raise_for(response: httpx2.Response) -> None:
    """Raises ApiFault, or the subclass for its status, unless the response is a success."""
    if response.is_success:
        return
    response.read()
    raise _BY_STATUS.get(response.status_code, ApiFault)(response.status_code, _read_problem(response))


def _read_problem(response: httpx2.Response) -> dict[str, Any]:
    try:
        body: JsonValue = response.json()
    except ValueError:
        body = None
    # A proxy in between answers in its own words.
    return body if isinstance(body, dict) else {"detail": response.reason_phrase}
