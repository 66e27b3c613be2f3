"""A Python function as a tool: called with JSON, and what it gives is JSON again."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, cast

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.errors import AttemptStopped
from agentmesh_dagster.tools.errors import (
    InvalidTool,
    InvalidToolInput,
    ToolError,
    ToolFunctionFailed,
    ToolTimedOut,
    cut_excerpt,
)
from agentmesh_dagster.tools.python_values import write_as_json
from agentmesh_dagster.tools.signatures import KEY_PARAMETER, Signature

_NO_RESOURCES: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class ToolFunction:
    name: str
    call: Callable[..., object]

    @cached_property
    def _signature(self) -> Signature:
        # Only when it is asked for: hints may name what stands behind the function in its module.
        return Signature(self.call, self.name)

    @property
    def description(self) -> str:
        """What the function's docstring says of the whole."""
        return self._signature.description

    @property
    def input_schema(self) -> JsonObject:
        """The fields that it takes. Raises InvalidTool."""
        return self._signature.input_schema

    @property
    def output_schema(self) -> JsonObject:
        """What it says that it gives; {} where it says nothing. Raises InvalidTool."""
        return self._signature.output_schema

    def run(
        self,
        value: JsonValue,
        idempotency_key: str = "",
        resources: Mapping[str, object] = _NO_RESOURCES,
        deadline: float | None = None,
    ) -> JsonValue:
        """What the function returns for the fields of `value` as arguments (null stands for none).

        A parameter `idempotency_key` gets the key, one that is named as one of `resources` that resource. An async one
        is awaited until `deadline` (a time.monotonic() value). What the function raises becomes ToolFunctionFailed,
        unless it is a ToolError; InvalidToolInput when its parameters do not fit; InvalidTool, before it is called,
        when what it returns can never be JSON.
        """
        if not isinstance(value, dict | None):
            raise InvalidToolInput("a function takes an object, whose fields are its arguments")
        _ = self.output_schema
        given = self._find_given(idempotency_key, resources)
        for name in given.keys() & (value or {}).keys() - {KEY_PARAMETER}:
            raise InvalidToolInput(f"`{name}` is a resource of the code location, and no field of the input")
        fields = {name: field for name, field in (value or {}).items() if name not in given}
        with _plain_errors():
            bound = self._signature.bind(fields, given)
            result = self.call(*bound.args, **bound.kwargs)
            if inspect.isawaitable(result):
                result = asyncio.run(_await(result, deadline))
            if isinstance(result, Iterator):  # what it still has to do is its own work
                result = list(cast("Iterator[object]", result))
            return write_as_json(result)

    def _find_given(self, idempotency_key: str, resources: Mapping[str, object]) -> dict[str, Any]:
        """The arguments that are no fields of the input. Raises InvalidTool when a resource is missing."""
        given: dict[str, Any] = {name: resources[name] for name in self._signature.parameters & resources.keys()}
        if KEY_PARAMETER in self._signature.parameters:
            given[KEY_PARAMETER] = idempotency_key
        for name, is_optional in self._signature.resources.items():
            if name not in given and not is_optional:
                raise InvalidTool(
                    f"`{self.name}` needs the Dagster resource `{name}`, which this run does not have: launch it in"
                    f" a code location whose build_definitions has it among its resource_keys"
                )
        return given


async def _await(result: Awaitable[object], deadline: float | None) -> object:
    left = None if deadline is None else deadline - time.monotonic()
    limit = asyncio.timeout(left)
    try:
        async with limit:
            return await result
    except TimeoutError as error:
        if limit.expired():
            raise ToolTimedOut("the node's time was over; raise its timeoutSeconds") from error
        raise


@contextmanager
def _plain_errors() -> Generator[None]:
    """All that somebody's code may raise as ToolFunctionFailed, also what would end the program."""
    try:
        yield
    except (ToolError, AttemptStopped):
        raise  # the function chose its fault, and whether it may be retried; or its time is over
    except SystemExit as error:
        raise ToolFunctionFailed(f"it called sys.exit({error.code!r}): let it return, or raise an error") from error
    except RecursionError as error:
        raise ToolFunctionFailed(f"RecursionError: it calls itself without end ({_read_text(error)})") from error
    except BaseException as error:  # native code has its own; an interrupt from outside comes to the main thread alone
        text = _read_text(error)
        raise ToolFunctionFailed(f"{type(error).__name__}{': ' if text else ''}{text}") from error


def _read_text(error: BaseException) -> str:
    try:
        return cut_excerpt(str(error))
    except Exception:  # noqa: BLE001 - an error that cannot even be told
        return ""
