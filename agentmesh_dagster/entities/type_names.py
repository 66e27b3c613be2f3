"""Names of node types, tool types and providers: any text here; `specs` says which of them there are.

So what is stored can be read after the package that brought its type has gone. Who reads what people write hands
`KnownTypes` to pydantic, and an unknown name is a fault.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType


@dataclass(frozen=True)
class KnownTypes:
    """The `context` in which pydantic reads what people write; each in the order in which people choose."""

    nodes: Collection[str]
    tools: Collection[str]
    providers: Collection[str]


def _one_of(list_names: Callable[[KnownTypes], Collection[str]]) -> BeforeValidator:
    def check(value: object, info: ValidationInfo) -> object:
        if not isinstance(info.context, KnownTypes):
            return value
        known = list_names(info.context)
        if not isinstance(value, str) or value not in known:
            # In the words in which pydantic refuses what an enum does not have.
            raise PydanticCustomError("enum", "is not known", {"expected": ", ".join(f"'{name}'" for name in known)})
        return value

    return BeforeValidator(check)


_Name = Annotated[str, Field(min_length=1, max_length=255)]
# Named, so that the schemas that are made of entities name them too.
NodeType = TypeAliasType("NodeType", Annotated[_Name, _one_of(lambda known: known.nodes)])
ToolType = TypeAliasType("ToolType", Annotated[_Name, _one_of(lambda known: known.tools)])
ModelProvider = TypeAliasType("ModelProvider", Annotated[_Name, _one_of(lambda known: known.providers)])
