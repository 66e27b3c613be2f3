"""The build hook of the package: when it builds the web app, with what, and what it leaves when it cannot."""

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hatchling.bridge.app import Application

ROOT = Path(__file__).parents[2]
BUILD = "require('fs').mkdirSync('dist', {recursive: true}); require('fs').appendFileSync('dist/index.html', 'app')"


@pytest.fixture(scope="module")
def hatch_build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose web app needs nothing from a registry, and says how often it was built."""
    web = tmp_path / "agentmesh_dagster" / "web"
    web.mkdir(parents=True)
    package = {"name": "app", "version": "1.0.0", "scripts": {"build": f'node -e "{BUILD}"'}}
    lock = {"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": package}}
    web.joinpath("package.json").write_text(json.dumps(package))
    web.joinpath("package-lock.json").write_text(json.dumps(lock))
    return tmp_path


def make_hook(hatch_build: ModuleType, root: Path) -> Any:
    return hatch_build.WebAppBuildHook(str(root), {}, None, None, str(root), "wheel", Application())


def read_page(root: Path) -> str:
    return (root / "agentmesh_dagster" / "web" / "dist" / "index.html").read_text()


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")


@needs_node
def test_the_app_is_built_once_and_again_only_when_a_source_has_changed(hatch_build: ModuleType, root: Path) -> None:
    hook = make_hook(hatch_build, root)
    hook.initialize("standard", {})
    hook.initialize("editable", {})
    assert read_page(root) == "app"

    (root / "agentmesh_dagster" / "web" / "main.ts").write_text("changed")
    hook.initialize("editable", {})

    assert read_page(root) == "appapp"


def test_a_machine_without_node_asks_for_one_from_pypi(
    hatch_build: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    assert make_hook(hatch_build, root).dependencies() == [hatch_build.NODE_FROM_PYPI]
    monkeypatch.setenv("AGENTMESH_SKIP_WEB", "1")
    assert make_hook(hatch_build, root).dependencies() == []


def test_an_old_node_counts_as_none(
    hatch_build: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, said in (("node", "v18.20.4"), ("npm", "9")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {said}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    assert make_hook(hatch_build, root).dependencies() == [hatch_build.NODE_FROM_PYPI]


def test_without_node_the_package_is_built_and_the_page_says_what_is_missing(
    hatch_build: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    make_hook(hatch_build, root).initialize("standard", {})

    assert "there is no node 20.19 or newer" in read_page(root)


@needs_node
def test_a_build_that_fails_leaves_its_reason_and_is_tried_again(hatch_build: ModuleType, root: Path) -> None:
    web = root / "agentmesh_dagster" / "web"
    good = web.joinpath("package.json").read_text()
    web.joinpath("package.json").write_text(good.replace(BUILD, "throw new Error('<no> luck')"))
    make_hook(hatch_build, root).initialize("standard", {})
    assert "&lt;no&gt; luck" in read_page(root)

    web.joinpath("package.json").write_text(good)
    make_hook(hatch_build, root).initialize("standard", {})

    assert read_page(root).endswith("app")
