"""What a tool type says of itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agentmesh_dagster.entities.models import Entity, ToolConfig
from agentmesh_dagster.specs.field_issue import FieldIssue


def _find_nothing(_: ToolConfig) -> Iterator[FieldIssue]:
    yield from ()


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A tool type; fields are named as on the wire."""

    config: type[Entity] | None = None  # what its tools may set; nothing can be called without what has no default
    settings: type[Entity] | None = None  # what the field `settings` holds; of types that packages bring
    type: str
    label: str  # what people call it
    purpose: str  # what it is for, in a sentence
    summary: tuple[str, ...] = ()  # fields that say in short what is called
    runs_in_python: bool = False  # in the process of the run: a host project's resources reach it
    has_secrets: bool = False  # `${NAME}` in its config stands for a secret
    secrets: tuple[str, ...] = ()  # variables of the environment whose values no error text shows
    list_issues: Callable[[ToolConfig], Iterator[FieldIssue]] = _find_nothing  # with its config, where that has values

    @property
    def needs(self) -> tuple[str, ...]:
        """Fields without which nothing can be called."""
        return tuple(self._list_fields(is_required=True))

    @property
    def takes(self) -> tuple[str, ...]:
        """Fields that may stand beside them."""
        return tuple(self._list_fields(is_required=False))

    @property
    def fields(self) -> tuple[str, ...]:
        """All that it may have."""
        return (*self.needs, *self.takes, *(("settings",) if self.settings else ()))

    def _list_fields(self, *, is_required: bool) -> Iterator[str]:
        for name, field in self.config.model_fields.items() if self.config else ():
            if field.is_required() is is_required:
                yield field.alias or name
