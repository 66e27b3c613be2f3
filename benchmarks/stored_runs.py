"""Whether what people look at stays as quick with 100,000 stored runs as with 100, in figures.

    python -m benchmarks.stored_runs [--counts 100,1000,10000,100000] [--waiting 50] [--database-url postgresql://…]

Run it at the repository's root. The tables are filled straight, some twenty rows for each run; with a database URL a
schema of its own is made for each count, and dropped. Of all runs the newest `--waiting` wait for a person: how many
are open at once depends on people, not on the history.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, make_url

from agentmesh_dagster.store import Store, open_store
from tests.store.history import PastRun, fill
from tests.store.looks import LOOKS

_TIMES = 15
_BARELY = 0.5  # ms; below, a ratio says more about the machine than about the query


@contextmanager
def _open(folder: Path, count: int, database_url: str | None) -> Generator[Store]:
    if database_url is None:
        yield open_store(f"sqlite:///{folder}/{count}.db")
        return
    schema = f"stored_runs_{count}"
    admin = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    try:
        url = make_url(database_url).update_query_dict({"options": f"-csearch_path={schema}"})
        store = open_store(url.render_as_string(hide_password=False))
        yield store
        store.close()
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        admin.dispose()


def measure(store: Store, count: int, waiting: int) -> dict[str, float]:
    """Fills the store; the median time of each look, in ms."""
    started = time.monotonic()
    fill(store, count, waiting=min(waiting, count))
    _say(f"{count} runs filled in {time.monotonic() - started:.0f} s")
    middle = _read_middle(store, count)
    figures: dict[str, float] = {}
    for look in LOOKS:
        times: list[float] = []
        for _ in range(_TIMES):
            with store.read() as connection:
                before = time.perf_counter()
                look.read(connection, middle)
                times.append(time.perf_counter() - before)
        figures[look.name] = statistics.median(times) * 1000
    return figures


def _read_middle(store: Store, count: int) -> PastRun:
    # Of the same moment as in the table: a cursor made of it has a page behind it.
    from agentmesh_dagster.store.tables import runs

    middle = PastRun(count // 2, waits=False, created_at=datetime.now(UTC))
    with store.read() as connection:
        created_at = connection.execute(runs.select().where(runs.c.id == middle.id)).one().created_at
    return PastRun(count // 2, waits=False, created_at=created_at)


def _show(figures: dict[int, dict[str, float]]) -> None:
    counts = sorted(figures)
    _say(f"{'median, ms':42}" + "".join(f"{count:>10,}" for count in counts) + "     ratio")
    for look in LOOKS:
        row = [figures[count][look.name] for count in counts]
        ratio = row[-1] / max(row[0], _BARELY)
        _say(f"{look.name:42}" + "".join(f"{each:10.2f}" for each in row) + f"{ratio:10.1f}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--counts", default="100,1000,10000,100000")
    parser.add_argument("--waiting", type=int, default=50)
    parser.add_argument("--database-url")
    given = parser.parse_args()
    figures: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in map(int, given.counts.split(",")):
            with _open(Path(folder), count, given.database_url) as store:
                figures[count] = measure(store, count, given.waiting)
    _show(figures)


if __name__ == "__main__":
    main()
