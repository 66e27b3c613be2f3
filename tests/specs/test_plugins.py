"""Packages bring types by entry points: found once, in a fixed order; all that is wrong with them is told at once."""

import sys
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest

from agentmesh_dagster.specs import NODES
from agentmesh_dagster.specs.plugins import BrokenPlugins, Group, Plugins
from tests.plugins.installing import install

OURS = {Group.NODES: [spec.type for spec in NODES], Group.TOOLS: ["http"], Group.PROVIDERS: ["openai"]}
GOOD = """
from agentmesh_dagster.plugins import NodeConfig, NodeKind, NodeSpec, Result

def bring(name, run=lambda work: Result(None)):
    return NodeKind(NodeSpec(type=name, label=name, purpose="", icon="", stem=name, kind="", config=NodeConfig), run)

ZOOM, ADD, END, UPPER = bring("zoom"), bring("add"), bring("end"), bring("Upper")
IDLE = bring("idle", run=None)
TEXT = "no type"
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for module in ("acme_types", "acme_broken"):
        sys.modules.pop(module, None)


def look_in(site: Path) -> Callable[..., Iterable[EntryPoint]]:
    """The entry points of what is installed in a folder."""

    def list_points(*, group: str) -> list[EntryPoint]:
        found = [point for package in distributions(path=[str(site)]) for point in package.entry_points]
        return [point for point in found if point.group == group]

    return list_points


def test_types_of_packages_come_behind_ours_by_name(site: Path):
    points = {"zoom": "acme_types:ZOOM", "add": "acme_types:ADD"}
    install(site, "acme-types", {"agentmesh.nodes": points}, acme_types=GOOD)
    plugins = Plugins(OURS, look_in(site))

    types = plugins.join(Group.NODES, {spec.type: spec for spec in NODES}, lambda kind: kind.spec)

    assert list(types) == [*(spec.type for spec in NODES), "add", "zoom"]
    assert types["zoom"].label == "zoom"
    assert plugins.load() is plugins.load()


def test_nothing_is_imported_before_the_first_look(site: Path):
    install(site, "acme-types", {"agentmesh.nodes": {"zoom": "acme_types:ZOOM"}}, acme_types=GOOD)
    types = Plugins(OURS, look_in(site)).join(Group.NODES, {}, lambda kind: kind.spec)
    assert "acme_types" not in sys.modules

    assert "zoom" in types

    assert "acme_types" in sys.modules


def test_all_faults_are_told_with_the_package_and_what_to_do(site: Path):
    points = {
        "end": "acme_types:END",
        "Upper": "acme_types:UPPER",
        "zoom": "acme_types:ADD",
        "idle": "acme_types:IDLE",
        "text": "acme_types:TEXT",
        "gone": "acme_types:GONE",
        "add": "acme_types:ADD",
    }
    install(site, "acme-types", {"agentmesh.nodes": points}, acme_types=GOOD)
    install(site, "bits", {"agentmesh.nodes": {"add": "acme_types:ADD"}}, version="2.3")
    install(site, "broken", {"agentmesh.providers": {"mine": "acme_broken:MINE"}}, acme_broken="import no_such_module")

    with pytest.raises(BrokenPlugins) as caught:
        Plugins(OURS, look_in(site)).load()

    assert str(caught.value).splitlines() == [
        "Installed packages bring types that cannot be used: mend or uninstall them, and start again: ",
        "- acme-types 1.0, `Upper = acme_types:UPPER` in agentmesh.nodes: a name has lower-case letters, digits and "
        "underscores, and begins with a letter",
        "- bits 2.3, `add = acme_types:ADD` in agentmesh.nodes: the name is that of a type of acme-types 1.0",
        "- acme-types 1.0, `end = acme_types:END` in agentmesh.nodes: the name is that of a type of AgentMesh itself",
        "- acme-types 1.0, `gone = acme_types:GONE` in agentmesh.nodes: it cannot be loaded: AttributeError: module "
        "'acme_types' has no attribute 'GONE'",
        "- acme-types 1.0, `idle = acme_types:IDLE` in agentmesh.nodes: it has no function `run`",
        "- acme-types 1.0, `text = acme_types:TEXT` in agentmesh.nodes: it has no `spec` that is a NodeSpec",
        "- acme-types 1.0, `zoom = acme_types:ADD` in agentmesh.nodes: its spec says type `add`: give both the same "
        "name",
        "- broken 1.0, `mine = acme_broken:MINE` in agentmesh.providers: it cannot be loaded: ModuleNotFoundError: No "
        "module named 'no_such_module'",
    ]
