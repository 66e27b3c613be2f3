"""Tools of type `function`: plain Python functions that somebody registered, and no others.

    @tool
    def look_up_order(order_id: str) -> dict[str, str]: ...

A package may also name its functions, or a module that registers some, in the entry-point group
`agentmesh.tools`.
"""

import copy
import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, TypeVar, overload

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.tools.errors import (
    InvalidTool,
    InvalidToolInput,
    ToolError,
    ToolFunctionFailed,
    UnknownFunction,
    cut_excerpt,
)

ENTRY_POINT_GROUP = "agentmesh.tools"
_KEY_PARAMETER = "idempotency_key"
_RESOURCE_BASES = {"ConfigurableResourceFactory", "ResourceDefinition", "TreatAsResourceParam"}  # of Dagster

_Function = TypeVar("_Function", bound=Callable[..., object])


@dataclass(frozen=True)
class ToolFunction:
    name: str
    call: Callable[..., object]
    signature: inspect.Signature = field(repr=False)

    @property
    def description(self) -> str:
        """The function's docstring."""
        return inspect.getdoc(self.call) or ""

    def run(
        self, value: JsonValue, idempotency_key: str, resources: Mapping[str, object] = MappingProxyType({})
    ) -> object:
        """What the function returns for the fields of `value` as keyword arguments (null stands for none).

        A parameter `idempotency_key` gets the key, one that is named as one of `resources` that resource. What the
        function raises becomes ToolFunctionFailed, unless it is a ToolError; InvalidToolInput when its parameters do
        not fit.
        """
        if value is not None and not isinstance(value, dict):
            raise InvalidToolInput("a function takes an object, whose fields are its keyword arguments")
        # A copy, since the function may change what it gets.
        arguments = copy.deepcopy(value or {})
        if _KEY_PARAMETER in self.signature.parameters:
            arguments[_KEY_PARAMETER] = idempotency_key
        self._give_resources(arguments, resources)
        try:
            bound = self.signature.bind(**arguments)
        except TypeError as error:
            raise InvalidToolInput(f"`{self.name}{self.signature}`: {error}") from error
        try:
            return self.call(*bound.args, **bound.kwargs)
        except ToolError:
            raise  # the function chose its fault, and whether it may be retried
        except Exception as error:
            raise ToolFunctionFailed(f"{type(error).__name__}: {cut_excerpt(str(error))}") from error

    def _give_resources(self, arguments: dict[str, Any], resources: Mapping[str, object]) -> None:
        """Puts the host's resources among the arguments. Raises InvalidToolInput, InvalidTool."""
        for name, parameter in self.signature.parameters.items():
            is_resource = _is_resource(parameter.annotation)
            if name in resources or is_resource:
                if name in arguments:
                    raise InvalidToolInput(f"`{name}` is a resource of the code location, and no field of the input")
                if name in resources:
                    arguments[name] = resources[name]
                elif parameter.default is inspect.Parameter.empty:
                    raise InvalidTool(
                        f"`{self.name}` needs the Dagster resource `{name}`, which this run does not have: launch it in"
                        f" a code location whose build_definitions has it among its resource_keys"
                    )


def _is_resource(annotation: Any) -> bool:
    """Whether a parameter's type is a resource of Dagster's, which this floor does not import."""
    if "resource_param" in getattr(annotation, "__metadata__", ()):  # ResourceParam[…]
        return True
    return any(base.__name__ in _RESOURCE_BASES for base in getattr(annotation, "__mro__", ()))


