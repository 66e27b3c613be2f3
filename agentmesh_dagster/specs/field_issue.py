"""What a spec finds wrong with what an author has set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldIssue:
    """A fault of one field: of a node's `config`, or of a trigger."""

    code: str  # kebab-case, stable
    field: str  # its place, by wire names: `notify.url`
    message: str  # a sentence that says what to do
    is_warning: bool = False  # it is accepted, and probably not what was meant
