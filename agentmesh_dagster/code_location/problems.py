"""What a location says of itself, written down where lists, the API and the editor show it: why workflows have no job
in it, and which functions tools can name."""

import hashlib
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentmesh_dagster.code_location.code_server import is_code_server
from agentmesh_dagster.runtime.known_functions import describe_function
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import save_job_problems, save_tool_functions
from agentmesh_dagster.tools import list_functions

_NAME_OPTION = "--location-name"
_SAID_AGAIN_AFTER_SECONDS = 3600.0

_log = logging.getLogger("dagster.agentmesh")


@dataclass(frozen=True)
class JobProblem:
    """Why a workflow has no job, or lacks a trigger."""

    store_url: str  # no object: a location may be built twice, with one each
    workflow_id: str
    text: str


@dataclass
class _Report:
    """What this code server has written down."""

    stores: Mapping[str, Store] = field(default_factory=dict[str, Store])  # by URL
    problems: Sequence[JobProblem] = ()
    at: float = field(default_factory=time.monotonic)

    def write(self) -> None:
        for url, store in self.stores.items():
            texts: dict[str, list[str]] = {}
            for problem in self.problems:
                if problem.store_url == url:
                    texts.setdefault(problem.workflow_id, []).append(problem.text)
            save_job_problems(store, _identify_location(), {key: " ".join(problems) for key, problems in texts.items()})
            save_tool_functions(store, _identify_location(), [describe_function(each) for each in list_functions()])
        self.at = time.monotonic()


_last = _Report()


def report_problems(stores: Mapping[str, Store], problems: Sequence[JobProblem]) -> None:
    """Logs them and, in a code server, puts them into the stores in place of those of its load before."""
    global _last
    for problem in problems:
        _log.warning("%s", problem.text)
    if not is_code_server():
        return  # a worker, or somebody who only looks
    _last = _Report(stores, problems)
    _last.write()


def say_again() -> None:
    """Now and then: what no code server says any more is not shown for ever."""
    if time.monotonic() - _last.at > _SAID_AGAIN_AFTER_SECONDS:
        _last.write()


def _identify_location() -> str:
    """What stays the same when a location is loaded again, in whichever process."""
    if _NAME_OPTION in sys.argv:
        words = sys.argv[sys.argv.index(_NAME_OPTION) + 1 :][:1]
    else:
        words = [word for word in sys.argv[1:] if not word.startswith("-") and "/tmp" not in word]
    return hashlib.sha256("\x1f".join([str(Path.cwd()), *words]).encode()).hexdigest()[:32]
