"""Cron expressions: what is accepted Dagster can follow, and what is not is explained."""

import random
from datetime import UTC, datetime

import pytest
from dagster._utils.schedules import cron_string_iterator, is_valid_cron_string

from agentmesh_dagster.specs.cron import list_cron_faults

_PARTS = ["*", "?", "L", "1", "5", "0", "7", "12", "31", "59", "60", "30", "29", "2", "4"]
_PARTS += ["*/5", "1-5", "22-2", "fri-mon", "mon", "FRI", "jan", "mon#2", "-", "/", "#", ","]


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 25 * * *", "The hour `25` does not lie between 0 and 23."),
        ("0 9 * *", "has five fields"),
        ("0 0 9 * * *", "this has 6"),
        ("", "this has 0"),
        ("@dayly", "did you mean `@daily`?"),
        ("@reboot", "There is no `@reboot`: known are"),
        ("*/70 * * * *", "The step in the minute `*/70` must be a number from 1 to 59."),
        ("*/0 * * * *", "The step in the minute `*/0` must be"),
        ("5/10 * * * *", "write `5-59/10`"),
        ("0 0 1-1 * *", "is a range of one: write `1`"),
        ("0 0 31 4 *", "The day of the month `31` never comes in the month `4`"),
        ("0 0 30 FEB *", "never comes"),
        ("0 0 * JANUARY *", "must be a number or a name such as `jan`"),
        ("0 0 * * mon#6", "only `mon#1` to `mon#5`"),
        ("0 0 1 * mon#1", "stands only with `*` as day of the month"),
        ("0 0 1,,2 * *", "is no number, list (1,2), range (1-5) or step (*/15)"),
        ("?  0 * * *", "is no number"),
        ("H * * * *", "The minute `h` must be a number."),
        ("0 0 ٣ * *", "must be a number"),
    ],
)
def test_what_is_wrong_is_said(cron: str, said: str):
    [fault] = list_cron_faults(cron)

    assert said in fault


def test_all_fields_are_looked_at():
    assert len(list(list_cron_faults("a 99 0 13 8"))) == 5


@pytest.mark.parametrize(
    "cron",
    [
        "0 9 * * 1-5",
        "@daily",
        "*/15 8-18 * * mon-fri",
        "0 0 L * *",
        "0 0 29 2 *",
        "0 22-2 * * *",
        "0 0 * * FRI-MON",
        "0 0 ? * MON",
        "0 9 * * mon#1",
        "0 0 1,15 * *",
        "0 0 * jan,jul sun",
        "0 0 31 * *",
        "  0  9  *  *  7 ",
    ],
)
def test_what_people_write_is_accepted(cron: str):
    assert list(list_cron_faults(cron)) == []
    assert is_valid_cron_string(cron.strip().lower())


def test_what_is_accepted_dagster_can_follow():
    chance = random.Random(7)
    accepted = 0
    for _ in range(40_000):
        cron = " ".join("".join(chance.choices(_PARTS, k=chance.choice([1, 1, 1, 1, 2, 3]))) for _ in range(5))
        if list(list_cron_faults(cron)):
            continue
        accepted += 1
        assert is_valid_cron_string(cron.lower()), cron
        ticks = cron_string_iterator(datetime(2026, 1, 1, tzinfo=UTC).timestamp(), cron.lower(), "UTC")
        assert next(ticks) < next(ticks), cron
    assert accepted > 100
