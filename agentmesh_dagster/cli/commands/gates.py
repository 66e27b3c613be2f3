"""Gates: list, answer."""

from dataclasses import dataclass

from agentmesh_dagster.cli.backend import TooLate
from agentmesh_dagster.cli.backend.factory import open_backend
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.input import read_input
from agentmesh_dagster.cli.output.console import build_table, open_console, plain, print_json, say
from agentmesh_dagster.cli.output.reports import print_report, write_place, write_report
from agentmesh_dagster.cli.output.values import name_step, show_brief, show_moment
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.errors import InvalidValue
from agentmesh_dagster.wire import Gate


class NoAnswer(InvalidValue):
    """Say what the answer is: exactly one of --approve, --reject and --output."""


@dataclass(frozen=True)
class TypedAnswer:
    """The answer as it was typed."""

    approve: bool
    reject: bool
    output: str | None  # JSON, or @FILE
    comment: str | None

    def read(self) -> JsonValue:
        """Raises NoAnswer, UnreadableInput."""
        if [self.approve, self.reject, self.output is not None].count(True) != 1:
            raise NoAnswer
        if self.output is not None:
            if self.comment is not None:
                raise NoAnswer("--comment goes with --approve or --reject; put it into --output here")
            return read_input(self.output, "--output")
        answer: dict[str, JsonValue] = {"approved": self.approve}
        return answer if self.comment is None else answer | {"comment": self.comment}


def list_gates(*, as_json: bool) -> None:
    """Prints what waits for a person, oldest first."""
    with open_backend() as backend:
        gates = backend.list_gates()
    if as_json:
        print_json([write_gate(gate) for gate in gates])
        return
    console = open_console()
    if not gates:
        say(console, "Nothing waits for a person.")
        return
    table = build_table("step", "workflow", "node", "since", "for", "instructions")
    for gate in gates:
        table.add_row(
            gate.step_id[:8],
            plain(gate.workflow_id),
            plain(name_step(gate.node_id, gate.path)),
            show_moment(gate.opened_at),
            plain(", ".join(gate.assignees) or "anybody"),
            show_brief(f"{_warn(gate)}{gate.instructions}"),
        )
    console.print(table)
    say(console, "Answer one: agentmesh answer STEP --approve | --reject | --output JSON", "dim")


def _warn(gate: Gate) -> str:
    warning = "(the run can only fail) " if gate.run_has_failed else ""
    asked = f"(asked {len(gate.history) + 1} times) " if gate.history else ""
    return f"{warning}{asked}{_quote_last_round(gate)}"


def _quote_last_round(gate: Gate) -> str:
    """What was said when the round before this one was asked about."""
    if not gate.rounds:
        return ""
    last = gate.rounds[-1]
    answer: JsonValue = last.answer
    comment = answer.get("comment") if isinstance(answer, dict) else None
    return f"(in round {last.round}: {comment}) " if comment else ""


def write_gate(gate: Gate) -> dict[str, JsonValue]:
    """A gate as `gates --format json` prints it."""
    written: dict[str, JsonValue] = {
        "stepId": gate.step_id,
        "runId": gate.run_id,
        "workflow": gate.workflow_id,
        "nodeId": gate.node_id,
        "instructions": gate.instructions,
        "payload": gate.payload,
        "schema": gate.answer_schema,
        "assignees": list(gate.assignees),
        "openedAt": gate.opened_at.isoformat(),
        "runHasFailed": gate.run_has_failed,
        "askedBefore": len(gate.history),
    }
    written |= write_place(gate)
    if gate.rounds:
        written["rounds"] = [past.to_wire() for past in gate.rounds]
    return written if gate.deadline is None else written | {"deadline": gate.deadline.isoformat()}


def answer_gate(step: str, typed: TypedAnswer, *, as_json: bool) -> ExitCode:
    """Answers a gate, goes on with the run, and prints where it stands.

    Where a daemon runs, it takes the rest from here; else the run is carried on in this process.
    """
    output = typed.read()
    console = open_console(as_json=as_json)
    try:
        with open_backend() as backend:
            report = backend.answer(step, output, console)
    except TooLate as refused:
        say(open_console(as_json=True), str(refused), "red")
        return ExitCode.TOO_LATE
    if as_json:
        print_json(write_report(report))
    else:
        gate = next((found for found in report.steps if found.id.startswith(step)), None)
        what = f" `{name_step(gate.node_id, gate.path)}`" if gate and gate.path else ""
        say(console, f"Answered{what}, for the run {report.run.id[:8]} of the workflow `{report.run.workflow_id}`.")
        print_report(console, report)
    return report.exit_code
