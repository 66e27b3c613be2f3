"""Each type is said once: in its spec, and done in the file of the same name."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Literal, get_args

import pytest
from pydantic import TypeAdapter

import agentmesh_dagster
from agentmesh_dagster.entities.models import ToolConfig, Trigger
from agentmesh_dagster.providers import BUILDERS
from agentmesh_dagster.runtime.nodes import RUNNERS
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs import NODE_SPECS, NODES, PROVIDER_SPECS, PROVIDERS, TOOL_SPECS, TOOLS, TRIGGERS
from agentmesh_dagster.specs.node_config import Written
from agentmesh_dagster.specs.node_spec import NodeSpec, Ports
from agentmesh_dagster.tools.kinds import KINDS

PACKAGE = Path(agentmesh_dagster.__file__).parent
NAMES = {*NODE_SPECS, *TOOL_SPECS, *PROVIDER_SPECS}
WITH_SPEC = pytest.mark.parametrize("spec", NODES, ids=lambda spec: spec.type)


def test_every_type_has_one_spec_and_one_runner():
    assert set(NODE_SPECS) == set(RUNNERS)
    assert set(TOOL_SPECS) == set(KINDS)
    assert set(PROVIDER_SPECS) == set(BUILDERS)
    assert [len(NODES), len(TOOLS), len(PROVIDERS)] == [len(NODE_SPECS), len(TOOL_SPECS), len(PROVIDER_SPECS)]


@WITH_SPEC
def test_spec_and_runner_stand_under_the_types_name(spec: NodeSpec):
    assert import_module(f"agentmesh_dagster.specs.nodes.{spec.type}").SPEC is spec
    assert import_module(f"agentmesh_dagster.runtime.nodes.{spec.type}").run is RUNNERS[spec.type]


def test_tools_and_providers_stand_under_their_names_too():
    for spec in TOOLS:
        assert import_module(f"agentmesh_dagster.specs.tools.{spec.type}").SPEC is spec
    for provider in PROVIDERS:
        assert import_module(f"agentmesh_dagster.specs.providers.{provider.name}").SPEC is provider
        assert import_module(f"agentmesh_dagster.providers.{provider.name}").build is BUILDERS[provider.name]
        assert {provider.base_url, provider.api_key} <= Settings.model_fields.keys()


def test_every_trigger_of_a_document_has_one_spec_under_its_name():
    union = get_args(get_args(Trigger)[0])
    assert {spec.model for spec in TRIGGERS} == set(union)
    assert len(TRIGGERS) == len(union)
    for spec in TRIGGERS:
        assert import_module(f"agentmesh_dagster.specs.triggers.{spec.type}").SPEC is spec
        assert spec.model.model_fields["type"].annotation == Literal[spec.type]
        assert all(field.description for field in spec.model.model_fields.values())


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
        "workflow.input": Written.TEMPLATE,
        "branch.condition": Written.EXPRESSION,
        "branch.items": Written.EXPRESSION_OR_TEMPLATE,
        "human_approval.instructions": Written.TEMPLATE,
        "human_approval.payload": Written.TEMPLATE,
        "human_approval.schema": Written.SCHEMA,
        "human_approval.assignees": Written.TEMPLATE,
        "human_approval.notify": Written.TEMPLATE,
        "wait.seconds": Written.TEMPLATE,
        "wait.until": Written.TEMPLATE,
        "wait.event.match": Written.EXPRESSION,
        "end.output": Written.TEMPLATE,
        "agent.onError": Written.TEMPLATE,
        "tool.onError": Written.TEMPLATE,
        "human_approval.onError": Written.TEMPLATE,
        "wait.onError": Written.TEMPLATE,
        "workflow.onError": Written.TEMPLATE,
    }


def test_a_tools_config_has_every_field_that_its_type_names():
    for spec in TOOLS:
        names = {*spec.needs, *spec.takes}
        assert names <= {field.alias or name for name, field in ToolConfig.model_fields.items()}
        assert {*spec.summary} <= names


@WITH_SPEC
def test_a_node_type_has_words_for_the_edges_of_every_mode(spec: NodeSpec):
    modes = get_args(spec.config.model_fields[spec.mode].annotation) if spec.mode else (None,)

    assert not spec.may_choose or set(spec.edge_words) == set(modes)
    for mode, words in spec.edge_words.items():
        ports = spec.ports(spec.config.model_validate({spec.mode: mode} if spec.mode else {}))
        assert (words.plain_hint is not None) is (ports is Ports.CHOICE_IF_ASKED)


def test_a_new_trigger_can_be_read():
    read = TypeAdapter[Trigger](Trigger)
    for spec in TRIGGERS:
        filled = {field: value or "x" for field, value in spec.first.items()}  # a new one lacks a name
        assert read.validate_python(filled).type == spec.type


def test_the_web_app_compares_no_types():
    names = "|".join([*NODE_SPECS, *TOOL_SPECS, *PROVIDER_SPECS])
    compares = re.compile(rf"\b(?:type|modelProvider) [!=]==? '(?:{names})'|case '(?:{names})':|-(?:{names}) \.step")
    files = [path for path in (PACKAGE / "web" / "src").rglob("*") if path.suffix in (".ts", ".tsx", ".css")]
    assert files
    assert [path.name for path in files if ".test." not in path.name and compares.search(path.read_text())] == []


def test_no_other_file_compares_types():
    files = [path for path in PACKAGE.rglob("*.py") if "node_modules" not in path.parts]
    others = [path for path in files if not str(path.relative_to(PACKAGE)).startswith(("specs/", "runtime/nodes/"))]
    assert [f"{path.name}:{line}" for path in others for line in find_comparisons(path)] == []


def test_no_other_file_asks_which_trigger_it_has():
    asking = [path for path in PACKAGE.rglob("*.py") if re.search(r"\b(Cron|Event|Run)Trigger\b", path.read_text())]
    outside = {str(path.relative_to(PACKAGE)) for path in asking if path.parent != PACKAGE / "specs" / "triggers"}
    assert outside == {"entities/models.py", "graph/document_schema.py"}  # the latter has the place of an id


def find_comparisons(path: Path) -> Iterator[int]:
    """The lines in which a field `type`, `node_type` or `model_provider` is compared with the name of a type."""
    for node in ast.walk(ast.parse(path.read_text())):
        parts = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        fields = {part.attr for part in parts if isinstance(part, ast.Attribute)}
        values = {part.value for part in parts if isinstance(part, ast.Constant)}
        if fields & {"type", "node_type", "model_provider"} and values & NAMES:
            yield node.lineno
