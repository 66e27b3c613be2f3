"""Fitting: whether values of one shape can be values of another, as far as both are known."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from agentmesh_dagster.entities.json_values import write_json, write_path
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.graph.inference import explain_never_equal, name_kinds
from agentmesh_dagster.specs.shapes import Shape

_DEEPEST = 20  # fields inside of each other; schemas may lead back to themselves
_SHOWN = 4

_Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Misfit:
    path: _Path  # inside the value
    given: str  # with what the value comes: "without `query`", "with `count` as text"
    asked: str  # what the schema does with that: "requires"
    is_sure: bool = True  # False: there may be values that fit


def list_misfits(
    given: Shape | None, wanted: Shape | None, path: _Path = (), *, is_sure: bool = True
) -> Iterator[Misfit]:
    """Where values of the one shape do not fit the other."""
    if given is None or wanted is None or len(path) > _DEEPEST:
        return
    kinds, taken = given.kinds, wanted.kinds
    if kinds and taken and not kinds & taken:
        yield Misfit(path, _say_as(path, name_kinds(kinds)), "does not take", is_sure)
        return
    if given.values and explain_never_equal(given.values, wanted.values):
        shown = " or ".join(quote(write_json(value)) for value in given.values[:_SHOWN])
        yield Misfit(path, _say_as(path, shown), "does not take", is_sure)
        return
    if kinds and "object" in kinds:
        yield from _compare_fields(given, wanted, path, is_sure=is_sure and kinds <= {"object"})
    if kinds and "list" in kinds and (item := given.find_item()) is not None:
        # Of an empty list every item fits.
        yield from list_misfits(item, wanted.find_item(), (*path, 0), is_sure=False)


def _compare_fields(given: Shape, wanted: Shape, path: _Path, *, is_sure: bool) -> Iterator[Misfit]:
    missing = sorted(name for name in wanted.required if given.lacks(name))
    if missing:
        yield Misfit(path, _say_where("without", missing, path), "requires", is_sure)
    unwanted = [name for name in given.field_names if name in given.required and wanted.lacks(name)]
    if unwanted:
        yield Misfit(path, _say_where("with", unwanted, path), "does not take", is_sure)
    known = set(wanted.field_names)
    for name in given.field_names:
        if name in known:
            is_there = is_sure and name in given.required
            yield from list_misfits(given.find_field(name), wanted.find_field(name), (*path, name), is_sure=is_there)


def _say_as(path: _Path, what: str) -> str:
    return f"with {quote(_write(path))} as {what}" if path else f"as {what}"


def _say_where(word: str, names: Collection[str], path: _Path) -> str:
    return f"{word} {join_names(names)}" + (f" in {quote(_write(path))}" if path else "")


def _write(path: _Path) -> str:
    return write_path(path)[1:].removeprefix(".")
