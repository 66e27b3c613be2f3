"""The peers' virtual environments: made once, in a cache folder, with pinned versions."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.processes import CannotMeasure, clean_environment

CACHE = Path.home() / ".cache" / "agentmesh-benchmarks"
_INSTALL_SECONDS = 1200
_OPENAI = "openai==3.54.0"

REQUIREMENTS: dict[str, tuple[str, ...]] = {
    "asyncio": (_OPENAI,),
    "langgraph": (_OPENAI, "langgraph==1.2.22", "langgraph-checkpoint-sqlite==3.1.2", "aiosqlite==0.22.1"),
    "dbos": (_OPENAI, "dbos==3.4.0"),
    "prefect": (_OPENAI, "prefect==3.7.2", "fastapi<0.116"),
    "dagster": (_OPENAI, "dagster==1.13.27", "dagster-webserver==1.13.27"),
}


@dataclass(frozen=True)
class Venv:
    """A virtual environment in which a peer can run."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def list_packages(self) -> list[str]:
        """`name==version` of all that is installed."""
        return _run([self.python, "-m", "pip", "list", "--format=freeze"]).split()


def prepare_venv(peer: str, cache: Path) -> Venv:
    """The peer's environment, made anew when other packages are required than it was made with.

    Raises CannotMeasure when it cannot be made.
    """
    venv = Venv(cache / peer)
    wanted = "\n".join((sys.version, *REQUIREMENTS[peer]))
    made = venv.folder / "made-with.txt"
    if made.exists() and made.read_text() == wanted:
        return venv
    _run([sys.executable, "-m", "venv", "--clear", str(venv.folder)])
    _run([venv.python, "-m", "pip", "install", "--quiet", *REQUIREMENTS[peer]])
    made.write_text(wanted)
    return venv


def list_own_packages() -> list[str]:
    return _run([sys.executable, "-m", "pip", "list", "--format=freeze"]).split()


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, env=clean_environment(), capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines()
        raise CannotMeasure(f"{' '.join(command[1:4])}: {lines[-1] if lines else error.returncode}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotMeasure(str(error)) from error
    return done.stdout
