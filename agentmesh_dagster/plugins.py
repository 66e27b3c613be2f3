"""For packages that bring types of nodes and tools, or providers of models: all that their one module needs.

    from agentmesh_dagster.plugins import NodeKind, NodeSpec, Result, Work

docs/EXTENDING.md shows one of each. What is not named here may change from release to release.
"""

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Agent, Entity, JsonObject, Tool
from agentmesh_dagster.errors import AgentMeshError, FaultCode
from agentmesh_dagster.providers.chat import (
    ChatReply,
    ChatRequest,
    Message,
    Provider,
    ProviderKind,
    ToolCall,
    Usage,
)
from agentmesh_dagster.providers.endpoints import Endpoint, build_endpoint, explain_status
from agentmesh_dagster.providers.errors import (
    MalformedReply,
    ProviderBroken,
    ProviderBusy,
    ProviderError,
    ProviderNotConfigured,
    ProviderTimeout,
    ProviderUnreachable,
    RequestRefused,
)
from agentmesh_dagster.runtime.work import NodeError, NodeKind, Result, WaitRequest, Work
from agentmesh_dagster.settings import Settings, read_setting
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.node_config import NodeConfig, WorkConfig, Written
from agentmesh_dagster.specs.node_spec import NodeFacts, NodeSpec, Place, Ports
from agentmesh_dagster.specs.plugins import BrokenPlugins
from agentmesh_dagster.specs.provider_spec import ProviderSpec
from agentmesh_dagster.specs.shapes import Shape, describe
from agentmesh_dagster.specs.tool_spec import ToolSpec
from agentmesh_dagster.store.gates import NewGate
from agentmesh_dagster.store.waits import WaitKind
from agentmesh_dagster.tools.description import ToolDescription
from agentmesh_dagster.tools.errors import InvalidTool, InvalidToolInput, InvalidToolOutput, ToolError
from agentmesh_dagster.tools.kinds import ToolKind
from agentmesh_dagster.tools.request import ToolRequest

__all__ = [
    "Agent",
    "AgentMeshError",
    "BrokenPlugins",
    "ChatReply",
    "ChatRequest",
    "Endpoint",
    "Entity",
    "FaultCode",
    "FieldIssue",
    "InvalidTool",
    "InvalidToolInput",
    "InvalidToolOutput",
    "JsonObject",
    "JsonValue",
    "MalformedReply",
    "Message",
    "NewGate",
    "NodeConfig",
    "NodeError",
    "NodeFacts",
    "NodeKind",
    "NodeSpec",
    "Place",
    "Ports",
    "Provider",
    "ProviderBroken",
    "ProviderBusy",
    "ProviderError",
    "ProviderKind",
    "ProviderNotConfigured",
    "ProviderSpec",
    "ProviderTimeout",
    "ProviderUnreachable",
    "RequestRefused",
    "Result",
    "Settings",
    "Shape",
    "Tool",
    "ToolCall",
    "ToolDescription",
    "ToolError",
    "ToolKind",
    "ToolRequest",
    "ToolSpec",
    "Usage",
    "WaitKind",
    "WaitRequest",
    "Work",
    "WorkConfig",
    "Written",
    "build_endpoint",
    "describe",
    "explain_status",
    "read_setting",
]
