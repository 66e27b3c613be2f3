"""Addresses: which step of a run is meant: a node, and where it stands inside of what is repeated or called.

A path is written as its frames, the outermost first, with `/` between: the empty text outside of everything, `[3]` for
the item at index 3 of an `each`, `#2` for the second round of a loop, `review` for what the sub-workflow node `review`
calls. Of which `each` or loop a frame is follows from the node.

They are tuples, which are hashed and compared without a call of Python's: a run has one for each step. Each frame has
its kind, so that an item is no round.
"""

from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import unquote

from agentmesh_dagster.entities.json_values import JsonValue


class Item(NamedTuple):
    """One item of an `each`."""

    position: int  # from 0
    kind: Literal["item"] = "item"

    def __str__(self) -> str:
        return f"[{self.position}]"


class Round(NamedTuple):
    """One round of a loop."""

    number: int  # from 1
    kind: Literal["round"] = "round"

    def __str__(self) -> str:
        return f"#{self.number}"


class Call(NamedTuple):
    """The inside of a sub-workflow."""

    node_id: str  # of the node that calls it
    kind: Literal["call"] = "call"

    def __str__(self) -> str:
        escaped = self.node_id.replace("%", "%25").replace("/", "%2F")
        return _FIRST.get(escaped[:1], escaped[:1]) + escaped[1:]


_FIRST = {"[": "%5B", "#": "%23"}  # what the other frames begin with

Frame = Item | Round | Call
Path = tuple[Frame, ...]
Items = tuple[Item, ...]


class Address(NamedTuple):
    """Which step of a run."""

    node_id: str
    path: Path = ()

    @property
    def item(self) -> int | None:
        """The index of the innermost item; None outside of every `each`."""
        return next((frame.position for frame in reversed(self.path) if isinstance(frame, Item)), None)

    @property
    def round(self) -> int | None:
        """The round of the innermost loop; None outside of every loop."""
        return next((frame.number for frame in reversed(self.path) if isinstance(frame, Round)), None)

    def is_round_before(self, other: "Address") -> bool:
        """Whether it is the same node in an earlier round of the other's innermost loop."""
        if self.node_id != other.node_id or len(self.path) != len(other.path):
            return False
        differing = [pair for pair in zip(self.path, other.path, strict=True) if pair[0] != pair[1]]
        if len(differing) != 1 or self.round is None or other.round is None:
            return False
        [(frame, later)] = differing
        innermost = next(frame for frame in reversed(other.path) if isinstance(frame, Round))
        return isinstance(frame, Round) and later is innermost and frame.number < innermost.number

    @property
    def items(self) -> Items:
        """The items in its path, the outermost first."""
        return tuple(frame for frame in self.path if isinstance(frame, Item))

    @property
    def place(self) -> Path:
        """The rest of its path: which round and which call it stands in, whatever the item."""
        return tuple(frame for frame in self.path if not isinstance(frame, Item))

    def covers(self, other: "Address") -> bool:
        """Whether it is the other step, or stands for several of which that is one.

        Without an item it stands for all items; with fewer rounds or calls for all that stands inside of them.
        """
        return (
            self.node_id == other.node_id
            and other.items[: len(self.items)] == self.items
            and other.place[: len(self.place)] == self.place
        )


def write_path(path: Path) -> str:
    """As the store and the API have it."""
    return "/".join(map(str, path))


def read_address(node_id: str, path: str) -> Address:
    """The address that the store keeps in two columns."""
    return Address(node_id, read_path(path))


@lru_cache(maxsize=4096)
def read_path(text: str) -> Path:
    """What `write_path` wrote."""
    return tuple(_read_frame(part) for part in text.split("/")) if text else ()


def _read_frame(text: str) -> Frame:
    if text.startswith("["):
        return Item(int(text[1:-1]))
    return Round(int(text[1:])) if text.startswith("#") else Call(unquote(text))


def describe_address(address: Address) -> dict[str, JsonValue]:
    """As events name a step."""
    return {"nodeId": address.node_id, "item": address.item, "path": write_path(address.path)}
