"""What is wrong with a JSON Schema itself."""

from agentmesh_dagster.errors import AgentMeshError


class InvalidSchema(AgentMeshError):
    """This is no JSON Schema."""
