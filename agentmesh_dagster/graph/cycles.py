"""Cycles of a directed graph given as node id → ids of the nodes that its edges lead to; no recursion."""

from collections.abc import Iterator, Mapping, Sequence

Successors = Mapping[str, Sequence[str]]


def find_components(successors: Successors) -> list[list[str]]:
    """The strongly connected components, each behind all that lead to it (Tarjan's algorithm)."""
    components: list[list[str]] = []
    number: dict[str, int] = {}  # in the order of the first visit
    lowest: dict[str, int] = {}  # the smallest number that can be reached back
    open_nodes: dict[str, None] = {}  # visited, and not yet in a component
    for root in successors:
        if root in number:
            continue
        walk = [(root, iter(successors[root]))]
        number[root] = lowest[root] = len(number)
        open_nodes[root] = None
        while walk:
            node, ahead = walk[-1]
            for target in ahead:
                if target not in number:
                    number[target] = lowest[target] = len(number)
                    open_nodes[target] = None
                    walk.append((target, iter(successors[target])))
                    break
                if target in open_nodes:
                    lowest[node] = min(lowest[node], number[target])
            else:
                walk.pop()
                if walk:
                    above = walk[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == number[node]:
                    component: list[str] = []
                    while node in open_nodes:
                        component.append(open_nodes.popitem()[0])
                    components.append(component[::-1])
    return components[::-1]


def find_cycles(successors: Successors, first: Sequence[str]) -> Iterator[tuple[list[str], int]]:
    """One cycle for each edge that leads back in a depth-first walk from the nodes in `first`, then all others.

    Each is the node ids from the edge's target to its source, and the place of the edge among the source's edges.
    Without these edges no cycle is left, so this lists as many as must be broken, never all combinations.
    """
    done: set[str] = set()
    for root in (*first, *successors):
        if root in done:
            continue
        path: dict[str, None] = {root: None}
        walk = [(root, enumerate(successors[root]))]
        while walk:
            node, ahead = walk[-1]
            for place, target in ahead:
                if target in path:
                    ids = list(path)
                    yield ids[ids.index(target) :], place
                elif target not in done:
                    path[target] = None
                    walk.append((target, enumerate(successors[target])))
                    break
            else:
                walk.pop()
                path.popitem()
                done.add(node)
