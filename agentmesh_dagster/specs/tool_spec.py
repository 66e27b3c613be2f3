"""What a tool type says of itself."""

from collections.abc import Iterator
from dataclasses import dataclass

from agentmesh_dagster.entities.models import Entity, ToolType


@dataclass(frozen=True)
class ToolSpec:
    """A tool type; fields are named as on the wire."""

    config: type[Entity]  # what its tools may set; nothing can be called without what has no default
    type: ToolType
    label: str  # what people call it
    purpose: str  # what it is for, in a sentence
    summary: tuple[str, ...]  # fields that say in short what is called
    runs_in_python: bool = False  # in the process of the run: a host project's resources reach it
    has_secrets: bool = False  # `${NAME}` in its config stands for a secret

    @property
    def needs(self) -> tuple[str, ...]:
        """Fields without which nothing can be called."""
        return tuple(self._list_fields(is_required=True))

    @property
    def takes(self) -> tuple[str, ...]:
        """Fields that may stand beside them."""
        return tuple(self._list_fields(is_required=False))

    def _list_fields(self, *, is_required: bool) -> Iterator[str]:
        for name, field in self.config.model_fields.items():
            if field.is_required() is is_required:
                yield field.alias or name
