"""A process that counts up in an agent's metadata: `python -m tests.store.counter URL AUTHOR TIMES`."""

import sys

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store import open_store
from agentmesh_dagster.store.catalogue import StaleRevision, get_entity, list_revisions, save_entities


def count_up(url: str, author: str, times: int) -> None:
    """Read, add one, save what was read plus one; begin again when somebody was faster."""
    store = open_store(url)
    done = 0
    while done < times:
        seen = list_revisions(store, Kind.AGENT, "writer")[0].revision
        agent = get_entity(store, Kind.AGENT, "writer", at=seen)
        more = agent.model_copy(update={"metadata": {"count": agent.metadata["count"] + 1}})
        try:
            save_entities(store, [more], author=author, expected_revision={(Kind.AGENT, "writer"): seen})
        except StaleRevision:
            continue
        done += 1


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    count_up(sys.argv[1], sys.argv[2], int(sys.argv[3]))
