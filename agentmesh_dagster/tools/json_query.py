"""The builtin `json_query`: JMESPath over JSON, with bounds on what a query may cost.

JMESPath cannot loop, but `[@,@] | [@,@] | …` doubles its value with every step, and `join` multiplies.
"""

import time
from collections.abc import Callable
from typing import Any

from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.functions import Functions, signature
from jmespath.parser import Parser
from jmespath.visitor import Options, TreeInterpreter

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.errors import InvalidToolInput, cut_excerpt
from agentmesh_dagster.tools.request import ToolRequest

MAX_SECONDS = 2.0
_VALUE_COST = 8  # about the bytes that a number, a key or a bracket takes


class _CostError(Exception):
    """The query asks for more than a tool call may cost."""


def run_json_query(request: ToolRequest, settings: Settings) -> JsonValue:
    """`{"result": …}` of the query; null where there is nothing."""
    wanted = request.fields
    query: str = wanted["query"]
    try:
        parsed: Any = Parser().parse(query).parsed
        return {"result": _BoundedInterpreter(settings.max_value_bytes).visit(parsed, wanted["data"])}
    except _CostError as error:
        raise InvalidToolInput(f"the query {error}") from None
    except RecursionError:
        raise InvalidToolInput("the query or its data is nested too deep") from None
    except JMESPathTypeError as error:  # its own text quotes the whole value
        raise InvalidToolInput(f"JMESPath: {error.function_name}() does not take {error.actual_type}") from None
    # JMESPath compares and computes as Python does, so a value of the wrong type rises as a plain error.
    except (JMESPathError, TypeError, ValueError, ArithmeticError) as error:
        raise InvalidToolInput(f"JMESPath: {cut_excerpt(str(error))}") from error


class _BoundedFunctions(Functions):
    """JMESPath's own functions, of which one can write far more than it reads."""

    def __init__(self, spend: Callable[[int], None]) -> None:
        self._spend = spend

    @signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, array: list[str]) -> str:
        self._spend(len(separator) * len(array))
        return separator.join(array)


class _BoundedInterpreter(TreeInterpreter):
    """JMESPath's own interpreter, which gives up after two seconds or `max_bytes` of new values."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(Options(custom_functions=_BoundedFunctions(self._spend)))
        self._bytes_left = max_bytes
        self._stop = time.monotonic() + MAX_SECONDS

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() > self._stop:
            raise _CostError(f"takes longer than {MAX_SECONDS:g} seconds")
        return super().visit(node, *args, **kwargs)

    # Only these make values that hold others more than once, or texts that were not there before.
    def visit_literal(self, node: Any, value: Any) -> Any:
        return self._spend_on(super().visit_literal(node, value))

    def visit_multi_select_list(self, node: Any, value: Any) -> Any:
        return self._spend_on(super().visit_multi_select_list(node, value))

    def visit_multi_select_dict(self, node: Any, value: Any) -> Any:
        return self._spend_on(super().visit_multi_select_dict(node, value))

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        result: Any = super().visit_function_expression(node, value)
        self._spend(len(result) if isinstance(result, str) else 0)
        return result

    def _spend(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise _CostError("builds more than a value may hold (AGENTMESH_MAX_VALUE_BYTES)")

    def _spend_on(self, made: JsonValue) -> JsonValue:
        """`made`, paid for with everything in it, as often as it stands there."""
        stack = [made]
        while stack:
            value = stack.pop()
            self._spend(_VALUE_COST + (len(value) if isinstance(value, str) else 0))
            if isinstance(value, list):
                stack.extend(value)
            elif isinstance(value, dict):
                stack.extend(value.values())
        return made
