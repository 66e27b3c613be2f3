"""Problems: every fault as `application/problem+json`, with a plain sentence and no internals."""

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from agentmesh_dagster import wire
from agentmesh_dagster.api.access import NotAllowed
from agentmesh_dagster.api.hooks.deliveries import UnknownForm
from agentmesh_dagster.api.hooks.signatures import HookUnavailable, WrongSignature
from agentmesh_dagster.control.instance import InstanceUnavailable
from agentmesh_dagster.control.retry import NothingToRetry
from agentmesh_dagster.entities.json_schema import InvalidSchema
from agentmesh_dagster.entities.json_values import write_path
from agentmesh_dagster.entities.patterns import TooManyPatterns
from agentmesh_dagster.errors import AgentMeshError, Conflict, InvalidValue, NotFound
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.runtime.answers import GateClosed, NotAsked
from agentmesh_dagster.runtime.forks import ForkRefused
from agentmesh_dagster.runtime.plans import WorkflowHasFaults
from agentmesh_dagster.runtime.trials import TooManyTrials, TrialFailed, TrialNeedsApproval, TrialRefused
from agentmesh_dagster.store import StoreFull, StoreUnavailable
from agentmesh_dagster.store.catalogue import (
    BrokenDocument,
    EntityInUse,
    InvalidDocument,
    MissingProject,
    StaleDraft,
    StaleRevision,
)

PROBLEM_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)


class InvalidBody(InvalidValue):
    """What was sent has issues, so nothing was done."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__(_summarize(self.issues))


class NotTaken(AgentMeshError):
    """Dagster did not take the launch; the run will be shown as failed within two minutes."""


_STATUSES: Mapping[type[AgentMeshError], int] = {  # the first that fits
    InvalidValue: 422,
    InvalidDocument: 422,
    InvalidSchema: 422,
    WorkflowHasFaults: 422,
    TooManyPatterns: 422,
    MissingProject: 422,
    TrialRefused: 422,
    TrialNeedsApproval: 403,
    TrialFailed: 502,
    TooManyTrials: 503,
    NotFound: 404,
    Conflict: 409,
    BrokenDocument: 409,
    NotAllowed: 403,
    NotAsked: 403,
    NotTaken: 503,
    WrongSignature: 401,
    UnknownForm: 415,
    HookUnavailable: 503,
    StoreFull: 507,
    StoreUnavailable: 503,
    InstanceUnavailable: 503,
}


def answer_faults(app: FastAPI) -> None:
    """Makes the app answer every fault with a problem."""
    app.add_exception_handler(AgentMeshError, _answer_ours)
    app.add_exception_handler(RequestValidationError, _answer_unfit)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_unexpected)


def build_problem(error: AgentMeshError) -> wire.Problem:
    """The problem that stands for a fault of ours."""
    status = next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)
    title = _read_title(type(error))
    return wire.Problem(
        type=_name_type(type(error).__name__),
        title=title,
        status=status,
        detail=(error.detail or title).strip(),
        **_list_members(error),
    )


def _read_title(kind: type[AgentMeshError]) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _list_members(error: AgentMeshError) -> dict[str, Any]:
    """What a program wants to know of some faults."""
    match error:
        case InvalidBody() | InvalidDocument() | WorkflowHasFaults() | ForkRefused():
            return {"issues": write_issues(error.issues)}
        case StaleRevision():
            return {"revision": error.revision, "saved_by": error.saved_by, "saved_at": error.saved_at}
        case StaleDraft():
            return {"version": error.version, "saved_by": error.saved_by, "saved_at": error.saved_at}
        case EntityInUse():
            return {"users": list(error.users)}
        case GateClosed():
            gate = error.gate
            return {"state": gate.state, "answered_by": gate.answered_by, "answered_at": gate.answered_at}
        case NothingToRetry():
            return {"state": error.status}
        case _:
            return {}


def write_issues(issues: Sequence[Issue]) -> list[wire.Issue]:
    """Issues as they go over the wire."""
    return [wire.Issue.model_validate(issue.to_wire()) for issue in issues]


def _summarize(issues: Sequence[Issue]) -> str:
    errors = [issue.message for issue in issues if issue.severity is Severity.ERROR]
    return errors[0] if len(errors) == 1 else f"{len(errors)} issues: {' '.join(errors[:3])}"


def _name_type(name: str) -> str:
    return f"urn:agentmesh:problem:{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '-', name).lower()}"


def _answer_ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, AgentMeshError)
    problem = build_problem(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("%s", error)
    return answer_problem(problem)


def _answer_unfit(_: Request, error: Exception) -> Response:
    """A path, a query or a header of the wrong shape, or no body."""
    assert isinstance(error, RequestValidationError)
    issues = [_read_unfit(detail["loc"], str(detail["msg"])) for detail in error.errors()]
    return answer_problem(build_problem(InvalidBody(issues)))


def _read_unfit(place: tuple[str | int, ...], message: str) -> Issue:
    part, *names = place
    if part == "body":
        return Issue("missing-field", "The body is missing: send JSON.", path="$")
    reason = message.replace("Input should", "must", 1).replace("Value error, ", "", 1)
    name = write_path(names)[2:]
    return Issue("bad-value", f"`{name}` in the {part}: {reason}.", path=f"{part}.{name}")


def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    detail = error.detail
    if status is HTTPStatus.NOT_FOUND:
        mount = str(request.scope.get("root_path", "")).rstrip("/")
        detail = f"There is no such page in the API: {mount}/openapi.json lists what there is."
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        detail = "This page does not take this method."
    name = _name_type(status.phrase.title().replace(" ", "").replace("-", ""))
    problem = wire.Problem(type=name, title=f"{status.phrase}.", status=status, detail=detail)
    return answer_problem(problem, error.headers)


def _answer_unexpected(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer_problem(
        wire.Problem(
            type=_name_type("UnexpectedFault"),
            title="Something went wrong in the server.",
            status=500,
            detail="This is a fault of AgentMesh; the server's log says more.",
        )
    )


def answer_problem(problem: wire.Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The response that carries a problem."""
    return JSONResponse(problem.to_wire(), problem.status, headers, media_type=PROBLEM_TYPE)
