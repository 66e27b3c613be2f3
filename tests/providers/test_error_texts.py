"""An error says who, what, and what to do; never a secret."""

import traceback
from typing import Any

import pytest

from agentmesh_dagster.providers import get_provider
from agentmesh_dagster.providers.errors import ProviderError, ProviderNotConfigured
from agentmesh_dagster.settings import Settings
from tests.providers.scripted import ScriptedServer, answer
from tests.providers.wires import ANTHROPIC, KEY, LOCAL, OPENAI, Wire, ask


def fail(server: ScriptedServer, wire: Wire, body: Any, status: int = 400, **values: Any) -> ProviderError:
    server.play(answer(body, status))
    with pytest.raises(ProviderError) as caught:
        wire.complete(server.url, ask(model="big-model"), provider_max_attempts=1, **values)
    return caught.value


def test_it_names_provider_model_status_and_the_providers_words(server: ScriptedServer, each_provider: Wire) -> None:
    fault = fail(server, each_provider, each_provider.error("the model is asleep"), 500)

    assert str(fault) == (
        "The model provider has a fault of its own: "
        f'{each_provider.provider} (big-model): it answered with status 500 and said: "the model is asleep"'
    )
    assert fault.status == 500


@pytest.mark.parametrize(
    ("wire", "variable"),
    [(OPENAI, "OPENAI_API_KEY"), (ANTHROPIC, "ANTHROPIC_API_KEY"), (LOCAL, "AGENTMESH_LOCAL_API_KEY")],
)
def test_a_refused_key_says_which_variable_to_set(server: ScriptedServer, wire: Wire, variable: str) -> None:
    assert f"set {variable} to a key" in str(fail(server, wire, wire.error("bad key"), 401))


def test_a_model_that_is_not_there_says_where_to_look(server: ScriptedServer, wire: Wire) -> None:
    fault = fail(server, wire, wire.error("no such model"), 404)

    assert "modelName" in str(fault)
    assert "_BASE_URL" in str(fault)


def test_a_refused_temperature_says_what_to_remove(server: ScriptedServer, wire: Wire) -> None:
    fault = fail(server, wire, wire.error("temperature: Extra inputs are not permitted"))

    assert "remove it from the agent" in str(fault)


def test_the_providers_words_are_cut(server: ScriptedServer, wire: Wire) -> None:
    fault = fail(server, wire, wire.error("word " * 1000))

    assert len(str(fault)) < 700
    assert str(fault).endswith('word …"')


@pytest.mark.parametrize("body", ["plain words", "<html>plain words</html>", {"detail": "plain words"}])
def test_words_in_another_shape_are_found(server: ScriptedServer, wire: Wire, body: Any) -> None:
    assert "plain words" in str(fail(server, wire, body))


@pytest.mark.parametrize("body", [[1, 2], 7, "", {"error": None}, {"error": []}, '{"error": {"code": NaN}}'])
def test_an_error_without_words_is_an_error_all_the_same(server: ScriptedServer, wire: Wire, body: Any) -> None:
    assert "status 400" in str(fail(server, wire, body))


@pytest.mark.parametrize(
    "make_body",
    [
        lambda wire, text: (wire.error(text), 400),
        lambda _, text: (text, 500),
        lambda _, text: (f"<html>{text}</html>", 200),
        lambda wire, text: (wire.error(text), 200),
        lambda wire, text: (wire.text("x", text), 200),
    ],
    ids=["message", "plain", "html", "error in 200", "stop reason"],
)
def test_a_secret_that_the_provider_repeats_is_not_told(server: ScriptedServer, wire: Wire, make_body: Any) -> None:
    other = "another-secret-of-ours"
    body, status = make_body(wire, f"you sent {KEY} and {other}, {'x' * 480} {KEY}")
    fault = fail(server, wire, body, status, local_api_key=other)

    told = "".join(traceback.format_exception(fault)) + repr(fault) + repr(vars(fault))
    assert "***" in str(fault)
    assert KEY[:8] not in told
    assert other not in told


def test_the_chain_of_causes_ends_at_the_fault(server: ScriptedServer, wire: Wire) -> None:
    fault = fail(server, wire, wire.error("no"))

    assert fault.__cause__ is None
    assert fault.__suppress_context__


def test_a_provider_shows_no_secret(wire: Wire) -> None:
    provider = wire.connect("http://user:pass-word@localhost", AGENTMESH_DATABASE_URL="postgresql://u:pw@h/d")

    assert KEY not in repr(provider)
    assert "pw@" not in repr(provider)


def test_a_password_in_the_address_is_not_told() -> None:
    with pytest.raises(ProviderError) as caught:
        LOCAL.complete("http://user:pass-word@127.0.0.1:9", provider_max_attempts=1)

    assert "http://127.0.0.1:9: " in str(caught.value)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("provider", "variable"),
    [("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY")],
)
@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_nobody_answers_in_the_providers_place(provider: str, variable: str, key: str | None) -> None:
    with pytest.raises(ProviderNotConfigured, match=f"set {variable}"):
        get_provider(provider, Settings(**{variable: key}))


def test_a_key_with_a_line_end_is_used_without_it(server: ScriptedServer) -> None:
    server.play(answer(OPENAI.text("hello")))

    assert OPENAI.complete(server.url, OPENAI_API_KEY=f"{KEY}\n").text == "hello"
    assert server.seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_key_that_cannot_be_sent_is_refused_without_being_told() -> None:
    with pytest.raises(ProviderNotConfigured, match="OPENAI_API_KEY holds characters") as caught:
        OPENAI.connect("http://localhost", OPENAI_API_KEY="schlüssel-1234")

    assert "1234" not in str(caught.value)


@pytest.mark.parametrize("address", ["localhost:11434", "ftp://localhost", "http://", "http://[", "http://a:b"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ProviderNotConfigured, match="AGENTMESH_LOCAL_BASE_URL is no http"):
        get_provider("local", Settings(local_base_url=address))
