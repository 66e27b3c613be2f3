"""Branch: chooses where to go on, or goes through a list."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from agentmesh_dagster.entities.bounds import MaxItems
from agentmesh_dagster.specs.field_issue import FieldIssue
from agentmesh_dagster.specs.node_config import NodeConfig, Written
from agentmesh_dagster.specs.node_spec import NodeFacts, NodeSpec, Ports
from agentmesh_dagster.specs.shapes import Shape

MAX_ITEMS = 1_000


class BranchConfig(NodeConfig):
    mode: Literal["first", "all", "each"] = Field(
        default="first",
        description="`first`: the first edge that matches; `all`: every one; `each`: everything behind, once per item.",
    )
    condition: Annotated[str | None, Written.EXPRESSION] = Field(
        default=None,
        description="first: an expression evaluated once; each edge's condition is then the literal to match.",
    )
    on_no_match: Literal["fail", "end"] = Field(
        default="fail", description="first: whether the step fails or nothing is taken when no edge matches."
    )
    items: Annotated[Any, Written.EXPRESSION_OR_TEMPLATE] = Field(
        default=None, description="each: the list, as an expression (context.input.items) or as it is."
    )
    max_items: MaxItems = Field(default=MAX_ITEMS, description="each: more items than this fail the step.")
    join: str | None = Field(
        default=None,
        description="each: id of the node that gets the list of results, where the graph leaves a choice.",
    )


def _choose_ports(config: NodeConfig) -> Ports:
    return Ports.ITEMS if isinstance(config, BranchConfig) and config.mode == "each" else Ports.CHOICE


def _read_output(facts: NodeFacts) -> Shape | None:
    """The input goes on unchanged; an `each` gives its list."""
    return None if _choose_ports(facts.config) is Ports.ITEMS else facts.input


def _describe(facts: NodeFacts) -> str:
    edges = [f"- to `{target}`" + (f" if `{condition}`" if condition else "") for target, condition in facts.edges]
    return "\n".join(edges)


def _list_issues(facts: NodeFacts) -> Iterator[FieldIssue]:
    """Each setting stands only with the mode in which it counts."""
    config = facts.config
    if not isinstance(config, BranchConfig):
        return
    given, mode = config.model_fields_set, config.mode
    for name, field in (("items", "items"), ("max_items", "maxItems"), ("join", "join")):
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
    output=_read_output,
    describe=_describe,
    list_issues=_list_issues,
)
