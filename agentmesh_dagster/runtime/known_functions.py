"""The functions of this process, as the store keeps them and the API shows them."""

from agentmesh_dagster.store.catalogue import FunctionInfo
from agentmesh_dagster.tools import ToolError, ToolFunction


def describe_function(function: ToolFunction) -> FunctionInfo:
    """What the function takes and gives, or why it cannot be called."""
    try:
        return FunctionInfo(function.name, function.description, function.input_schema, function.output_schema)
    except ToolError as error:
        return FunctionInfo(function.name, function.description, {}, {}, error.detail)
