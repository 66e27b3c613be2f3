"""Whether somebody is there to take launches from the queue."""

import time

import dagster as dg

_QUEUE_DAEMON = "QUEUED_RUN_COORDINATOR"
_HEARD_WITHIN_SECONDS = 90.0  # a daemon is heard of every 30


def has_daemon(instance: dg.DagsterInstance) -> bool:
    """Whether a Dagster daemon that looks after the queue was heard of lately."""
    heard = read_heartbeat(instance)
    return heard is not None and time.time() - heard < _HEARD_WITHIN_SECONDS


def read_heartbeat(instance: dg.DagsterInstance) -> float | None:
    """When that daemon was last heard of, in seconds since 1970; None: never."""
    heartbeat = instance.get_daemon_heartbeats().get(_QUEUE_DAEMON)
    return None if heartbeat is None else heartbeat.timestamp
