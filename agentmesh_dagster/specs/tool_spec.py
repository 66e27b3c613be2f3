"""What a tool type says of itself."""

from dataclasses import dataclass

from agentmesh_dagster.entities.models import Entity


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A tool type; fields are those of `config`, by wire name."""

    settings: type[Entity] | None = None  # what the field `settings` holds; of types that packages bring
    type: str
    label: str  # what people call it
    purpose: str  # what it is for, in a sentence
    needs: tuple[str, ...] = ()  # fields without which nothing can be called
    takes: tuple[str, ...] = ()  # fields that may stand beside them
    runs_in_python: bool = False  # in the process of the run: a host project's resources reach it
    has_secrets: bool = False  # `${NAME}` in its config stands for a secret
    secrets: tuple[str, ...] = ()  # variables of the environment whose values no error text shows

    @property
    def fields(self) -> tuple[str, ...]:
        """All that it may have."""
        return (*self.needs, *self.takes, *(("settings",) if self.settings else ()))
