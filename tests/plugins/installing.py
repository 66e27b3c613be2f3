"""A package on disk as an installer would leave it: its modules, and what its `pyproject.toml` says of entry points."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

ACME = Path(__file__).parent / "acme"


def install_acme(site: Path) -> Path:
    """The package of docs/EXTENDING.md; `site` is to stand on the path."""
    project = tomllib.loads((ACME / "pyproject.toml").read_text("utf-8"))["project"]
    install(site, project["name"], project["entry-points"], version=project["version"])
    for module in ACME.glob("*.py"):
        shutil.copy(module, site)
    return site


def install(
    site: Path, package: str, points: Mapping[str, Mapping[str, str]], *, version: str = "1.0", **modules: str
) -> None:
    """A package with these entry points, by group and name, and the text of these modules."""
    about = site / f"{package.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    sections = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in named.items())])
        for group, named in points.items()
    ]
    (about / "entry_points.txt").write_text("\n\n".join(sections) + "\n")
    for module, text in modules.items():
        (site / f"{module}.py").write_text(text)
