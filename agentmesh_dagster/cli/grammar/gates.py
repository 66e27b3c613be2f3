"""Gates: list, answer."""

from typing import Annotated

import typer

from agentmesh_dagster.cli.grammar.options import Format, FormatOption, exit_with


def list_gates(output: FormatOption = Format.TABLE) -> None:
    """List what waits for a person, oldest first."""
    from agentmesh_dagster.cli.commands import gates

    gates.list_gates(as_json=output is Format.JSON)


def answer_gate(
    step: Annotated[str, typer.Argument(metavar="STEP", help="A gate's step id, or its first characters.")],
    approve: Annotated[bool, typer.Option("--approve", help='Answer {"approved": true}.')] = False,
    reject: Annotated[bool, typer.Option("--reject", help='Answer {"approved": false}.')] = False,
    given: Annotated[str | None, typer.Option("--output", metavar="JSON|@FILE", help="Another answer.")] = None,
    comment: Annotated[str | None, typer.Option("--comment", "-m", help="Why; with --approve or --reject.")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Answer a gate. Where no daemon runs, the run goes on here and now."""
    from agentmesh_dagster.cli.commands import gates

    typed = gates.TypedAnswer(approve, reject, given, comment)
    exit_with(gates.answer_gate(step, typed, as_json=output is Format.JSON))
