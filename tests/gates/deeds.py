"""What can be done in a world, and what can come in between."""

from dataclasses import dataclass


class Crash(BaseException):
    """The process that does something dies here."""


@dataclass(frozen=True)
class Deed:
    """Something that somebody does; `pick` chooses to what, `how` in which way."""

    name: str
    pick: int = 0
    how: str = ""


@dataclass(frozen=True)
class Trouble:
    """What happens in the middle of a deed, at the given one of its transactions and calls to Dagster.

    Without a `meanwhile` the process that does the deed dies there.
    """

    at: int
    meanwhile: Deed | None = None
    then: "Trouble | None" = None  # what happens in the middle of the `meanwhile`
