"""The Python client of the API."""

from agentmesh_dagster.client.client import AgentMeshClient
from agentmesh_dagster.client.faults import ApiFault, ApiUnreachable, NothingThere, NotLoggedIn, Refused

__all__ = ["AgentMeshClient", "ApiFault", "ApiUnreachable", "NotLoggedIn", "NothingThere", "Refused"]
