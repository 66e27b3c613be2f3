"""The tags that a user gave to a run go along with each of its launches."""

from collections.abc import Mapping

import dagster as dg

from agentmesh_dagster.control.dagster_internals import BACKFILL_TAGS, MAX_RETRIES_TAG, TAGS_TO_MAYBE_OMIT_ON_RETRY
from agentmesh_dagster.translator.dagster_runs import DELIVERY_TAG
from agentmesh_dagster.translator.run_tags import USER_TAG, keep_free_tags

# Who launched a Dagster run, what asked for it, and which it re-executes: of that one alone. So is what is hidden.
_OF_ONE_LAUNCH = frozenset(
    {
        USER_TAG,
        DELIVERY_TAG,
        "dagster/schedule_name",
        "dagster/scheduled_execution_time",
        "dagster/sensor_name",
        "dagster/tick_id",
        "dagster/parent_run_id",
        "dagster/root_run_id",
        "dagster/step_selection",
    }
)
_HIDDEN = ".dagster/"


def inherit_tags(parent: dg.DagsterRun, *, instance_retries: int | None) -> Mapping[str, str]:
    """The tags of a launch behind `parent`, which is the one before it.

    Dagster's automatic retries count all Dagster runs of the group, so a launch behind a gate would use one up: each is
    allowed one more. `instance_retries` is the instance's own number, None where it does not retry.
    """
    tags = _keep(parent)
    given = tags.get(MAX_RETRIES_TAG, "" if instance_retries is None else str(instance_retries))
    if given.isdecimal() and int(given) > 0:
        tags[MAX_RETRIES_TAG] = str(int(given) + 1)
    return tags


def copy_free_tags(source: dg.DagsterRun) -> Mapping[str, str]:
    """The tags of a run that is another one, and goes on from `source`: those that people gave."""
    return keep_free_tags(_keep(source))


def _keep(parent: dg.DagsterRun) -> dict[str, str]:
    omitted = (TAGS_TO_MAYBE_OMIT_ON_RETRY - BACKFILL_TAGS) | _OF_ONE_LAUNCH
    return {key: text for key, text in parent.tags.items() if key not in omitted and not key.startswith(_HIDDEN)}


def read_default_retries(instance: dg.DagsterInstance) -> int | None:
    """How often the instance retries a run that says nothing of it; None: it does not."""
    return instance.run_retries_max_retries if instance.run_retries_enabled else None
