"""The examples of docs/expressions.md are true."""

import json
import re
from pathlib import Path

import pytest

from agentmesh_dagster.graph.expressions import ExpressionFault, parse_expression
from agentmesh_dagster.graph.templates import TemplateFault, parse_template

MANUAL = (Path(__file__).parents[2] / "docs" / "expressions.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
CONTEXT = next(json.loads(body) for kind, body in BLOCKS if kind == "json")
EXAMPLES = [
    (kind, *map(str.strip, line.split("→"))) for kind, body in BLOCKS if kind != "json" for line in body.splitlines()
]


@pytest.mark.parametrize(("kind", "source", "told"), EXAMPLES)
def test_an_example_gives_what_the_manual_tells(kind, source, told):
    try:
        if kind == "template":
            result = parse_template(source).render(CONTEXT)
        else:
            result = parse_expression(source).evaluate(CONTEXT)
    except (ExpressionFault, TemplateFault) as fault:
        assert str(fault) == told  # noqa: PT017 - a fault is one of the things an example may give
    else:
        assert json.dumps(result) == told


def test_the_manual_has_examples_of_both():
    assert {kind for kind, _, _ in EXAMPLES} == {"expression", "template"}
