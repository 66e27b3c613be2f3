"""Cron expressions: five fields, checked more strictly than Dagster does, and with words for what is wrong.

Dagster takes `*/70` for `0`, `1-1` for `*`, and stumbles at each tick over the 31st of April.
"""

import difflib
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import quote

_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FOUR_YEARS = [date(2024, 1, 1) + timedelta(days=number) for number in range(4 * 365 + 1)]
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of each month
_LONGEST_TIMEZONE = 60  # characters, of those that a name may be meant for
_ITEM = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\w+))?(?:#(?P<nth>\w+))?")


class _Fault(Exception):
    """The sentence about one item of a field."""


@dataclass(frozen=True)
class _Field:
    name: str
    lowest: int
    highest: int
    names: Mapping[str, int] = field(default_factory=dict[str, int], hash=False)

    def read(self, text: str) -> set[int]:
        """The values that a field stands for. Raises _Fault."""
        if text == "?" and self.name.startswith("day"):
            return self._all()
        items = text.split(",")
        return {value for item in items for value in self._read_item(item, is_alone=len(items) == 1)}

    def _read_item(self, item: str, *, is_alone: bool) -> set[int]:
        if self is _DAY and item == "l":
            return {28}  # the last of the month: it comes in each
        found = _ITEM.fullmatch(item)
        if found is None:
            raise _Fault(f"the {self.name} {quote(item)} is no number, list (1,2), range (1-5) or step (*/15)")
        first, last, step, nth = found.group("first", "last", "step", "nth")
        if nth is not None:
            return self._read_nth(item, first, nth, is_plain=is_alone and last is None and step is None)
        values = self._read_range(item, first, last)
        if step is None:
            return values
        if first != "*" and last is None:
            raise _Fault(f"the {self.name} {quote(item)} has no end: write `{first}-{self.highest}/{step}`")
        longest = self.highest - self.lowest
        if not (step.isdecimal() and 1 <= int(step) <= longest):
            raise _Fault(f"the step in the {self.name} {quote(item)} must be a number from 1 to {longest}")
        return values

    def _read_range(self, item: str, first: str, last: str | None) -> set[int]:
        if first == "*":
            if last is not None:
                raise _Fault(f"the {self.name} {quote(item)} goes from everything to something: write numbers")
            return self._all()
        low = self._read_number(first)
        if last is None:
            return {low}
        high = self._read_number(last)
        if low == high:
            raise _Fault(f"the {self.name} {quote(item)} is a range of one: write `{first}`")
        return set(range(low, high + 1)) if low < high else self._all() - set(range(high + 1, low))

    def _read_nth(self, item: str, day: str, nth: str, *, is_plain: bool) -> set[int]:
        if self is not _WEEKDAY or not is_plain or nth not in tuple("12345"):
            raise _Fault(f"the {self.name} {quote(item)}: only `mon#1` to `mon#5`, alone as day of the week, has a `#`")
        return {self._read_number(day)}

    def _read_number(self, text: str) -> int:
        value = self.names.get(text, int(text) if re.fullmatch("[0-9]{1,4}", text) else None)
        if value is None:
            names = f" or a name such as {quote(next(iter(self.names)))}" if self.names else ""
            raise _Fault(f"the {self.name} {quote(text)} must be a number{names}")
        if not self.lowest <= value <= self.highest:
            raise _Fault(f"the {self.name} {quote(text)} does not lie between {self.lowest} and {self.highest}")
        return value

    def _all(self) -> set[int]:
        return set(range(self.lowest, self.highest + 1))


_DAY = _Field("day of the month", 1, 31)
_MONTH = _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)})
_WEEKDAY = _Field("day of the week", 0, 7, {name: number for number, name in enumerate(_DAYS)})
_FIELDS = (_Field("minute", 0, 59), _Field("hour", 0, 23), _DAY, _MONTH, _WEEKDAY)


def list_cron_faults(cron: str) -> Iterator[str]:
    """What is wrong with a cron expression, a sentence for each field; none when Dagster can follow it."""
    text = cron.strip().lower()
    if text.startswith("@"):
        if text not in _MACROS:
            yield with_hint(f"There is no {quote(cron)}", text, _MACROS)
        return
    parts = text.split()
    if len(parts) != len(_FIELDS):
        yield (
            f"A cron expression has five fields (minute, hour, day of the month, month, day of the week), and this has "
            f"{len(parts)}: write `0 9 * * 1` for every Monday at 9."
        )
        return
    values: dict[_Field, set[int]] = {}
    for kind, part in zip(_FIELDS, parts, strict=True):
        try:
            values[kind] = kind.read(part)
        except _Fault as fault:
            yield f"{str(fault).capitalize()}."
    if len(values) < len(_FIELDS):
        return
    if "#" in parts[4] and parts[2] not in ("*", "?"):
        yield f"The day of the week {quote(parts[4])} stands only with `*` as day of the month: change one of them."
    if not _comes(values[_DAY], values[_MONTH]):
        yield f"The day of the month {quote(parts[2])} never comes in the month {quote(parts[3])}: change one of them."


def _comes(days: set[int], months: set[int]) -> bool:
    return any(min(days) <= _LONGEST[month - 1] for month in months)


def find_shortest_pause(cron: str) -> float:
    """The fewest seconds between two times of a cron expression in which there are no faults, all of them in UTC."""
    parts = _MACROS.get(cron.strip().lower(), cron.strip().lower()).split()
    minutes, hours, days, months, weekdays = (
        kind.read(part.partition("#")[0]) for kind, part in zip(_FIELDS, parts, strict=True)
    )
    is_either = parts[2] not in ("*", "?") and parts[4] not in ("*", "?")
    times = sorted(60 * (60 * hour + minute) for hour in hours for minute in minutes)
    pauses = [later - earlier for earlier, later in pairwise(times)]
    meant = [
        day
        for day in _FOUR_YEARS
        if day.month in months
        and (any if is_either else all)((day.day in days, bool({day.isoweekday(), day.isoweekday() % 7} & weekdays)))
    ]
    nights = [(later - earlier).total_seconds() for earlier, later in pairwise(meant)]
    return min([*pauses, *(night - times[-1] + times[0] for night in nights)], default=0.0)


def find_timezone_fault(name: str) -> str | None:
    """What is wrong with the name of a time zone, in a sentence; None for one that there is."""
    known = _list_timezones()
    if name in known.values():
        return None
    nearest = difflib.get_close_matches(name[:_LONGEST_TIMEZONE].lower(), known, n=1)
    guess = f"did you mean {quote(known[nearest[0]])}?" if nearest else "write it as in `Europe/Berlin`."
    return f"There is no time zone {quote(name)}: {guess}"


@cache
def _list_timezones() -> dict[str, str]:
    """Their names, by what they are in small letters."""
    return {name.lower(): name for name in sorted(zoneinfo.available_timezones())}
