"""Connections are shared, belong to one process, and are closed."""

import os
import subprocess
import sys
import threading
import time

import pytest

from agentmesh_dagster.providers import close_providers
from agentmesh_dagster.providers.errors import CallEnded
from tests.providers.scripted import ScriptedServer, answer
from tests.providers.wires import OPENAI, Wire, ask


def test_providers_with_the_same_address_and_key_share_connections(server: ScriptedServer, wire: Wire) -> None:
    first = wire.connect(server.url)
    second = wire.connect(server.url, provider_max_attempts=7)
    server.play(answer(wire.text("one")), answer(wire.text("two")))

    assert (first.complete(ask()).text, second.complete(ask()).text) == ("one", "two")
    assert server.seen[0].connection == server.seen[1].connection


def test_many_threads_may_call_at_once(server: ScriptedServer, wire: Wire) -> None:
    server.play(*[answer(wire.text("hello"))] * 20)
    provider = wire.connect(server.url)
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(provider.complete(ask()).text)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert texts == ["hello"] * 20


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_opens_connections_of_its_own(server: ScriptedServer) -> None:
    server.play(*[answer(OPENAI.text("hello"))] * 3)
    provider = OPENAI.connect(server.url)
    provider.complete(ask())

    child = os.fork()
    if child == 0:
        os._exit(0 if provider.complete(ask()).text == "hello" else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert server.seen[1].connection != server.seen[0].connection
    assert provider.complete(ask()).text == "hello"


def test_closing_ends_the_calls_that_run_and_the_next_call_works(server: ScriptedServer) -> None:
    server.play(server.hang, answer(OPENAI.text("hello")))
    provider = OPENAI.connect(server.url)
    faults: list[BaseException] = []

    def wait_in_vain() -> None:
        try:
            provider.complete(ask())
        except CallEnded as fault:
            faults.append(fault)

    waiting = threading.Thread(target=wait_in_vain)
    waiting.start()
    while not server.seen:
        time.sleep(0.01)
    close_providers()
    waiting.join(timeout=60)

    assert len(faults) == 1
    assert provider.complete(ask()).text == "hello"


def test_a_process_that_called_ends_without_a_warning(server: ScriptedServer) -> None:
    server.play(answer(OPENAI.text("hello")))
    script = f"""
import logging
from tests.providers.wires import OPENAI
logging.getLogger("asyncio").setLevel("ERROR")  # it warns of callbacks that a busy machine makes slow
print(OPENAI.complete({server.url!r}).text)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", script], capture_output=True, text=True, timeout=60
    )

    assert (ended.stdout, ended.stderr, ended.returncode) == ("hello\n", "", 0)


def test_the_sdks_are_not_imported_before_a_call() -> None:
    script = """
import sys
from agentmesh_dagster.specs import PROVIDER_SPECS
from agentmesh_dagster.providers import get_provider
from agentmesh_dagster.settings import Settings
for provider in PROVIDER_SPECS:
    get_provider(provider, Settings(OPENAI_API_KEY="k", ANTHROPIC_API_KEY="k"))
print({"openai", "anthropic", "httpx2"} & sys.modules.keys())
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)

    assert (ended.stdout, ended.stderr) == ("set()\n", "")
