"""Names that documents take from the operator's file."""

from collections.abc import Collection, Iterator

from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.specs.field_issue import FieldIssue


def check_declared(name: str | None, declared: Collection[str], field: str, thing: str) -> Iterator[FieldIssue]:
    """A name that the file does not declare here; it may be declared where runs work, so that is a warning."""
    if name and name not in declared:
        message = with_hint(f"agentmesh.toml declares no {thing} {quote(name)} here", name, declared)
        yield FieldIssue("not-declared", field, message, is_warning=True)
