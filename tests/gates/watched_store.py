"""The real store, with a place for something to happen before and after each of its write transactions."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from sqlalchemy import Connection

from agentmesh_dagster.runtime.plans import forget_plans
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.tables import catalogue, metadata


class WatchedStore(Store):
    """Calls `between` before and after each write transaction."""

    between: Callable[[], None] = staticmethod(lambda: None)
    is_locked = False  # by a write transaction: everybody else waits for its end

    @contextmanager
    def begin(self) -> Generator[Connection]:
        self.between()
        with super().begin() as tx:
            self.is_locked = True
            try:
                yield tx
            finally:
                self.is_locked = False
        self.between()


def empty_store(store: Store) -> None:
    """Removes every row."""
    with store.begin() as tx:
        for table in reversed(metadata.sorted_tables):
            tx.execute(table.delete())
        tx.execute(catalogue.insert().values(id=1, revision=0))
    forget_plans()
