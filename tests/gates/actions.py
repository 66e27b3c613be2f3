"""What can be done in a system, and what can come in between."""

from dataclasses import dataclass


class Crash(BaseException):
    """The process that does something dies here."""


@dataclass(frozen=True)
class Action:
    """Something that somebody does; `pick` chooses to what, `how` in which way."""

    name: str
    pick: int = 0
    how: str = ""


@dataclass(frozen=True)
class Trouble:
    """What happens in the middle of an action, at the given one of its transactions and calls to Dagster.

    Without a `meanwhile` the process that does the action dies there.
    """

    at: int
    meanwhile: Action | None = None
    then: "Trouble | None" = None  # what happens in the middle of the `meanwhile`
