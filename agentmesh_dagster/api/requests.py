"""How routes read what is sent to them, and say what they may answer."""

import email.message
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Body, Depends, Header, HTTPException, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    create_model,
)
from pydantic_core import CoreSchema, core_schema
from starlette.concurrency import run_in_threadpool

from agentmesh_dagster import wire
from agentmesh_dagster.api.access import requires
from agentmesh_dagster.api.context import ApiContext, Context
from agentmesh_dagster.api.paths import read_part
from agentmesh_dagster.api.problems import PROBLEM_TYPE, InvalidBody
from agentmesh_dagster.entities.access import Identity, Permission
from agentmesh_dagster.entities.field_faults import list_field_faults
from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, read_json, write_path
from agentmesh_dagster.entities.models import Agent, EventType, Id, Project, RunStatus, Tool, Workflow
from agentmesh_dagster.graph.issue import Issue

_MAX_INTEGER = 2**31 - 1  # of the store's revisions
_MAX_EVENT = 2**63 - 1
_ANY_ROUTE = (401, 403, 422, 503)
_WITH_BODY = (400, 413, 415)

Model = TypeVar("Model", bound=BaseModel)

Reader = Annotated[Identity, requires(Permission.READ)]
Editor = Annotated[Identity, requires(Permission.EDIT)]
Approver = Annotated[Identity, requires(Permission.ANSWER)]
Administrator = Annotated[Identity, requires(Permission.ADMINISTER)]

PathId = Annotated[Id, BeforeValidator(read_part), Path(alias="id")]
PathName = Annotated[Id, BeforeValidator(read_part), Path(alias="name")]
PathRevision = Annotated[int, Path(ge=1, le=_MAX_INTEGER)]
ProjectFilter = Annotated[Id | None, Query(alias="projectId")]
WorkflowFilter = Annotated[Id | None, Query(alias="workflowId")]
StatusFilter = Annotated[list[RunStatus] | None, Query()]
FailedFilter = Annotated[
    bool | None, Query(alias="hasFailed", description="Whether a step of the run has failed, also while it waits.")
]
CaughtFilter = Annotated[
    bool | None, Query(alias="hasCaught", description="Whether a step has failed, and the run went on behind it.")
]
WaitingFilter = Annotated[bool | None, Query(description="Whether the run waits for a person.")]
ParentFilter = Annotated[
    str | None, Query(alias="parentRunId", description="Only the runs that the steps of this one wait, or waited, for.")
]
AssetFilter = Annotated[str | None, Query(max_length=255, description="Only the runs that make the asset of this key.")]
PartitionFilter = Annotated[str | None, Query(description="Only the runs that make the partition of this key.")]
BackfillFilter = Annotated[
    str | None, Query(alias="backfillId", description="Only the runs that a backfill of Dagster's asked for.")
]
TypeFilter = Annotated[list[EventType] | None, Query(alias="type")]
SeenVersion = Annotated[int | None, Query(ge=0, le=2**53, description="The version of the draft that was seen.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page.")]
Cursor = Annotated[str | None, Query(max_length=4_000, description="`nextCursor` of the page before.")]
OneNode = Annotated[
    str | None, Query(alias="nodeId", max_length=255, description="Of this node alone, and more of it.")
]
MaxValueChars = Annotated[
    int | None,
    Query(
        alias="maxValueChars",
        ge=100,
        le=1_000_000,
        description="Values whose JSON text is longer are left out; `cut` then tells their size and beginning.",
    ),
]
EventLimit = Annotated[int, Query(ge=1, le=1_000, description="Events on a page.")]
EventNumber = Annotated[int, Query(ge=0, le=_MAX_EVENT, description="Events behind this one only.")]
LastEventId = Annotated[int | None, Header(ge=0, le=_MAX_EVENT, description="As `after`; what a browser sends.")]
IfMatch = Annotated[str | None, Header(description="The ETag that the caller has seen.")]


@dataclass(frozen=True)
class Call:
    """One request, as routes of several kinds share it."""

    context: Context
    request: Request
    response: Response

    @property
    def mount(self) -> str:
        """The path of the API on this server, such as `/dagster/api`."""
        return str(self.request.scope.get("root_path", "")).rstrip("/")

    @property
    def dagster(self) -> str:
        """The path of Dagster's UI on this server; "" at the top."""
        return self.mount.removesuffix("/api")


Asked = Annotated[Call, Depends(Call)]


@dataclass(frozen=True)
class DescribedBy:
    """Any JSON value for Python, and a model for the OpenAPI document: what is wrong is told in the author's words."""

    model: type[BaseModel]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.any_schema()

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(self.model.__pydantic_core_schema__)


