"""Branch: chooses where to go on, or goes through a list."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from agentmesh_dagster.entities.bounds import MaxItems, MaxItemsAtOnce
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.form import form
from agentmesh_dagster.specs.made_shapes import Items
from agentmesh_dagster.specs.node_config import NodeConfig, Written
from agentmesh_dagster.specs.node_spec import EdgeWords, NodeFacts, NodeSpec, Ports
from agentmesh_dagster.specs.shapes import Shape

MAX_ITEMS = 1_000


class BranchConfig(NodeConfig):
    mode: Literal["first", "all", "each"] = Field(
        default="first",
        title="Mode",
        description="The first edge that matches is taken, or all that do; or everything behind runs once per item.",
        json_schema_extra=form(
            choices={"first": "First match", "all": "All matches", "each": "For each item of a list"}
        ),
    )
    condition: Annotated[str | None, Written.EXPRESSION] = Field(
        default=None,
        title="Switch on",
        description=(
            "An expression, evaluated once: each edge's condition is then the literal to match. Without it each edge "
            "has an expression of its own."
        ),
        examples=["context.last_output.kind"],
        json_schema_extra=form(only_with=("mode", ["first"])),
    )
    on_no_match: Literal["fail", "end"] = Field(
        default="fail",
        title="If nothing matches",
        description="Whether the step fails, or ends and no edge is taken.",
        json_schema_extra=form(choices={"fail": "Fail the step", "end": "Take no edge"}, only_with=("mode", ["first"])),
    )
    items: Annotated[Any, Written.EXPRESSION_OR_TEMPLATE] = Field(
        default=None,
        title="Items",
        description=(
            "The list: an expression that gives one, or the list as it is. Behind the branch there are context.item "
            "and context.index."
        ),
        examples=["context.input.items"],
        json_schema_extra=form(only_with=("mode", ["each"]), is_required=True),
    )
    max_items: MaxItems = Field(
        default=MAX_ITEMS,
        title="Max items",
        description="More than these fail the step.",
        json_schema_extra=form(only_with=("mode", ["each"])),
    )
    concurrency: MaxItemsAtOnce | None = Field(
        default=None,
        title="Concurrency",
        description="How many steps of the items are executed at once; as many as the executor takes unless given.",
        json_schema_extra=form(unset="No limit of its own", only_with=("mode", ["each"])),
    )
    on_item_error: Literal["fail", "skip", "keep"] = Field(
        default="fail",
        title="If an item fails",
        description=(
            "The run fails, once the other items are done; or the list of results leaves the item out, or has "
            "{error} in its place."
        ),
        json_schema_extra=form(
            choices={"fail": "Fail the run", "skip": "Leave the item out", "keep": "Keep its error"},
            only_with=("mode", ["each"]),
        ),
    )
    join: str | None = Field(
        default=None,
        title="Join",
        description="The node that gets the list of results, by its id, where the graph leaves a choice.",
        json_schema_extra=form(control="node", unset="As the graph says", only_with=("mode", ["each"])),
    )


def _choose_ports(config: NodeConfig) -> Ports:
    return Ports.ITEMS if isinstance(config, BranchConfig) and config.mode == "each" else Ports.CHOICE


def _read_output(facts: NodeFacts) -> Shape | None:
    """The input goes on unchanged; an `each` gives its list."""
    if _choose_ports(facts.config) is not Ports.ITEMS:
        return facts.input
    items = facts.find_value("items")
    return Items(items.find_item() if items else None, "the list of items")


def _describe(facts: NodeFacts) -> str:
    edges = [f"- to `{target}`" + (f" if `{condition}`" if condition else "") for target, condition in facts.edges]
    return "\n".join(edges)


_OF_EACH = {
    "items": "items",
    "max_items": "maxItems",
    "concurrency": "concurrency",
    "on_item_error": "onItemError",
    "join": "join",
}


def _list_issues(facts: NodeFacts) -> Iterator[FieldIssue]:
    """Each setting stands only with the mode in which it counts."""
    config = facts.config
    if not isinstance(config, BranchConfig):
        return
    given, mode = config.model_fields_set, config.mode
    for name, field in _OF_EACH.items():
        if mode != "each" and name in given:
            message = f"`{field}` counts only with `mode: each`, and here it is {mode}: change one of them."
            yield FieldIssue("setting-not-for-mode", field, message)
    if mode != "first" and "condition" in given:
        message = f"`condition` counts only with `mode: first`, and here it is {mode}: change one of them."
        yield FieldIssue("setting-not-for-mode", "condition", message)
    if mode != "first" and "on_no_match" in given:
        message = f"`onNoMatch` changes nothing with `mode: {mode}`, which never fails so: remove it."
        yield FieldIssue("setting-without-effect", "onNoMatch", message, is_warning=True)


SPEC = NodeSpec(
    type="branch",
    label="Branch",
    purpose="Chooses where to go on, or goes through a list.",
    icon="branch",
    stem="branch",
    kind="branch",
    config=BranchConfig,
    ports=_choose_ports,
    may_choose=True,
    subject="condition",
    mode="mode",
    edge_words={
        "first": EdgeWords(
            "Tried in this order. An edge without a condition is the default: taken when no other is.",
            is_numbered=True,
        ),
        "all": EdgeWords("Every edge whose condition is true is taken.", otherwise="always"),
        "each": EdgeWords("Everything up to the join runs once for each item.", otherwise="for each item"),
    },
    summary_field="mode",
    tone="warn",
    output=_read_output,
    describe=_describe,
    list_issues=_list_issues,
)
