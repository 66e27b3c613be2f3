"""The store: prune it, back it up, copy it to another database."""

import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from agentmesh_dagster.cli.backend.factory import open_local_services
from agentmesh_dagster.cli.identity import name_user
from agentmesh_dagster.cli.output.console import open_console, print_json, say
from agentmesh_dagster.cli.processes.home_lock import keep_dev_out
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.settings import get_settings, read_age
from agentmesh_dagster.store import open_store
from agentmesh_dagster.store.address import read_url
from agentmesh_dagster.store.copying import copy_store
from agentmesh_dagster.store.pruning import vacuum_file

_REPORT_EVERY_RUNS = 500
_REPORT_EVERY_SECONDS = 2.0


class NoAge(AgentMeshError):
    """Say how old: `agentmesh prune --older-than 90d`, or set AGENTMESH_RETENTION."""


def prune_runs(older_than: str | None, *, dry_run: bool, vacuum: bool, as_json: bool) -> None:
    """Deletes the old runs of the store here, and says what is gone. Raises InvalidAge, NoAge."""
    from agentmesh_dagster.control.instance import open_instance  # Dagster takes a second to load
    from agentmesh_dagster.control.pruning import Pruned, prune

    services = open_local_services("prune")
    age = services.settings.retention if older_than is None else read_age(older_than)
    if age is None:
        raise NoAge
    notes = open_console(as_json=True)
    reported = 0

    def report(pruned: Pruned) -> None:
        nonlocal reported
        if pruned.runs // _REPORT_EVERY_RUNS > reported:
            reported = pruned.runs // _REPORT_EVERY_RUNS
            say(notes, f"{pruned.runs:,} runs so far.", "dim")

    with open_instance(services.settings) as instance:
        pruned = prune(services, instance, age, by=name_user(), via="cli", dry_run=dry_run, report=report)
    if vacuum and not dry_run:
        vacuum_file(services.store)
    if as_json:
        print_json({**asdict(pruned), "dryRun": dry_run})
        return
    verb = "Would delete" if dry_run else "Deleted"
    say(
        open_console(),
        f"{verb} {pruned.runs:,} runs ({pruned.launches:,} in Dagster), {pruned.posted_events:,} posted events and "
        f"{pruned.deliveries:,} deliveries: at least {pruned.bytes:,} bytes.",
    )
    if pruned.kept_with_group:
        say(notes, f"{pruned.kept_with_group:,} older runs stay: another run of their group has to stay.", "dim")


def back_up_to(folder: Path) -> None:
    """Writes a backup of this installation. Raises as `back_up`."""
    from agentmesh_dagster.control.backup import back_up
    from agentmesh_dagster.control.instance import open_instance

    services = open_local_services("backup")
    with open_instance(services.settings) as instance:
        size = back_up(services, instance, folder)
    say(open_console(), f"Wrote {size:,} bytes to {folder}. To use it: AGENTMESH_HOME={folder} agentmesh dev", "green")


def copy_between(source: str, target: str) -> None:
    """Copies everything, and says what was copied. No `agentmesh dev` may use either store meanwhile.

    Raises HomeInUse, InvalidStoreUrl, StoreUnavailable, and as `copy_store`.
    """
    console = open_console(as_json=True)
    reported_at = time.monotonic()

    def report(table: str, done: int, total: int) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at > _REPORT_EVERY_SECONDS:
            reported_at = time.monotonic()
            say(console, f"{table}: {done:,} of {total:,}", "dim")

    with ExitStack() as homes:
        for home in _find_homes(source, target):
            homes.enter_context(keep_dev_out(home, "`agentmesh copy-store`"))
        copied = copy_store(open_store(source), open_store(target), report=report)
    for table in copied:
        say(console, f"{table.name}: {table.rows:,} rows, {table.digest[:12]}", "dim")
    say(console, f"Copied {sum(table.rows for table in copied):,} rows; both stores have the same digests.", "green")
    say(console, "To use the copy set AGENTMESH_DATABASE_URL. Dagster's runs stay where they are.")


def _find_homes(*stores: str) -> set[Path]:
    """The home folders whose `agentmesh dev` would use one of the stores."""
    settings = get_settings()
    urls = [read_url(store) for store in stores]
    homes = {Path(url.database).resolve().parent for url in urls if url.drivername == "sqlite" and url.database}
    if read_url(settings.store_url) in urls:
        homes.add(settings.home.resolve())
    return homes