class FunctionRegistry:
    """The functions that tools may name: registered here, or loaded from entry points when asked for."""

    def __init__(self, list_entry_points: Callable[[], Mapping[str, EntryPoint]] | None = None) -> None:
        """`list_entry_points` gives the entry points by name; the installed ones unless given."""
        self._list_entry_points = list_entry_points or _list_installed
        self._registered: dict[str, ToolFunction] = {}
        self._loaded: dict[str, ToolFunction | None] = {}  # by entry point; None for a module
        self._faults: dict[str, str] = {}  # by entry point

    @cached_property
    def _entry_points(self) -> Mapping[str, EntryPoint]:
        return self._list_entry_points()

    def register(self, call: Callable[..., object], name: str) -> None:
        """Makes `call` known as `name`; raises InvalidTool when another function has that name."""
        known = self._registered.setdefault(name, _describe(call, name))
        if _origin(known.call) != _origin(call):
            raise InvalidTool(f"two functions are named `{name}`: {_origin(known.call)} and {_origin(call)}")
        self._registered[name] = _describe(call, name)  # a module that was loaded again brings the newer one

    def look_up(self, name: str) -> ToolFunction:
        """The function of this name; raises UnknownFunction, InvalidTool when its entry point is broken."""
        if found := self._registered.get(name):
            return found
        if name in self._entry_points:
            if found := self._load(name) or self._registered.get(name):
                return found
            if name in self._faults:
                raise InvalidTool(f"the entry point `{name}` cannot be loaded: {self._faults[name]}")
        for module in [key for key, point in self._entry_points.items() if not point.attr]:
            self._load(module)
            if found := self._registered.get(name):
                return found
        raise UnknownFunction(self._describe_unknown(name))

    def list_all(self) -> list[ToolFunction]:
        """All functions that can be found here, by name; what an entry point cannot give is left out."""
        for key in self._entry_points:
            self._load(key)
        loaded = {name: function for name, function in self._loaded.items() if function is not None}
        found = {**loaded, **self._registered}
        return [found[name] for name in sorted(found)]

    def _load(self, key: str) -> ToolFunction | None:
        """The function of one entry point; None when it names a module, or is broken."""
        if key in self._faults:
            return None
        if key not in self._loaded:
            point = self._entry_points[key]
            try:
                loaded = point.load()
                self._loaded[key] = _describe(loaded, key) if point.attr else None
            except Exception as error:  # noqa: BLE001 - somebody else's module; it costs its own name only
                self._faults[key] = f"{type(error).__name__}: {cut_excerpt(str(error))} ({point.value})"
                return None
        return self._loaded[key]

    def _describe_unknown(self, name: str) -> str:
        known = sorted({*self._registered, *(key for key, point in self._entry_points.items() if point.attr)})
        near = difflib.get_close_matches(name, known, n=3) or known[:10]
        sentence = f"`{name}`"
        if near:
            sentence += "; known are " + ", ".join(f"`{each}`" for each in near)
        for key, fault in self._faults.items():
            sentence += f"; the entry point `{key}` cannot be loaded: {fault}"
        return sentence


def _describe(call: Any, name: str) -> ToolFunction:
    if not callable(call):
        raise InvalidTool(f"`{name}` is {type(call).__name__} and no function")
    if inspect.iscoroutinefunction(call):
        raise InvalidTool(f"`{name}` is async; tools are plain functions, since calls run in threads")
    return ToolFunction(name, call, _read_signature(call))


def _read_signature(call: Callable[..., object]) -> inspect.Signature:
    try:
        return inspect.signature(call, eval_str=True)
    except (NameError, TypeError, AttributeError):  # a hint that is imported for type checkers only
        return inspect.signature(call)


def _origin(call: Callable[..., object]) -> str:
    return f"{getattr(call, '__module__', '?')}.{getattr(call, '__qualname__', repr(call))}"


def _list_installed() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


_functions = FunctionRegistry()


@overload
def tool(function: _Function, /) -> _Function: ...
@overload
def tool(name: str | None = None, /) -> Callable[[_Function], _Function]: ...
@overload
def tool(*, name: str | None = None) -> Callable[[_Function], _Function]: ...
def tool(function: Any = None, /, *, name: str | None = None) -> Any:
    """Registers a function for tools of type `function`, under its own name unless another is given.

    The function is called with the fields of the tool's input as keyword arguments, and gives back JSON.
    """
    if callable(function):
        _functions.register(function, getattr(function, "__name__", type(function).__name__))
        return function
    chosen = name or function

    def register(call: _Function) -> _Function:
        _functions.register(call, chosen or getattr(call, "__name__", type(call).__name__))
        return call

    return register


def lookup_function(name: str) -> ToolFunction:
    """The function of this name; raises UnknownFunction, InvalidTool when its entry point is broken."""
    return _functions.look_up(name)


def list_functions() -> list[ToolFunction]:
    """The functions that this process knows, by name."""
    return _functions.list_all()
