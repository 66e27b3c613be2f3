"""Agents: models with prompts and tools."""

from agentmesh_dagster import wire
from agentmesh_dagster.api.catalogue import (
    create,
    delete,
    find_one,
    get_old,
    get_one,
    list_history,
    list_page,
    list_users,
    replace,
    restore,
)
from agentmesh_dagster.api.requests import (
    AgentBody,
    AgentTrialBody,
    Asked,
    Cursor,
    Editor,
    IfMatch,
    Limit,
    PathId,
    PathRevision,
    ProjectFilter,
    build_router,
    faults,
    read_body,
)
from agentmesh_dagster.entities.models import Agent, Kind
from agentmesh_dagster.runtime import trials
from agentmesh_dagster.runtime.trials import AgentTrial
from agentmesh_dagster.store.catalogue import open_lookup

router = build_router("/agents", "agents")


@router.post("", status_code=201, responses=faults(409))
def create_agent(call: Asked, editor: Editor, body: AgentBody) -> Agent:
    """Saves a new agent; without an `id` it gets one."""
    return create(call, editor, Agent, body)


@router.get("")
def list_agents(
    call: Asked, project_id: ProjectFilter = None, limit: Limit = 50, cursor: Cursor = None
) -> wire.PageOf[Agent]:
    """The agents, by name."""
    return list_page(call, Agent, project_id=project_id, limit=limit, cursor=cursor)


@router.get("/{id}", responses=faults(404, 409))
def get_agent(call: Asked, identity: PathId) -> Agent:
    """One agent; the `ETag` is its revision."""
    return get_one(call, Agent, identity)


@router.put("/{id}", responses=faults(404, 409))
def save_agent(call: Asked, editor: Editor, identity: PathId, body: AgentBody, if_match: IfMatch = None) -> Agent:
    """Saves an agent that there is. Somebody else's save since `If-Match` is a conflict."""
    return replace(call, editor, Agent, identity, body, if_match)


@router.delete("/{id}", status_code=204, responses=faults(404, 409))
def delete_agent(call: Asked, editor: Editor, identity: PathId, if_match: IfMatch = None) -> None:
    """Deletes an agent that nothing uses; its history stays."""
    delete(call, editor, Agent, identity, if_match)


@router.get("/{id}/revisions", responses=faults(404))
def list_agent_revisions(
    call: Asked, identity: PathId, limit: Limit = 50, cursor: Cursor = None
) -> wire.PageOf[wire.Revision]:
    """The history of an agent, deleted or not, newest first."""
    return list_history(call, Kind.AGENT, identity, limit, cursor)


@router.get("/{id}/revisions/{revision}", responses=faults(404, 409))
def get_agent_revision(call: Asked, identity: PathId, revision: PathRevision) -> Agent:
    """The agent as it was saved in this revision."""
    return get_old(call, Agent, identity, revision)


@router.post("/{id}/revisions/{revision}/restore", responses=faults(404, 409))
def restore_agent(call: Asked, editor: Editor, identity: PathId, revision: PathRevision) -> Agent:
    """Saves an older revision as a new one, also of an agent that was deleted."""
    return restore(call, editor, Agent, identity, revision)


@router.get("/{id}/uses", responses=faults(404))
def list_agent_uses(call: Asked, identity: PathId) -> wire.PageOf[wire.Use]:
    """What names this agent, so that it cannot be deleted."""
    return list_users(call, Kind.AGENT, identity)


@router.post("/{id}/try", responses=faults(404, 409, 502))
def try_agent(call: Asked, editor: Editor, identity: PathId, body: AgentTrialBody) -> wire.AgentReply:
    """Asks an agent as a node would, with its tools, really; the event `agent.tried` says who did."""
    wanted = read_body(wire.AgentTrial, body)
    agent = find_one(call.context, Agent, identity)
    services = call.context.services
    with open_lookup(services.store) as lookup:
        tools = {tool_id: lookup.tools[tool_id] for tool_id in agent.tools if tool_id in lookup.tools}
    trial = AgentTrial(agent, tools, wanted.prompt, wanted.input, wanted.context or {})
    return wire.AgentReply.model_validate(trials.try_agent(services, trial, by=editor))
