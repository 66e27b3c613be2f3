"""Gates on the command line: what waits for a person, and the answer."""

from dataclasses import dataclass

from rich.console import Console

from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.finding import find_gate, name_user, read_input
from agentmesh_dagster.cli.printing import build_table, open_console, plain, print_json, say, show_brief, show_moment
from agentmesh_dagster.cli.progress import show_progress
from agentmesh_dagster.cli.running import RunReport, print_report, write_report
from agentmesh_dagster.cli.terminal import own_terminal
from agentmesh_dagster.control.daemons import has_daemon
from agentmesh_dagster.control.in_place import execute_launch
from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import resume_run, submit_resume
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.errors import InvalidValue
from agentmesh_dagster.runtime.answers import Answer, GateClosed, answer_gate
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.store.gates import Gate, list_open_gates
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import list_steps


class NoAnswer(InvalidValue):
    """Say what the answer is: exactly one of --approve, --reject and --output."""


@dataclass(frozen=True)
class Wanted:
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
    services = open_services()
    with services.store.read() as connection:
        gates = list_open_gates(connection)
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
            plain(gate.node_id),
            show_moment(gate.opened_at),
            plain(", ".join(gate.assignees) or "anybody"),
            show_brief(gate.instructions),
        )
    console.print(table)
    say(console, "Answer one: agentmesh answer STEP --approve | --reject | --output JSON", "dim")


def write_gate(gate: Gate) -> dict[str, JsonValue]:
    """A gate as `gates --format json` prints it."""
    written: dict[str, JsonValue] = {
        "stepId": gate.step_id,
        "runId": gate.run_id,
        "workflow": gate.workflow_id,
        "nodeId": gate.node_id,
        "instructions": gate.instructions,
        "payload": gate.payload,
        "schema": gate.schema,
        "assignees": list(gate.assignees),
        "openedAt": gate.opened_at.isoformat(),
    }
    return written if gate.deadline_at is None else written | {"deadline": gate.deadline_at.isoformat()}


def answer(step: str, wanted: Wanted, *, as_json: bool) -> ExitCode:
    """Answers a gate, goes on with the run, and prints where it stands.

    Where a daemon runs, it takes the rest from here; else the run is carried on in this process.
    """
    output = wanted.read()
    services = open_services()
    console = open_console(as_json=as_json)
    try:
        gate = answer_gate(services, find_gate(services.store, step), Answer(output, by=name_user(), via="cli"))
    except GateClosed as refused:
        say(open_console(as_json=True), f"Refused: {refused}", "red")
        return ExitCode.TOO_LATE
    report, is_handed_over = _go_on(services, gate, console)
    if as_json:
        print_json(write_report(report))
    else:
        print_report(console, report)
    return ExitCode.DONE if is_handed_over else report.exit_code


def _go_on(services: Services, gate: Gate, console: Console) -> tuple[RunReport, bool]:
    """The run as it stands then, and whether a daemon goes on with it."""
    has_ended, is_handed_over = True, False
    with open_instance(services.settings) as instance:
        if has_daemon(instance):
            is_handed_over = submit_resume(services, instance, gate.run_id) is not None
        elif (launch := resume_run(services, instance, gate.run_id)) is not None:
            plan = load_plan(services.store, gate.workflow_id, gate.revision)
            with own_terminal(console) as own, show_progress(own, services.store, plan, gate.run_id):
                has_ended = execute_launch(services, instance, launch)
        reconcile_run(services, instance, gate.run_id)
    with services.store.read() as connection:
        run, steps = get_run(connection, gate.run_id), list_steps(connection, gate.run_id)
    return RunReport(run, steps, interrupted=not has_ended), is_handed_over
