"""The demo: the example documents in the store, and one of them run on a support ticket."""

from rich.console import Console

from agentmesh_dagster.cli.backend.local import LocalBackend
from agentmesh_dagster.cli.documents.files import CheckedFile, check_files, list_files
from agentmesh_dagster.cli.documents.seeds import DEMO, find_examples, seed
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.output.console import open_console, say
from agentmesh_dagster.cli.output.documents import report_what_was_kept
from agentmesh_dagster.cli.output.reports import print_report
from agentmesh_dagster.cli.output.values import show_whole
from agentmesh_dagster.graph.rules import Lookup
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.store import Store
from agentmesh_dagster.translator.launchpad import read_default_input
from agentmesh_dagster.wire import NewRun

_MAIN = "support_triage"  # the file whose workflow is run, on the ticket in its inputSchema


def run_demo() -> ExitCode:
    """Applies the examples, runs one live, and says where to look next. May be repeated."""
    console = open_console()
    services = open_services()
    backend = LocalBackend(services)
    examples = check_files(list_files([find_examples()]), Lookup())
    _apply(services.store, examples, console)
    main = next(file for file in examples if file.path.stem == _MAIN)
    workflow = backend.find_workflow(main.document.workflows[0].id)
    say(console, f"\n{workflow.name}", "bold")
    say(console, workflow.description or "")
    say(console, "\nThe ticket", "bold")
    ticket = read_default_input(workflow.input_schema)
    console.print(show_whole(ticket), soft_wrap=True)
    console.print()
    report = backend.run(workflow, NewRun(input=ticket), console)
    print_report(console, report)
    _report_where_to_look(console, report.run.id)
    return report.exit_code


def _apply(store: Store, examples: list[CheckedFile], console: Console) -> None:
    seeded = seed(store, examples, author=DEMO, revive=True)
    changed = sum(saved.change != "unchanged" for saved in seeded.saved)
    workflows = sum(len(file.document.workflows) for file in examples)
    changes = f"; {changed} entities were created or updated" if changed else ""
    say(console, f"{workflows} example workflows are in the store{changes}.", "dim")
    report_what_was_kept(console, seeded)


def _report_where_to_look(console: Console, run_id: str) -> None:
    say(console, "\nWhere to look next", "bold")
    for command, what in (
        (f"agentmesh show {run_id[:8]} --events", "this run, step by step"),
        ("agentmesh list", "the other examples; `agentmesh run NAME` runs one"),
        ("agentmesh dev", "the web app and Dagster's UI, with this run and every workflow"),
    ):
        say(console, f"  {command}")
        say(console, f"      {what}", "dim")
