"""Decisions as a table, in somebody's own code."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Literal

from agentmesh_dagster.entities.decisions import Decision
from agentmesh_dagster.errors import AgentMeshError, InvalidValue
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.store.decisions import DecisionFilter, iterate_decisions

_LIBRARIES = ("pandas", "polars")


class LibraryMissing(AgentMeshError):
    """This form of a table needs a library that is not installed."""


class UnknownForm(InvalidValue):
    """A table of decisions is a list of rows, or a data frame."""


def decisions(
    *,
    as_: Literal["rows", "pandas", "polars"] = "rows",
    project: str | None = None,
    workflow: str | None = None,
    asset: str | None = None,
    by: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Any:
    """Every answer to a gate, newest first: a list of dicts, or a data frame of pandas or polars.

        frame = agentmesh_dagster.decisions(as_="pandas", asset="ai/brief", since=datetime(2026, 11, 1))

    `project` and `workflow` are ids, `asset` the key of the one that the run makes, `by` who answered, `since` the
    first moment and `until` the one before which; a moment without a time zone is meant in UTC. What was shown and said
    (`payload`, `answer`, `changed_payload`) is JSON text, so that each column has one type.

    Raises UnknownForm, LibraryMissing.
    """
    if as_ not in ("rows", *_LIBRARIES):
        raise UnknownForm(f"`as_` is rows, pandas or polars, not {as_!r}")
    library: Any = None if as_ == "rows" else _import(as_)  # before everything is read
    wanted = DecisionFilter(project, workflow, asset, by, _in_utc(since), _in_utc(until))
    rows = [decision.to_row() for decision in iterate_decisions(open_services().store, wanted)]
    names = list(Decision.model_fields)  # also where there is none yet
    match as_:
        case "rows":
            return rows
        case "pandas":
            return library.DataFrame(rows, columns=names)
        case "polars":
            return library.DataFrame(rows, schema=names, infer_schema_length=None)


def _import(library: str) -> Any:
    try:
        return import_module(library)
    except ImportError as fault:
        raise LibraryMissing(f'`pip install {library}`, or ask for `as_="rows"`') from fault


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
