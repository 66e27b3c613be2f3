"""Whether somebody is there to take launches from the queue."""

import time

import dagster as dg

_QUEUE_DAEMON = "QUEUED_RUN_COORDINATOR"
_HEARD_WITHIN_SECONDS = 90.0  # a daemon is heard of every 30


def has_daemon(instance: dg.DagsterInstance) -> bool:
    """Whether a Dagster daemon that looks after the queue was heard of lately."""
    heartbeat = instance.get_daemon_heartbeats().get(_QUEUE_DAEMON)
    return heartbeat is not None and time.time() - heartbeat.timestamp < _HEARD_WITHIN_SECONDS
