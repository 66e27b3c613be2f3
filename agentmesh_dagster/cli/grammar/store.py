"""The store: prune, backup, copy-store."""

from pathlib import Path
from typing import Annotated

import typer

from agentmesh_dagster.cli.grammar.options import Format, FormatOption


def prune(
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Such as 90d, 12h or 4w; else as AGENTMESH_RETENTION says."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Give the disk back at the end, where the store is SQLite: it waits then.")
    ] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Delete runs that ended long ago, here and in Dagster. What waits, and each workflow's last run, stays."""
    from agentmesh_dagster.cli.commands.store import prune_runs

    prune_runs(older_than, dry_run=dry_run, vacuum=vacuum, as_json=output is Format.JSON)


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, which is a home folder then.")],
) -> None:
    """Back up store and Dagster on SQLite, as of one moment, while they work."""
    from agentmesh_dagster.cli.commands.store import back_up_to

    back_up_to(folder)


def copy_store(
    source: Annotated[str, typer.Argument(metavar="FROM", help="URL of a store: sqlite:///PATH, postgresql://…")],
    target: Annotated[str, typer.Argument(metavar="TO", help="URL of an empty one, of either kind.")],
) -> None:
    """Copy a store to another database, with its runs, and what waits. Nothing may use either meanwhile."""
    from agentmesh_dagster.cli.commands.store import copy_between

    copy_between(source, target)
