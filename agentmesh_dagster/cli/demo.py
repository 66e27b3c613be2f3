"""The demo: the example documents in the store, and one of them run on a support ticket."""

import os
from pathlib import Path

from rich.console import Console

from agentmesh_dagster.cli.documents import CheckedFile, check_files, list_files, merge
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.finding import find_workflow
from agentmesh_dagster.cli.printing import open_console, say, show_whole
from agentmesh_dagster.cli.running import execute, print_report
from agentmesh_dagster.entities.models import CatalogueEntity
from agentmesh_dagster.graph.rules import Lookup
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import EntityNotFound, kind_of, list_revisions, save_checked
from agentmesh_dagster.translator.launchpad import read_default_input

_PACKAGE = Path(__file__).parents[1]
_AUTHOR = "agentmesh demo"
_MAIN = "support_triage"  # the file whose workflow is run, on the ticket in its inputSchema


def run_demo() -> ExitCode:
    """Applies the examples, runs one live, and says where to look next. May be repeated."""
    console = open_console()
    services = open_services()
    examples = check_files(list_files([find_examples()]), Lookup())
    _apply(services.store, examples, console)
    main = next(one for one in examples if one.path.stem == _MAIN)
    workflow = find_workflow(services.store, main.document.workflows[0].id)
    say(console, f"\n{workflow.name}", "bold")
    say(console, workflow.description or "")
    say(console, "\nThe ticket", "bold")
    ticket = read_default_input(workflow.input_schema)
    console.print(show_whole(ticket), soft_wrap=True)
    console.print()
    report = execute(services, workflow, ticket, console)
    print_report(console, report)
    _tell_where_to_look(console, services.settings, report.run.id)
    return report.exit_code


def find_examples() -> Path:
    """The folder of the example documents: at the repository's root; a wheel carries it inside the package."""
    return next(folder for folder in (_PACKAGE / "examples", _PACKAGE.parent / "workflows") if folder.is_dir())


def _apply(store: Store, examples: list[CheckedFile], console: Console) -> None:
    entities = merge(examples)
    kept = [entity for entity in entities if _belongs_to_somebody(store, entity)]
    saved = save_checked(store, [entity for entity in entities if entity not in kept], author=_AUTHOR)
    changed = sum(one.change != "unchanged" for one in saved)
    workflows = sum(len(one.document.workflows) for one in examples)
    told = f"; {changed} entities were created or updated" if changed else ""
    say(console, f"{workflows} example workflows are in the store{told}.", "dim")
    if kept:
        names = ", ".join(f"{kind_of(entity)} `{entity.id}`" for entity in kept)
        say(console, f"Left as somebody saved it: {names}.", "yellow")


def _belongs_to_somebody(store: Store, example: CatalogueEntity) -> bool:
    """Whether it stands in the store as somebody else saved it: the demo must not undo a person's work."""
    try:
        newest = list_revisions(store, kind_of(example), example.id)[0]
    except EntityNotFound:
        return False
    return newest.saved_by != _AUTHOR and not newest.deleted


def _tell_where_to_look(console: Console, settings: Settings, run_id: str) -> None:
    home = os.environ.get("DAGSTER_HOME") or settings.home
    in_repository = (Path.cwd() / "definitions").is_dir()
    location = "" if in_repository else " -m agentmesh_dagster.code_location -a build_repository"
    say(console, "\nWhere to look next", "bold")
    for command, what in (
        (f"agentmesh show {run_id[:8]} --events", "this run, step by step"),
        ("agentmesh list", "the other examples; `agentmesh run NAME` runs one"),
        (f"DAGSTER_HOME={home} dagster dev{location}", "Dagster's UI, with this run and every workflow"),
    ):
        say(console, f"  {command}")
        say(console, f"      {what}", "dim")
