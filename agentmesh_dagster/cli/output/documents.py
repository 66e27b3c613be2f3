"""What is said of documents: what is wrong with them, and what was left alone."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from agentmesh_dagster.cli.documents.files import CheckedFile
from agentmesh_dagster.cli.documents.seeds import Seeded
from agentmesh_dagster.cli.output.console import build_table, plain, say
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.store.catalogue import kind_of

_STYLES = {Severity.ERROR: ("✗", "red"), Severity.WARNING: ("!", "yellow")}


def print_issues(console: Console, checked: Sequence[CheckedFile]) -> None:
    """A line for each file, and below it a table of its issues."""
    for file in checked:
        counted = Counter(issue.severity for issue in file.issues)
        summary = ", ".join(f"{count} {severity}{'s' * (count > 1)}" for severity, count in sorted(counted.items()))
        sign, style = ("✓", "green") if file.is_valid else ("✗", "bold red")
        say(console, f"{sign} {file.path}: {summary or 'no issues'}", style)
        if file.issues:
            table = build_table("", "code", "where", "what to do")
            for issue in file.issues:
                sign, style = _STYLES[issue.severity]
                table.add_row(plain(sign, style), issue.code, plain(_format_place(issue)), plain(issue.message))
            console.print(table)


def _format_place(issue: Issue) -> str:
    if issue.node_id is not None:
        return f"node {issue.node_id}"
    return f"edge {issue.edge_id}" if issue.edge_id is not None else issue.path or ""


def report_what_was_kept(console: Console, seeded: Seeded, advice: str = "") -> None:
    """A sentence about what stands otherwise in the store, if anything does."""
    if seeded.kept:
        names = ", ".join(f"{kind_of(entity)} `{entity.id}`" for entity in seeded.kept)
        say(console, f"Left as somebody saved it: {names}. {advice}".rstrip(), "yellow")
