"""The newest: of the nodes that a name may mean, those whose output `context.outputs` has at a step."""

from collections.abc import Collection, Sequence
from itertools import takewhile

from agentmesh_dagster.graph.address import Address, Path
from agentmesh_dagster.graph.plan import Plan


def list_newest(plan: Plan, keys: Sequence[str], step: Address, ended: Collection[Address]) -> Sequence[str]:
    """Of these nodes of one name, the newest first, those whose outputs it is; none: nothing of that name has run.

    It is one, but where the output is a list over the items of an `each`: each item has its own last round.
    """
    if len(keys) < 2:
        return keys
    scopes, own = plan.scopes, plan.key_of(step)
    by_key: dict[str, list[Address]] = {}
    for other in ended:
        by_key.setdefault(scopes.node_of(other), []).append(other)

    def has_run(key: str) -> bool:
        items = step.items[: count_shared(plan, key, own)]
        return any(other.items[: len(items)] == items for other in by_key.get(key, ()))

    newest = next(filter(has_run, keys), None)
    if newest is None:  # maybe there are items nevertheless, none of which came to it
        newest = next((key for key in keys if (head := find_unshared(plan, key, own)) and has_run(head)), None)
    if newest is None or find_unshared(plan, newest, own) is None:
        return [newest] if newest else []
    heads = scopes.list_heads(newest)
    return [key for key in keys if scopes.list_heads(key) == heads]


def find_unshared(plan: Plan, key: str, own: str) -> str | None:
    """The head of the outermost `each` that repeats the one node, and not the other."""
    return next(iter(plan.scopes.list_heads(key)[count_shared(plan, key, own) :]), None)


def count_shared(plan: Plan, key: str, own: str) -> int:
    """How many `each` of the document stand around both nodes: in a loop the same one repeats both in each round."""
    heads, others = ([_name(plan, head) for head in plan.scopes.list_heads(one)] for one in (key, own))
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(heads, others, strict=False))))


def _name(plan: Plan, key: str) -> tuple[Path, str]:
    """The node as the document has it: the place of the call that it is in, and its id there."""
    return plan.names_of(key), plan.graph.nodes[key].origin
