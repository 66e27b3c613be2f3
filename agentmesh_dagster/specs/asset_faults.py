"""What of an asset Dagster would refuse, in our words: names, times and limits; the graph is not known here."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from agentmesh_dagster.entities.assets import Asset, AssetPart, CronAutomation, Freshness, Partitions
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.specs.cron import find_shortest_pause, find_timezone_fault, list_cron_faults
from agentmesh_dagster.specs.field_issue import FieldIssue

_KEY = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_GROUP = re.compile(r"[A-Za-z0-9_]+(/[A-Za-z0-9_]+)*")
_OWNER = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}|team:.+")
_TAG = re.compile(r"([A-Za-z0-9_.-]{1,63}/)?[A-Za-z0-9_.-]{1,63}")
_TAG_VALUE = re.compile(r"[A-Za-z0-9_.-]{0,63}")
_KIND = re.compile(r"[A-Za-z0-9_.-]{1,63}")
_MOST_KINDS = 10
_NOT_IN_PARTITIONS = ("...", *"\a\b\f\n\r\t\v\0")
_LEAST_SECONDS = 60  # of a freshness
_START = {"hourly": ("%Y-%m-%d-%H:%M", "2026-11-30-00:00")}
_START_OF_DAY = ("%Y-%m-%d", "2026-11-30")


def list_asset_issues(asset: Asset) -> Iterator[FieldIssue]:
    """The faults of the asset's own fields, and of those of its parts."""
    yield from _check_described(asset, "")
    for node_id, part in asset.parts.items():
        yield from _check_described(part, f"parts.{node_id}.")
    if asset.partitions is not None:
        yield from _check_partitions(asset.partitions)
    if isinstance(asset.automation, CronAutomation):
        yield from _check_cron(asset.automation.cron, "automation.cron")
        yield from _check_timezone(asset.automation.timezone, "automation.timezone")
    if asset.freshness is not None:
        yield from _check_freshness(asset.freshness)
    yield from _check_names_of_checks(asset)


def _check_described(one: Asset | AssetPart, before: str) -> Iterator[FieldIssue]:
    if not _KEY.fullmatch(one.key):
        message = (
            f"The key {quote(one.key)} has other characters than letters, digits, `_`, `-` and `.`, with `/` between "
            "its parts: write one such as `ai/brief`."
        )
        yield FieldIssue("bad-asset-key", f"{before}key", message)
    if one.group is not None and not _GROUP.fullmatch(one.group):
        message = f"The group {quote(one.group)} may have letters, digits and `_` only, with `/` between its parts."
        yield FieldIssue("bad-asset-group", f"{before}group", message)
    for place, owner in enumerate(one.owners):
        if not _OWNER.fullmatch(owner):
            message = f"The owner {quote(owner)} must be a mail address, or a team as in `team:data`."
            yield FieldIssue("bad-asset-owner", f"{before}owners[{place}]", message)
    for name, value in one.tags.items():
        if not (_TAG.fullmatch(name) and _TAG_VALUE.fullmatch(value)):
            message = (
                f"The tag {quote(name)}: {quote(value)} may have letters, digits, `_`, `-` and `.` only, at most 63, "
                "and one `/` in its name."
            )
            yield FieldIssue("bad-asset-tag", f"{before}tags.{name}", message)
    for place, kind in enumerate(one.kinds):
        if not _KIND.fullmatch(kind):
            message = f"The kind {quote(kind)} may have letters, digits, `_`, `-` and `.` only, at most 63."
            yield FieldIssue("bad-asset-kind", f"{before}kinds[{place}]", message)
    if len({*one.kinds}) > _MOST_KINDS:
        yield FieldIssue("bad-asset-kind", f"{before}kinds", f"Dagster takes at most {_MOST_KINDS} kinds: remove some.")


def _check_partitions(partitions: Partitions) -> Iterator[FieldIssue]:
    for kind in ("hourly", "daily", "weekly", "monthly"):
        times = getattr(partitions, kind)
        if times is None:
            continue
        form, example = _START.get(kind, _START_OF_DAY)
        if not _is_moment(times.start, form):
            message = f"The start {quote(times.start)} of {kind} partitions must be written as in `{example}`."
            yield FieldIssue("bad-partitions", f"partitions.{kind}.start", message)
        yield from _check_timezone(times.timezone, f"partitions.{kind}.timezone")
    for place, key in enumerate(partitions.static or ()):
        if any(text in key for text in _NOT_IN_PARTITIONS):
            message = f"The partition {quote(key)} may hold neither `...` nor tabs nor line breaks."
            yield FieldIssue("bad-partitions", f"partitions.static[{place}]", message)
    for key in _list_repeated(partitions.static or []):
        yield FieldIssue("bad-partitions", "partitions.static", f"The partition {quote(key)} stands there twice.")


def _is_moment(text: str, form: str) -> bool:
    try:
        return datetime.strptime(text, form).strftime(form) == text
    except ValueError:
        return False


def _check_freshness(freshness: Freshness) -> Iterator[FieldIssue]:
    for field, seconds in (("within", freshness.within), ("lowerBoundSeconds", freshness.lower_bound_seconds)):
        if seconds is not None and seconds < _LEAST_SECONDS:
            message = f"`{field}` of a freshness is {_LEAST_SECONDS} seconds at least."
            yield FieldIssue("bad-freshness", f"freshness.{field}", message)
    if freshness.cron is None or freshness.lower_bound_seconds is None:
        return
    faults = list(_check_cron(freshness.cron, "freshness.cron"))
    yield from faults
    if not faults and freshness.lower_bound_seconds > (pause := find_shortest_pause(freshness.cron)):
        message = f"`lowerBoundSeconds` reaches back behind the time before: it is {pause:g} at most with this `cron`."
        yield FieldIssue("bad-freshness", "freshness.lowerBoundSeconds", message)


def _check_cron(cron: str, field: str) -> Iterator[FieldIssue]:
    for fault in list_cron_faults(cron):
        yield FieldIssue("bad-cron", field, fault)


def _check_timezone(name: str, field: str) -> Iterator[FieldIssue]:
    if fault := find_timezone_fault(name):
        yield FieldIssue("bad-timezone", field, fault)


def _check_names_of_checks(asset: Asset) -> Iterator[FieldIssue]:
    for place, check in enumerate(asset.checks):
        if not _NAME.fullmatch(check.name):
            message = f"The name of the check {quote(check.name)} may have letters, digits and `_` only."
            yield FieldIssue("bad-check-name", f"checks[{place}].name", message)
        if check.blocking and check.severity == "warn":
            message = f"{quote(check.name)} is `blocking`, and so of `severity: error`: change one of them."
            yield FieldIssue("blocking-warning", f"checks[{place}].blocking", message)
    for name in _list_repeated([check.name for check in asset.checks]):
        yield FieldIssue("duplicate-check-name", "checks", f"There are several checks {quote(name)}: rename one.")


def _list_repeated(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
