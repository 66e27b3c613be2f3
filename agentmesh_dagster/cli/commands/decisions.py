"""Decisions: every answer to a gate, to read or to take along."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from agentmesh_dagster.cli.backend import Backend
from agentmesh_dagster.cli.backend.factory import open_backend
from agentmesh_dagster.cli.output.console import build_table, open_console, plain, print_json, say
from agentmesh_dagster.cli.output.values import name_step, show_brief, show_moment
from agentmesh_dagster.entities.decisions import Decision, write_csv
from agentmesh_dagster.store.decisions import DecisionFilter

_SHOWN = 20  # to people, unless they ask for more


@dataclass(frozen=True)
class WantedDecisions:
    """Which decisions were asked for, as it was typed."""

    workflow: str | None  # id or name
    asset: str | None
    by: str | None
    since: datetime | None
    until: datetime | None

    def find(self, backend: Backend) -> DecisionFilter:
        """Raises EntityNotFound, AmbiguousName, BrokenDocument."""
        workflow_id = backend.find_workflow(self.workflow).id if self.workflow else None
        since, until = _in_utc(self.since), _in_utc(self.until)
        return DecisionFilter(workflow_id=workflow_id, asset=self.asset, by=self.by, since=since, until=until)


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def list_decisions(wanted: WantedDecisions, limit: int | None, output: str) -> None:
    """Prints decisions, the newest first."""
    with open_backend() as backend:
        found = islice(backend.list_decisions(wanted.find(backend)), limit or (_SHOWN if output == "table" else None))
        match output:
            case "csv":
                for line in write_csv(found):
                    sys.stdout.write(line)
            case "json":
                print_json([decision.to_wire() for decision in found])
            case _:
                _print_table(list(found))


def _print_table(found: list[Decision]) -> None:
    console = open_console()
    if not found:
        say(console, "Nobody has decided anything.")
        return
    table = build_table("answered", "by", "outcome", "after", "workflow", "node", "asset", "comment")
    for decision in found:
        table.add_row(
            show_moment(decision.answered_at),
            plain(decision.answered_by),
            decision.outcome.value + (", changed" if decision.changed else ""),
            f"{decision.seconds:,.0f} s",
            plain(decision.workflow_id),
            plain(name_step(decision.node_id, decision.path)),
            plain(" ".join(filter(None, (decision.asset, decision.partition)))),
            show_brief(decision.comment or ""),
        )
    console.print(table)
