"""Hooks: addresses for the webhooks of third parties, each of which becomes an event."""

from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Body, Path, Request
from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from agentmesh_dagster import wire
from agentmesh_dagster.api.context import ApiContext, Context
from agentmesh_dagster.api.continuation import give_event_to_waits
from agentmesh_dagster.api.hooks.deliveries import HookEvent, find_answer, read_hook_body, read_hook_event
from agentmesh_dagster.api.hooks.signatures import HookUnavailable, WrongSignature, check_signature
from agentmesh_dagster.api.login.secrets import hash_secret, make_secret
from agentmesh_dagster.api.problems import InvalidBody
from agentmesh_dagster.api.requests import (
    Asked,
    DescribedBy,
    Editor,
    PathId,
    ProjectFilter,
    build_router,
    faults,
    read_body,
)
from agentmesh_dagster.entities.hooks import CreatedHook, Hook, NewHook
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.store import Connection, hooks
from agentmesh_dagster.store.triggers import receive_event

Token = Annotated[str, Path(alias="id", description="The token of the hook's address.")]
NewHookBody = Annotated[JsonValue, DescribedBy(NewHook), Body(title="NewHook")]

_settings = build_router("/hooks", "hooks")
_door = APIRouter(prefix="/hooks", tags=["hooks"])  # who has an address needs no login; see `login/rules.py`


@_settings.get("")
def list_hooks(call: Asked, project_id: ProjectFilter = None) -> wire.PageOf[Hook]:
    """The hooks, by project and name; their addresses are not among what is kept."""
    with call.context.services.store.read() as connection:
        return wire.PageOf[Hook](items=hooks.list_hooks(connection, project_id=project_id))


@_settings.post("", status_code=201, responses=faults(404, 409))
def create_hook(call: Asked, editor: Editor, body: NewHookBody) -> CreatedHook:
    """Makes an address for a third party. Its token is in the answer, and never shown again."""
    new = read_body(NewHook, body)
    _check_secret(call.context, new)
    token = make_secret()
    with call.context.services.store.begin() as tx:
        return _show(hooks.add_hook(tx, new, hash_secret(token), by=editor), token)


@_settings.post("/{id}/rotate", responses=faults(404))
def rotate_hook(call: Asked, editor: Editor, identity: PathId) -> CreatedHook:
    """Gives a hook another address; what is posted to the one that it had is refused from now on."""
    token = make_secret()
    with call.context.services.store.begin() as tx:
        return _show(hooks.rotate_hook(tx, identity, hash_secret(token), by=editor), token)


@_settings.delete("/{id}", status_code=204, responses=faults(404))
def delete_hook(call: Asked, editor: Editor, identity: PathId) -> None:
    """Deletes a hook: what is posted to its address is refused from now on."""
    with call.context.services.store.begin() as tx:
        hooks.delete_hook(tx, identity, by=editor)


@_door.post(
    "/{id}",
    status_code=202,
    response_model=wire.ReceivedEvent,
    responses=faults(400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra={
        "requestBody": {
            "content": {
                "application/json": {"schema": {}},
                "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
            }
        }
    },
)
async def post_to_hook(context: Context, request: Request, token: Token, afterwards: BackgroundTasks) -> Any:
    """Takes a webhook: JSON or a form, signed as the hook says; one that came before starts nothing again.

    A sender that only tries the address out (GitHub's ping, Slack's url_verification) gets its answer.
    """
    raw = await request.body()
    return await run_in_threadpool(_receive, context, request, token, raw, afterwards)


def _receive(context: ApiContext, request: Request, token: str, raw: bytes, afterwards: BackgroundTasks) -> Response:
    store = context.services.store
    with store.read() as connection:
        hook = hooks.find_hook(connection, hash_secret(token))
    try:
        _check(context, hook, request, raw)
        body = read_hook_body(request.headers.get("content-type", ""), raw)
        answer = find_answer(request.headers, body)
        event = None if answer is not None else read_hook_event(hook, request.headers, body, raw)
    except AgentMeshError as refused:
        with store.begin() as tx:
            hooks.note_use(tx, hook.id, str(refused))
        if isinstance(refused, WrongSignature):
            raise WrongSignature from None  # what is wrong with it stands with the hook
        raise
    with store.begin() as tx:
        hooks.note_use(tx, hook.id, None)
        is_new = event is not None and _post(tx, hook, event)
    if event is None:
        return JSONResponse(answer)
    if is_new:
        afterwards.add_task(give_event_to_waits, context, event.name)
    received = wire.ReceivedEvent(event_id=event.id, is_new=is_new)
    return JSONResponse(received.to_wire(), 202, background=afterwards)


def _post(tx: Connection, hook: Hook, event: HookEvent) -> bool:
    return receive_event(tx, event.name, event.id, event.body, by=f"hook: {hook.name}", via="hook")


def _check(context: ApiContext, hook: Hook, request: Request, raw: bytes) -> None:
    if hook.signature is None:
        return
    secret = _find_secret(context, hook.signature.secret)
    if secret is None:
        raise HookUnavailable(f"AGENTMESH_SECRET_{hook.signature.secret} is not set")
    check_signature(hook.signature, secret.get_secret_value(), request.headers, raw)


def _find_secret(context: ApiContext, name: str) -> SecretStr | None:
    opened = context.services.settings.secrets.get(name)
    return None if opened is None else opened.value


def _check_secret(context: ApiContext, new: NewHook) -> None:
    """Raises InvalidBody."""
    signature = new.signature
    if signature is not None and _find_secret(context, signature.secret) is None:
        message = (
            f"No secret `{signature.secret}` is opened: set AGENTMESH_SECRET_{signature.secret} to what the sender "
            f"signs with, and AGENTMESH_SECRET_{signature.secret}_HOSTS to `none`, where the web server runs."
        )
        raise InvalidBody([Issue("unknown-secret", message, path="$.signature.secret")])


def _show(hook: Hook, token: str) -> CreatedHook:
    return CreatedHook.model_validate({**vars(hook), "token": token, "path": f"/api/hooks/{token}"})


router = APIRouter()
for _part in (_settings, _door):
    router.include_router(_part)
