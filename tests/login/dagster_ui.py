"""The queries that Dagster's own pages send, out of the files that its web server ships."""

import re
from collections.abc import Iterator
from pathlib import Path

import dagster_webserver
from graphql import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

_BEGINS = re.compile(r"(?:`|\n|\\n)\s*((?:query|mutation|subscription|fragment)\s+\w+(?:\s+on\s+\w+)?\s*[({])")


def list_queries() -> dict[str, str]:
    """Each operation by its name, with the fragments that it needs."""
    operations: dict[str, OperationDefinitionNode] = {}
    fragments: dict[str, FragmentDefinitionNode] = {}
    build = Path(dagster_webserver.__file__).parent / "webapp" / "build"
    for file in build.rglob("*.js"):
        for part in _list_parts(file.read_text(errors="replace")):
            if isinstance(part, FragmentDefinitionNode):
                fragments[part.name.value] = part
            elif isinstance(part, OperationDefinitionNode) and part.name:
                operations[part.name.value] = part
    written: dict[str, str] = {}
    for name, operation in operations.items():
        needed = _list_needed(operation, fragments)
        written[name] = "\n".join(print_ast(part) for part in (operation, *(fragments[one] for one in sorted(needed))))
    return written


def _list_parts(script: str) -> Iterator[Node]:
    for match in _BEGINS.finditer(script):
        text = _cut(script, match.start(1)).replace("\\n", "\n").replace("\\", "")
        try:
            yield from parse(re.sub(r"\$\{[^}]*\}", "", text)).definitions
        except GraphQLError:
            continue  # no GraphQL after all


def _cut(script: str, start: int) -> str:
    """Up to the brace that closes the first one."""
    depth = 0
    for place in range(script.index("{", start), min(len(script), start + 100_000)):
        depth += {"{": 1, "}": -1}.get(script[place], 0)
        if depth == 0:
            return script[start : place + 1]
    return ""


def _list_needed(node: Node, fragments: dict[str, FragmentDefinitionNode]) -> set[str]:
    needed: set[str] = set()

    class Spreads(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            name = spread.name.value
            if name in fragments and name not in needed:
                needed.add(name)
                visit(fragments[name], Spreads())

    visit(node, Spreads())
    return needed
