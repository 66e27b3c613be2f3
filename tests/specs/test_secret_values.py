"""What an error shows of the secrets that specs name: nothing."""

import pytest

from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.specs.secret_values import ErrorWithSecret, list_secret_values, without_secrets

SETTINGS = Settings(OPENAI_API_KEY="sk-1234", ANTHROPIC_API_KEY="sk-1234-longer")


def test_the_longest_secret_comes_first():
    assert list_secret_values(SETTINGS) == ("sk-1234-longer", "sk-1234")


def fail() -> None:
    try:
        raise ValueError("refused: sk-1234-longer", 7)
    except ValueError as error:
        raise AgentMeshError(f"no answer for sk-1234 ({error.args[0]})") from error


def test_an_error_and_what_it_came_of_show_no_secret():
    with pytest.raises(AgentMeshError) as caught, without_secrets(SETTINGS):
        fail()

    assert caught.value.detail == "no answer for *** (refused: ***)"
    assert str(caught.value) == "Something went wrong in AgentMesh: no answer for *** (refused: ***)"
    assert caught.value.__cause__ is not None
    assert caught.value.__cause__.args == ("refused: ***", 7)


class Stubborn(Exception):
    def __str__(self) -> str:
        return "it is sk-1234"


def test_an_error_that_cannot_be_rewritten_is_replaced():
    with pytest.raises(ErrorWithSecret, match=r"^Stubborn: it is \*\*\*$") as caught, without_secrets(SETTINGS):
        raise Stubborn

    assert caught.value.__suppress_context__


def test_a_cause_that_cannot_be_rewritten_is_left_out():
    def fail_stubbornly() -> None:
        try:
            raise Stubborn
        except Stubborn as error:
            raise ConnectionRefusedError(111, "no sk-1234 here") from error

    with pytest.raises(ConnectionRefusedError, match=r"no \*\*\* here") as caught, without_secrets(SETTINGS):
        fail_stubbornly()

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
