"""What the README shows works as it stands there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_workflow_in_the_readme_runs(agentmesh, folder):
    document = next(block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "hello.yaml" in block)
    (folder / "hello.yaml").write_text(document, encoding="utf-8")

    assert "no faults" in agentmesh("validate", "hello.yaml").out
    assert agentmesh("apply", "hello.yaml").code == 0
    assert "Greet Ada." in agentmesh("run", "hello", "--input", '{"who": "Ada"}').out


@pytest.mark.parametrize("page", ["README.md", "docs/cli.md"])
def test_every_command_is_explained(agentmesh, page):
    text = (ROOT / page).read_text(encoding="utf-8")
    commands = set(re.findall(r"│ (\w+) ", agentmesh("--help").out.split("Commands")[1]))

    assert commands == set(re.findall(r"^(?:\| )?`agentmesh (\w+)", text, re.MULTILINE))


def test_every_file_that_the_readme_links_to_is_there():
    links = re.findall(r"\]\(([^):]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
