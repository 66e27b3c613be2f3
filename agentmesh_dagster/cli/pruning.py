"""Deleting what is old, here and in Dagster."""

from dataclasses import asdict

from agentmesh_dagster.cli.backend.factory import open_local_services
from agentmesh_dagster.cli.identity import name_user
from agentmesh_dagster.cli.output.console import open_console, print_json, say
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.settings import read_age
from agentmesh_dagster.store.pruning import vacuum_file

_TOLD_EVERY = 500  # runs


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
    told = 0

    def report(pruned: Pruned) -> None:
        nonlocal told
        if pruned.runs // _TOLD_EVERY > told:
            told = pruned.runs // _TOLD_EVERY
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
