"""Which tags of a run people may choose, and which say where it comes from."""

from collections.abc import Mapping

from agentmesh_dagster.entities.models import ForkedFrom

USER_TAG = "user"  # who launched it; Dagster's UI shows it as such
SKIPPED_TAG = "agentmesh/skipped"  # why it is no run: its workflow had as many as it may
PARENT_TAG = "agentmesh/parent_run"  # the run whose step waits for this one: its address where that is known

ASK_AGAIN_TAG = "agentmesh/ask_again"  # `true`: a person is asked although one is asked for the same partition
WITHIN_TAG = "agentmesh/within_run"  # the Dagster run of which a step executes this one
FORK_TAG = "agentmesh/forked_from"  # the run that a fork goes on from

# Not for people to choose: who launched a run and for what, what a worker may do, and what we say of our own runs.
# All others, `dagster/priority`, `dagster/max_retries` and `dagster/concurrency_key` among them, are free.
RESERVED = (
    USER_TAG,
    ".dagster/",
    "agentmesh/",
    "dagster/run_key",
    "dagster/schedule_name",
    "dagster/sensor_name",
    "dagster/tick_id",
    "dagster/backfill",
    "dagster-k8s/",
    "dagster-celery/",
    "dagster-docker/",
    "docker/",
    "ecs/",
)


def is_reserved(key: str) -> bool:
    """Whether people may not choose this tag; an entry that ends in `/` stands for all tags below it."""
    if key == ASK_AGAIN_TAG:
        return False
    return any(key == own or (own.endswith("/") and key.startswith(own)) for own in RESERVED)


def name_origin(launched_by: str | None, forked_from: ForkedFrom | None) -> dict[str, str]:
    """The tags that say who launched a run, and from which one it goes on."""
    tags = {} if launched_by is None else {USER_TAG: launched_by}
    return tags if forked_from is None else tags | {FORK_TAG: forked_from.run_id}


def keep_free_tags(tags: Mapping[str, str], own: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags without those that are reserved; these are as in `own`, the job's."""
    kept = {key: value for key, value in tags.items() if not is_reserved(key)}
    return kept | {key: value for key, value in (own or {}).items() if is_reserved(key)}
