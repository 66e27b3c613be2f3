"""Tools of type `function`: plain Python functions that somebody registered, and no others.

    @tool
    def look_up_order(order_id: str) -> dict[str, str]: ...

A package may also name its functions, or a module that registers some, in the entry-point group
`agentmesh.tools`.
"""

import difflib
import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar, overload

from agentmesh_dagster.tools.errors import InvalidTool, UnknownFunction, cut_excerpt
from agentmesh_dagster.tools.tool_function import ToolFunction

ENTRY_POINT_GROUP = "agentmesh.tools"

_Function = TypeVar("_Function", bound=Callable[..., object])


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
    if inspect.isasyncgenfunction(call):
        raise InvalidTool(f"`{name}` yields asynchronously: return a list")
    return ToolFunction(name, call)


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
