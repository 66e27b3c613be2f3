"""No server keeps a call beyond its deadline, whatever it does."""

import threading
import time

import pytest

from agentmesh_dagster.providers.errors import ProviderTimeout, ReplyTooLarge
from tests.costs import FAR_TOO_LONG_SECONDS
from tests.providers.scripted import ScriptedServer, answer
from tests.providers.wires import OPENAI, Wire, ask

WAYS_TO_BE_SLOW = ["hang", "drip_headers", "drip_body", "drip_error"]


@pytest.mark.parametrize("way", WAYS_TO_BE_SLOW)
def test_a_slow_server_ends_at_the_requests_deadline(server: ScriptedServer, wire: Wire, way: str) -> None:
    server.play(getattr(server, way))
    provider = wire.connect(server.url)
    started = time.monotonic()

    with pytest.raises(ProviderTimeout, match=r"no complete answer within [01]\.\d+ s|within 1 s.*timeoutSeconds"):
        provider.complete(ask(deadline=started + 1))
    assert 0.9 < time.monotonic() - started < FAR_TOO_LONG_SECONDS
    assert len(server.seen) == 1


@pytest.mark.parametrize("way", ["hang", "drip_body"])
def test_a_slow_server_ends_at_the_settings_limit(server: ScriptedServer, wire: Wire, way: str) -> None:
    server.play(getattr(server, way))
    provider = wire.connect(server.url, provider_timeout_seconds=0.5)
    started = time.monotonic()

    with pytest.raises(ProviderTimeout):
        provider.complete(ask())
    assert time.monotonic() - started < FAR_TOO_LONG_SECONDS


def test_the_limit_is_for_all_tries_together(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer("busy", 503), answer("busy", 503), server.hang)
    provider = wire.connect(server.url, provider_timeout_seconds=2)
    started = time.monotonic()

    with pytest.raises(ProviderTimeout, match="3 tries"):
        provider.complete(ask())
    assert time.monotonic() - started < FAR_TOO_LONG_SECONDS


def test_one_slow_call_does_not_hold_up_another(server: ScriptedServer) -> None:
    server.play(server.hang, answer(OPENAI.text("hello")))
    provider = OPENAI.connect(server.url)
    faults: list[Exception] = []

    def wait_in_vain() -> None:
        try:
            provider.complete(ask(deadline=time.monotonic() + 2))
        except ProviderTimeout as fault:
            faults.append(fault)

    waiting = threading.Thread(target=wait_in_vain)
    waiting.start()
    while not server.seen:
        time.sleep(0.01)

    assert provider.complete(ask()).text == "hello"
    assert waiting.is_alive()
    waiting.join()
    assert len(faults) == 1


def test_a_reply_larger_than_any_value_may_be_is_not_read_to_its_end(server: ScriptedServer, wire: Wire) -> None:
    server.play(answer(wire.text("a" * 200_000)))

    with pytest.raises(ReplyTooLarge, match="100,000 bytes"):
        wire.complete(server.url, max_value_bytes=100_000)
