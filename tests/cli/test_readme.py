"""What the README shows works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# As Dagster's tools load a file.
LISTING = """
import sys
from dagster._core.workspace.autodiscovery import loadable_targets_from_python_file
from dagster._core.definitions.reconstruct import repository_def_from_target_def
target = loadable_targets_from_python_file(sys.argv[1])[0].target_definition
if callable(target):
    target = target()
repository = repository_def_from_target_def(target)
repository.load_all_definitions()
print(*repository.job_names)
"""
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_workflow_in_the_readme_runs(agentmesh, folder):
    document = next(block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "hello.yaml" in block)
    (folder / "hello.yaml").write_text(document, encoding="utf-8")

    assert "no issues" in agentmesh("validate", "hello.yaml").out
    assert agentmesh("apply", "hello.yaml").code == 0
    assert "Greet Ada." in agentmesh("run", "hello", "--input", '{"who": "Ada"}').out


@pytest.mark.parametrize("page", ["README.md", "docs/dagster.md"])
def test_the_definitions_shown_load_as_typed_in_one_file(agentmesh, folder, page):
    text = (ROOT / page).read_text(encoding="utf-8")
    module = next(
        block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "Definitions.merge" in block
    )
    (folder / "my_definitions.py").write_text(module, encoding="utf-8")
    (folder / "hello.yaml").write_text(
        re.findall(r"```yaml\n(# hello.yaml.*?)```", README, re.DOTALL)[0], encoding="utf-8"
    )
    assert agentmesh("apply", "hello.yaml").code == 0

    loaded = subprocess.run(
        [sys.executable, "-c", LISTING, "my_definitions.py"], cwd=folder, capture_output=True, text=True, check=False
    )

    assert loaded.returncode == 0, loaded.stderr
    assert {"Hello", "__ASSET_JOB"} <= set(loaded.stdout.split())


@pytest.mark.parametrize("page", ["README.md", "docs/cli.md"])
def test_every_command_is_explained(agentmesh, page):
    text = (ROOT / page).read_text(encoding="utf-8")
    commands = set(re.findall(r"│ (\w[\w-]*) ", agentmesh("--help").out.split("Commands")[1]))

    assert commands == set(re.findall(r"^(?:\| )?`agentmesh (\w[\w-]*)", text, re.MULTILINE))


def test_every_file_that_the_readme_links_to_is_there():
    links = re.findall(r"\]\(([^):]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
