"""What a run launcher imports once for all workers of ours."""

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import os, sys
import agentmesh_dagster.code_location.preload
print(len(os.listdir("/proc/self/task")), *(name for name in ("openai", "anthropic") if name in sys.modules))
"""


@pytest.mark.parametrize("key", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"])
def test_it_brings_the_sdk_that_has_a_key_and_no_thread_and_opens_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, key: str
):
    monkeypatch.setenv(key, "something")
    said = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["1", key.partition("_")[0].lower()]
    assert not home.exists()
