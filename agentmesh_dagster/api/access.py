"""Who asks, and whether they may."""

from typing import Annotated, Any

from fastapi import Depends, Request

from agentmesh_dagster.entities.access import Identity, Permission
from agentmesh_dagster.errors import AgentMeshError

IDENTITY_KEY = "agentmesh.identity"  # in the ASGI scope, put there by the guard


class NotAllowed(AgentMeshError):
    """You may not do this."""


def get_identity(request: Request) -> Identity:
    identity = request.scope[IDENTITY_KEY]
    assert isinstance(identity, Identity)
    return identity


Somebody = Annotated[Identity, Depends(get_identity)]


def requires(permission: Permission) -> Any:
    """A dependency that lets only those pass who have the permission; raises NotAllowed."""

    def check(identity: Somebody) -> Identity:
        if not identity.may(permission):
            raise NotAllowed(f"{identity.name} is {identity.role.value}, and this needs the permission to {permission}")
        return identity

    return Depends(check)
