"""docs/EXTENDING.md shows the package that these tests install, and adding a type is as little as it says."""

import re
import tomllib
from pathlib import Path

import agentmesh_dagster
from agentmesh_dagster.specs import NODES, PROVIDERS, TOOLS
from tests.plugins.installing import ACME

PACKAGE = Path(agentmesh_dagster.__file__).parent
BLOCK = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_code_in_the_docs_is_the_code_that_runs():
    shown = dict(BLOCK.findall((PACKAGE.parent / "docs" / "EXTENDING.md").read_text("utf-8")))

    assert shown == {path.name: path.read_text("utf-8") for path in ACME.iterdir() if path.is_file()}


def test_from_outside_a_type_is_one_module_and_one_line():
    groups = tomllib.loads((ACME / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    modules = [value.partition(":")[0] for points in groups.values() for value in points.values()]

    assert len(groups) == len(modules) == len(set(modules)) == 3
    assert set(modules) == {path.stem for path in ACME.glob("*.py")}


def list_mentions(name: str, pattern: str) -> set[str]:
    """The files of the package, without the web app, that match `pattern` with the name of a type in it."""
    found = re.compile(pattern.format(name=name))
    files = [path for path in PACKAGE.rglob("*.py") if "web" not in path.relative_to(PACKAGE).parts]
    return {str(path.relative_to(PACKAGE)) for path in files if found.search(path.read_text("utf-8"))}


def test_inside_a_type_is_its_spec_its_work_and_a_line_in_each_of_two_tuples():
    imported = r"\b{name}\.(SPEC|run|build)\b"
    for spec in NODES:
        assert (PACKAGE / f"specs/nodes/{spec.type}.py").exists()
        assert (PACKAGE / f"runtime/nodes/{spec.type}.py").exists()
        assert list_mentions(spec.type, imported) == {"specs/__init__.py", "runtime/nodes/__init__.py"}, spec.type
    for tool in TOOLS:
        assert {"specs/__init__.py", "tools/kinds.py"} <= list_mentions(tool.type, imported)
    for provider in PROVIDERS:
        assert {"specs/__init__.py", "providers/__init__.py"} == list_mentions(provider.name, imported)
