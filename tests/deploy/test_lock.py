"""`deploy/requirements.lock`: what the image installs fits `pyproject.toml`, each file is known by its hash."""

import re
import tomllib
from collections.abc import Iterable

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.compose import DEPLOY

EXTRAS = {"celery", "k8s", "s3"}
PLATFORMS = [
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": machine, "python_version": "3.11"}
    for machine in ("x86_64", "aarch64")
]
LOCK = (DEPLOY / "requirements.lock").read_text()


def read_locked() -> dict[str, tuple[Requirement, list[str]]]:
    """Each pinned package by its name, with the hashes of its files."""
    lines = re.sub(r"^ *#.*\n", "", LOCK, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    locked: dict[str, tuple[Requirement, list[str]]] = {}
    for line in lines:
        pinned, *hashes = line.split("--hash=")
        requirement = Requirement(pinned.strip())
        locked[canonicalize_name(requirement.name)] = requirement, [value.strip() for value in hashes]
    return locked


def list_wanted() -> Iterable[Requirement]:
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]
    for text in (
        *project["dependencies"],
        *(one for extra in sorted(EXTRAS) for one in project["optional-dependencies"][extra]),
    ):
        yield Requirement(text)


@pytest.mark.parametrize("wanted", list(list_wanted()), ids=str)
def test_what_the_package_needs_is_locked_in_a_version_that_fits(wanted: Requirement):
    pinned, _ = read_locked()[canonicalize_name(wanted.name)]
    [version] = [one.version for one in pinned.specifier]
    assert wanted.specifier.contains(version), "make the lock anew: its head says how"
    for platform in PLATFORMS:
        needed = wanted.marker is None or wanted.marker.evaluate(platform)
        assert not needed or pinned.marker is None or pinned.marker.evaluate(platform)


def test_everything_is_pinned_by_hashes_and_comes_from_no_named_index():
    locked = read_locked()
    assert len(locked) > 100
    for pinned, hashes in locked.values():
        assert [one.operator for one in pinned.specifier] == ["=="], pinned
        assert pinned.url is None
        assert hashes, pinned
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), pinned
    assert "://" not in LOCK
    assert not re.search(r"^--?\w|-index", LOCK.replace("--no-emit-index-url", ""), re.MULTILINE)


def test_the_command_that_makes_it_is_at_its_head_and_in_the_docs():
    [command] = re.findall(r"^#    (uv pip compile .*)$", LOCK, re.MULTILINE)
    assert set(re.findall(r"--extra (\w+)", command)) == EXTRAS
    assert command in (DEPLOY.parent / "docs" / "deployment.md").read_text()


def test_the_image_installs_the_lock_and_then_the_package_alone():
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    installs = re.findall(r"pip install ([^&\n]*)", dockerfile)
    assert len(installs) == 2
    assert "--no-deps --require-hashes" in installs[0]
    assert "-r /requirements.lock" in installs[0]
    assert "--no-deps --no-index" in installs[1]
    assert "pip check" in dockerfile
    assert "!deploy/requirements.lock" in (DEPLOY / "Dockerfile.dockerignore").read_text()


def test_both_stages_are_built_on_the_base_that_was_given():
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${BASE_IMAGE}"}
    [default] = re.findall(r"^ARG BASE_IMAGE=(\S+)", dockerfile, re.MULTILINE)
    assert f"BASE_IMAGE:-{default}}}" in (DEPLOY / "compose.yaml").read_text()
