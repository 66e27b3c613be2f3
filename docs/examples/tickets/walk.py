"""Walks through one day, offline: the tickets, the agent, the person who is asked, the report."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
ENVIRONMENT = {"AGENTMESH_HOME": str(HERE / "home"), "DAGSTER_HOME": str(HERE / "home"), **os.environ}
COUNTED = {"complaints": 2, "questions": 1, "praise": 1}


def run(*command: str) -> str:
    """Types a command, as you would; what it printed."""
    print("$", shlex.join(command), flush=True)
    scripts = Path(sys.executable).parent
    done = subprocess.run(
        [scripts / command[0], *command[1:]], cwd=HERE, env=ENVIRONMENT, text=True, capture_output=True
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return done.stdout


def materialize(select: str, day: str) -> None:
    run("dagster", "asset", "materialize", "-f", "definitions.py", "--select", select, "--partition", day)


def main(day: str = "2026-11-28") -> None:
    Path(ENVIRONMENT["DAGSTER_HOME"]).mkdir(exist_ok=True)
    run("agentmesh", "apply", "triage.yaml")

    materialize('key:"raw/tickets" or key:"ai/triage" or key:"mart/report"', day)
    [gate] = json.loads(run("agentmesh", "gates", "--format", "json"))
    print(gate["instructions"], gate["payload"], sep="\n")

    answer = {"approved": True, "payload": COUNTED, "comment": "counted again"}
    run("agentmesh", "answer", gate["stepId"], "--output", json.dumps(answer))
    materialize('key:"mart/report"', day)

    with duckdb.connect(HERE / "desk.duckdb") as desk:
        print(desk.sql("SELECT * FROM report ORDER BY day"))
    print(run("agentmesh", "decisions", "--asset", "ai/triage"))


if __name__ == "__main__":
    main(*sys.argv[1:])
