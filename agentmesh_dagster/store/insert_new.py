"""Insert a row unless there is one with its key: one statement, so that of several at once exactly one wins."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(tx: Connection, table: Table, **values: object) -> bool:
    """Whether the row is new; False when its key was there before, and then nothing is changed."""
    insert = insert_on(tx, table).values(**values).on_conflict_do_nothing()
    # Not by its rowcount: on PostgreSQL an insert has none (-1).
    return tx.execute(insert.returning(*table.primary_key.columns)).first() is not None


def insert_on(tx: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say what to do on a conflict, in the words of this database."""
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)
