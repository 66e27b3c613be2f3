"""Plugins: types of nodes and tools, and providers, that other packages bring by entry points.

An entry point names an object with a `spec`, and with what does the work of the type: see docs/EXTENDING.md. This floor
reads the specs; the floors that do the work read the rest of the same objects.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.specs.node_spec import NodeSpec
from agentmesh_dagster.specs.provider_spec import ProviderSpec
from agentmesh_dagster.specs.tool_spec import ToolSpec

T = TypeVar("T")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LONGEST_REASON = 300  # characters


class BrokenPlugins(AgentMeshError):
    """Installed packages bring types that cannot be used: mend or uninstall them, and start again."""


class Group(StrEnum):
    """The groups of entry points; the name of each entry point is that of the type."""

    NODES = "agentmesh.nodes"
    TOOLS = "agentmesh.tool_types"  # in `agentmesh.tools` stand functions, which are no types
    PROVIDERS = "agentmesh.providers"


# What an entry point must give: the class of its `spec`, the field there that has the name, and what does the work.
_SHAPES: Mapping[Group, tuple[type, str, str]] = {
    Group.NODES: (NodeSpec, "type", "run"),
    Group.TOOLS: (ToolSpec, "type", "run"),
    Group.PROVIDERS: (ProviderSpec, "name", "build"),
}


class _Unfit(Exception):
    """Why what an entry point gives is no type."""


class Plugins:
    """What the installed packages bring; loaded once, at the first look, since that imports them."""

    def __init__(
        self, ours: Mapping[Group, Iterable[str]], list_points: Callable[..., Iterable[EntryPoint]] = entry_points
    ) -> None:
        """`ours` are the names that are taken already; `list_points` gives the entry points of a group."""
        self._ours = {group: frozenset(names) for group, names in ours.items()}
        self._list_points = list_points
        self._lock = threading.RLock()

    def load(self) -> Mapping[Group, Mapping[str, Any]]:
        """What the entry points give, by group and name, by name in order. Raises BrokenPlugins with all faults."""
        with self._lock:
            return self._loaded

    @cached_property
    def _loaded(self) -> Mapping[Group, Mapping[str, Any]]:
        found: dict[Group, dict[str, Any]] = {}
        faults: list[str] = []
        for group in Group:
            kinds = found[group] = {}
            taken = dict.fromkeys(self._ours[group], "AgentMesh itself")
            for point in sorted(self._list_points(group=group.value), key=lambda one: (one.name, _name_package(one))):
                try:
                    if point.name in taken:
                        raise _Unfit(f"the name is that of a type of {taken[point.name]}")
                    taken[point.name] = _name_package(point)
                    kinds[point.name] = _load(group, point)
                except _Unfit as fault:
                    faults.append(f"- {_name_package(point)}, `{point.name} = {point.value}` in {group}: {fault}")
        if faults:
            raise BrokenPlugins("\n" + "\n".join(faults))
        return found

    def join(self, group: Group, ours: Mapping[str, T], read: Callable[[Any], T]) -> "Registry[T]":
        """Ours and what packages bring of one group; `read` takes from what an entry point gives what ours are."""
        return Registry(lambda: {**ours, **{name: read(kind) for name, kind in self.load()[group].items()}})


class Registry(Mapping[str, T], Generic[T]):
    """What there is, by name: ours in our order, then that of packages by name. Each look may raise BrokenPlugins."""

    def __init__(self, load: Callable[[], Mapping[str, T]]) -> None:
        self._load = load

    @cached_property
    def _all(self) -> Mapping[str, T]:
        return self._load()

    def __getitem__(self, name: str) -> T:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def _load(group: Group, point: EntryPoint) -> Any:
    """What an entry point gives. Raises _Unfit."""
    if not _NAME.fullmatch(point.name):
        raise _Unfit("a name has lower-case letters, digits and underscores, and begins with a letter")
    try:
        kind = point.load()
    except Exception as error:
        raise _Unfit(f"it cannot be loaded: {type(error).__name__}: {str(error)[:_LONGEST_REASON]}") from error
    spec_type, name_field, work = _SHAPES[group]
    spec = getattr(kind, "spec", None)
    if not isinstance(spec, spec_type):
        raise _Unfit(f"it has no `spec` that is a {spec_type.__name__}")
    if not callable(getattr(kind, work, None)):
        raise _Unfit(f"it has no function `{work}`")
    name = getattr(spec, name_field)
    if name != point.name:
        raise _Unfit(f"its spec says {name_field} {quote(name)}: give both the same name")
    return kind


def _name_package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
