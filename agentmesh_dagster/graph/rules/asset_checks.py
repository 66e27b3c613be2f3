"""Rules about the checks of an asset."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote, shorten
from agentmesh_dagster.graph.asking import list_asked_ends
from agentmesh_dagster.graph.expressions import Expression, ExpressionFault, Reference, parse_expression
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.guards import Guards
from agentmesh_dagster.graph.inference import list_condition_issues
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.graph.rules.references import (
    OF_ASSETS,
    RUN_FIELDS,
    explain_no_run_field,
    explain_not_of_asset,
)

CHECK_FIELDS = ("input", "output", "last_output", "outputs", "run", *OF_ASSETS)


def checks_are_conditions(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """The condition of each check parses, and looks only at what is there when all is done."""
    for path, condition in _list_conditions(graph):
        try:
            references = parse_expression(condition).references
        except ExpressionFault as fault:
            yield Issue("bad-expression", str(fault), path=path)
            continue
        for reference in references:
            if found := _explain(graph, reference):
                code, message, step = found
                columns = reference.columns
                column = columns[step] if step < len(columns) else reference.column
                end = "." if message.endswith(".") else ""
                yield Issue(code, f"{message.removesuffix('.')} (column {column}){end}", path=path)


def _explain(graph: Graph, reference: Reference) -> tuple[str, str, int] | None:
    """Code, sentence and step of the path, of what a check cannot look up."""
    match reference.path:
        case ():
            names = join_names(CHECK_FIELDS, "or")
            return "bare-context", f"`context` cannot be used as a whole: name what you need of it: {names}.", 0
        case ("outputs",):
            message = "`context.outputs` needs the id of a node that stands there as it is: context.outputs.<nodeId>."
            return "computed-output", message, 0
        case ("outputs", named, *_) if str(named) not in graph.nodes and not graph.unknowns.missing_nodes:
            return "unknown-output", with_hint(f"There is no node {quote(str(named))}", str(named), graph.nodes), 1
        case ("run", named, *_) if named not in RUN_FIELDS:
            return "unknown-context-field", explain_no_run_field(str(named)), 1
        case (("partition" | "upstream"), *_) if why := explain_not_of_asset(graph.workflow.asset, reference.path):
            return "not-of-the-asset", why, len(reference.path) - 1
        case (named, *_) if named not in CHECK_FIELDS:
            statement = f"Checks have no `context.{shorten(str(named))}`"
            return "unknown-context-field", with_hint(statement, str(named), CHECK_FIELDS), 0
        case _:
            return None


def checks_can_be_decided(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """No check looks for a field that a closed schema does not have, or does what its values do not allow."""
    if not list(_list_conditions(graph)):
        return
    context = lookup.flow_of(graph).find_context_of_checks()
    for path, condition in _list_conditions(graph):
        if (expression := _read(condition)) is None:
            continue
        for found in list_condition_issues(expression, context):
            severity = Severity.ERROR if found.is_sure else Severity.WARNING
            yield Issue(found.code, f"{found.reason} (column {found.column})", path=path, severity=severity)


def _read(condition: str) -> Expression | None:
    try:
        return parse_expression(condition)
    except ExpressionFault:
        return None  # another rule says so


def checks_that_ask_stand_before_one_end(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """A person who is asked what a run would give is asked once: no two ends are reached by one run."""
    if together := _find_together(graph):
        names = join_names([graph.nodes[node_id].title for node_id in together])
        message = (
            f"{names} may end the same run, and checks with `ask: true` ask about one output: join the ends into one."
        )
        yield Issue("ask-at-several-ends", message, path="$.asset.checks")


def _find_together(graph: Graph) -> Sequence[str]:
    """Two ends in front of which one run may ask; none where that never happens."""
    ends = [end.id for end in list_asked_ends(graph) if end.id in graph.index]
    guards = Guards(graph) if len(ends) > 1 else None
    for one, other in combinations(ends, 2):
        if guards and not guards.are_exclusive(guards.of_node(one), guards.of_node(other)):
            return one, other
    return ()


def _list_conditions(graph: Graph) -> Iterator[tuple[str, str]]:
    asset = graph.workflow.asset
    for place, check in enumerate(asset.checks if asset else ()):
        yield f"$.asset.checks[{place}].condition", check.condition
