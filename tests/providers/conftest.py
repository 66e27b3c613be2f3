from collections.abc import Iterator

import pytest

from agentmesh_dagster.providers import close_providers
from tests.providers.scripted import ScriptedServer, answer, run_scripted_server
from tests.providers.wires import ANTHROPIC, LOCAL, OPENAI, Wire, ask


@pytest.fixture(scope="session", autouse=True)
def no_connection_outlives_the_tests() -> Iterator[None]:
    # Seconds on a busy machine, as is the first call of each API.
    with run_scripted_server() as server:
        for wire in (OPENAI, ANTHROPIC):
            server.play(answer(wire.text("hello")))
            wire.complete(server.url, ask())
    yield
    close_providers()


@pytest.fixture(scope="session")
def running_server() -> Iterator[ScriptedServer]:
    """One server for all tests, because a client for a new address takes a while to build."""
    with run_scripted_server() as running:
        yield running


@pytest.fixture
def server(running_server: ScriptedServer) -> Iterator[ScriptedServer]:
    """A server that has seen nothing yet."""
    yield running_server
    running_server.start_over()


@pytest.fixture(params=[OPENAI, ANTHROPIC], ids=lambda wire: wire.provider)
def wire(request: pytest.FixtureRequest) -> Wire:
    """Each wire format."""
    return request.param


@pytest.fixture(params=[OPENAI, ANTHROPIC, LOCAL], ids=lambda wire: wire.provider)
def each_provider(request: pytest.FixtureRequest) -> Wire:
    """Each provider that is reached over HTTP."""
    return request.param
