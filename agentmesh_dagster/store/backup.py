"""A copy of a SQLite store that others go on using: whole, as it stood at one moment."""

import sqlite3
from contextlib import closing
from pathlib import Path


def backup_sqlite(source: Path, target: Path) -> None:
    """Copies a SQLite file, of ours or Dagster's, while others write to it; `target` must not be there yet.

    Raises sqlite3.Error, OSError.
    """
    # VACUUM INTO reads in one transaction and starts no second time when somebody writes, unlike `.backup`.
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