def _without_id(entity_type: type[BaseModel]) -> type[BaseModel]:
    # The server makes an id where the author gives none; and an entity that is put has the id of its path.
    fields: Any = {"id": (Annotated[str | None, Field(max_length=255)], None)}
    name = f"{entity_type.__name__}Body"
    return create_model(name, __base__=entity_type, __doc__=entity_type.__doc__, **fields)


# The body as it came: see `read_body`, and `checking.read_entity` for entities.
AnyBody = Annotated[JsonValue, Body()]
ProjectBody = Annotated[JsonValue, DescribedBy(_without_id(Project)), Body(title="ProjectBody")]
AgentBody = Annotated[JsonValue, DescribedBy(_without_id(Agent)), Body(title="AgentBody")]
ToolBody = Annotated[JsonValue, DescribedBy(_without_id(Tool)), Body(title="ToolBody")]
WorkflowBody = Annotated[JsonValue, DescribedBy(_without_id(Workflow)), Body(title="WorkflowBody")]
DocumentBody = Annotated[JsonValue, DescribedBy(wire.Document), Body(title="Document")]
AgentTrialBody = Annotated[JsonValue, DescribedBy(wire.AgentTrial), Body(title="AgentTrial")]
ToolTrialBody = Annotated[JsonValue, DescribedBy(wire.ToolTrial), Body(title="ToolTrial")]
NewRunBody = Annotated[JsonValue, DescribedBy(wire.NewRun), Body(title="NewRun")]
NewForkBody = Annotated[JsonValue, DescribedBy(wire.NewFork), Body(title="NewFork")]
NewDraftBody = Annotated[JsonValue, DescribedBy(wire.NewDraft), Body(title="NewDraft")]
PublicationBody = Annotated[JsonValue, DescribedBy(wire.Publication), Body(title="Publication")]
HumanAnswerBody = Annotated[JsonValue, DescribedBy(wire.HumanAnswer), Body(title="HumanAnswer")]


def read_body(model: type[Model], value: JsonValue) -> Model:
    """The body as `model`. Raises InvalidBody with all that is wrong."""
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        if not isinstance(value, dict):
            raise InvalidBody([Issue("bad-value", "The body must be an object.", path="$")]) from error
        faults = list_field_faults(error, value, model)
        issues = [Issue(fault.code, f"`{fault.field}` {fault.reason}", path=write_path(fault.path)) for fault in faults]
        raise InvalidBody(issues) from error


class JsonRequest(Request):
    """A request whose body is canonical JSON of a bounded size."""

    async def body(self) -> bytes:
        """Raises 413 before more than is allowed is read, 415 for what is not called JSON."""
        if not hasattr(self, "_read"):
            self._read = await self._read_bounded()
            if self._read and not _is_json(self.headers.get("content-type", "")):
                raise HTTPException(415, "Send JSON, and say so: `Content-Type: application/json`.")
        return self._read

    async def _read_bounded(self) -> bytes:
        context: ApiContext = self.app.state.context
        limit = context.services.settings.max_value_bytes
        parts: list[bytes] = []
        size = 0
        announced = self.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise HTTPException(413, _describe_limit(limit))
        async for part in self.stream():
            size += len(part)
            if size > limit:
                raise HTTPException(413, _describe_limit(limit))
            parts.append(part)
        return b"".join(parts)

    async def json(self) -> JsonValue:
        """Raises 400 for what is not canonical JSON."""
        try:
            return await run_in_threadpool(read_json, await self.body())
        except InvalidJson as fault:
            raise HTTPException(
                400, f"The body is not JSON that can be kept, at {fault.path}: {fault.reason}."
            ) from None


def _is_json(content_type: str) -> bool:
    message = email.message.Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))


def _describe_limit(limit: int) -> str:
    return f"At most {limit:,} bytes are allowed (AGENTMESH_MAX_VALUE_BYTES)."


class JsonRoute(APIRoute):
    """A route that reads canonical JSON, leaves out what is null, and declares what any route may answer."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        options["response_model_exclude_none"] = True
        own: dict[int | str, Any] = options.get("responses") or {}
        options["responses"] = {**faults(*_ANY_ROUTE), **own}
        super().__init__(path, endpoint, **options)
        if self.body_field is not None:
            self.responses |= faults(*_WITH_BODY)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def read_json_and_handle(request: Request) -> Response:
            return await handle(JsonRequest(request.scope, request.receive))

        return read_json_and_handle


def build_router(prefix: str, tag: str) -> APIRouter:
    """A router of routes that all need the permission to read, and perhaps more."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=JsonRoute, dependencies=[requires(Permission.READ)])


def faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: it may answer with a problem of these statuses."""
    content = {PROBLEM_TYPE: {"schema": {"$ref": f"#/components/schemas/{wire.Problem.__name__}"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}
