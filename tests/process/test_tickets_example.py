"""The example project with an agent between two tables walks through a day as its README says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "tickets"


def test_the_example_walks_through_a_day(tmp_path: Path):
    here = shutil.copytree(EXAMPLE, tmp_path / "tickets", ignore=shutil.ignore_patterns("home", "*.duckdb"))
    others = ("AGENTMESH", "DAGSTER", "COLUMNS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(others)}

    walked = subprocess.run([sys.executable, "walk.py"], cwd=here, env=environment, text=True, capture_output=True)

    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert "every_ticket_is_counted" in walked.stdout
    assert "2026-11-28 │          2 │         1 │      1" in walked.stdout
    assert "approved, changed" in walked.stdout
    assert "counted again" in walked.stdout
