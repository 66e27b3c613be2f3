"""Which tags of a run people may choose, and which say where it comes from."""

from collections.abc import Mapping

USER_TAG = "user"  # who launched it; Dagster's UI shows it as such

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
    return any(key == own or (own.endswith("/") and key.startswith(own)) for own in RESERVED)


def keep_free_tags(tags: Mapping[str, str], own: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags without those that are reserved; these are as in `own`, the job's."""
    kept = {key: value for key, value in tags.items() if not is_reserved(key)}
    return kept | {key: value for key, value in (own or {}).items() if is_reserved(key)}
