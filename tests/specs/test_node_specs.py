"""Each node type is said once: in its spec, and done in the file of the same name."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import agentmesh_dagster
from agentmesh_dagster.entities.models import NodeType
from agentmesh_dagster.runtime.nodes import RUNNERS
from agentmesh_dagster.specs import NODE_SPECS, NODES
from agentmesh_dagster.specs.node_config import Written
from agentmesh_dagster.specs.node_spec import NodeSpec

PACKAGE = Path(agentmesh_dagster.__file__).parent
WITH_SPEC = pytest.mark.parametrize("spec", NODES, ids=lambda spec: spec.type.value)


def test_every_type_has_one_spec_and_one_runner():
    assert set(NODE_SPECS) == set(NodeType) == set(RUNNERS)
    assert len(NODES) == len(NODE_SPECS)


@WITH_SPEC
def test_spec_and_runner_stand_under_the_types_name(spec: NodeSpec):
    assert import_module(f"agentmesh_dagster.specs.nodes.{spec.type}").SPEC is spec
    assert import_module(f"agentmesh_dagster.runtime.nodes.{spec.type}").run is RUNNERS[spec.type]


@WITH_SPEC
def test_every_field_says_what_it_is_for(spec: NodeSpec):
    silent = [name for name, field in spec.config.model_fields.items() if not field.description]
    assert not silent


def test_fields_are_written_as_their_annotations_say():
    written = {f"{spec.type}.{field}": way for spec in NODES for field, way in spec.written.items()}
    assert written == {
        "agent.prompt": Written.TEMPLATE,
        "agent.systemPrompt": Written.TEMPLATE,
        "agent.modelName": Written.TEMPLATE,
        "agent.outputSchema": Written.SCHEMA,
        "tool.input": Written.TEMPLATE,
        "branch.condition": Written.EXPRESSION,
        "branch.items": Written.EXPRESSION_OR_TEMPLATE,
        "human_approval.instructions": Written.TEMPLATE,
        "human_approval.payload": Written.TEMPLATE,
        "human_approval.schema": Written.SCHEMA,
        "human_approval.assignees": Written.TEMPLATE,
        "human_approval.notify": Written.TEMPLATE,
        "end.output": Written.TEMPLATE,
    }


def test_no_other_file_knows_a_node_type():
    files = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if "node_modules" not in path.parts]
    others = [file for file in files if not str(file).startswith(("specs/", "runtime/nodes/"))]
    assert [str(file) for file in others if re.search(r"\bNodeType\.[A-Z]", (PACKAGE / file).read_text())] == []
