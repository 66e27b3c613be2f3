"""What a tool type says of itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ToolSpec:
    """A tool type; fields are those of `config`, by wire name."""

    type: str
    label: str  # what people call it
    purpose: str  # what it is for, in a sentence
    needs: tuple[str, ...]  # fields without which nothing can be called
    takes: tuple[str, ...] = ()  # fields that may stand beside them
    runs_in_python: bool = False  # in the process of the run: a host project's resources reach it
    has_secrets: bool = False  # `${NAME}` in its config stands for a secret
