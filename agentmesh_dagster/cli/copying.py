"""Copying a store to another database."""

import time
from contextlib import ExitStack
from pathlib import Path

from agentmesh_dagster.cli.backend.factory import open_local_services
from agentmesh_dagster.cli.output.console import open_console, say
from agentmesh_dagster.cli.processes.home_lock import keep_dev_out
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import open_store
from agentmesh_dagster.store.address import read_url
from agentmesh_dagster.store.copying import copy_store

_TOLD_EVERY_SECONDS = 2.0


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
    told = time.monotonic()

    def report(table: str, done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > _TOLD_EVERY_SECONDS:
            told = time.monotonic()
            say(console, f"{table}: {done:,} of {total:,}", "dim")

    with ExitStack() as homes:
        for home in _find_homes(source, target):
            homes.enter_context(keep_dev_out(home, "`agentmesh copy-store`"))
        copied = copy_store(open_store(source), open_store(target), report=report)
    for table in copied:
        say(console, f"{table.name}: {table.rows:,} rows, {table.digest[:12]}", "dim")
    say(console, f"Copied {sum(table.rows for table in copied):,} rows; both stores have the same digests.", "green")
    say(
        console,
        "To use the copy set AGENTMESH_DATABASE_URL. Dagster's runs stay where they are.",
    )


def _find_homes(*stores: str) -> set[Path]:
    """The home folders whose `agentmesh dev` would use one of the stores."""
    settings = get_settings()
    urls = [read_url(store) for store in stores]
    homes = {Path(url.database).resolve().parent for url in urls if url.drivername == "sqlite" and url.database}
    if read_url(settings.store_url) in urls:
        homes.add(settings.home.resolve())
    return homes
