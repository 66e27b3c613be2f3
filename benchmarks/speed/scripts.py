"""Scripts that run the graphs in a process of their own, and tell a JSON line for each measurement."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.speed.processes import CannotMeasure, Launchpad, answers, find_free_port, wait_until

_SCRIPT_SECONDS = 1800.0
_MOCK_SECONDS, _ENDS_WITHIN_SECONDS = 30.0, 60.0


def run_script(
    pad: Launchpad, python: str, module: str, arguments: Sequence[str], environment: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The lines that the module tells, as they come. Raises CannotMeasure when it fails, or takes half an hour."""
    command = (python, "-m", f"benchmarks.speed.{module}", *arguments)
    with pad.running(command, environment, output=subprocess.PIPE) as script:
        too_late = threading.Timer(_SCRIPT_SECONDS, script.process.kill)
        too_late.start()
        try:
            assert script.process.stdout is not None
            for line in script.process.stdout:
                yield _read(line, module)
            script.wait(_ENDS_WITHIN_SECONDS)
        finally:
            too_late.cancel()


def _read(line: str, module: str) -> dict[str, Any]:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise CannotMeasure(f"{module} printed something else: {line[:200]!r}") from error


@contextmanager
def run_mock(pad: Launchpad) -> Iterator[str]:
    """The mock model; its address, without `/v1`."""
    port = find_free_port()
    with pad.running((sys.executable, "-m", "benchmarks.speed.mock_llm", "--port", str(port)), {}) as server:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{url}/healthz"), server, _MOCK_SECONDS)
        yield url
