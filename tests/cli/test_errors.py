"""Whatever goes wrong: one clear text on standard error, exit code 2, and what to type next."""

import pytest

from agentmesh_dagster.cli import main
from agentmesh_dagster.store.catalogue import EntityNotFound


@pytest.mark.parametrize(
    ("command", "said", "advised"),
    [
        (["run", "helo"], "workflow `helo`; near it: `Hello`", "agentmesh list"),
        (["runs", "--workflow", "nobody"], "workflow `nobody`", "agentmesh list"),
        (["export", "-w", "nobody", "-o", "out"], "workflow `nobody`", "agentmesh list"),
        (["show", "ffffffff"], "There is no such run: `ffffffff`", "agentmesh runs"),
        (["show", ""], "There is no such run", "agentmesh runs"),
        (["runs", "--status", "done"], "`done`; there are pending, running", ""),
        (["apply", "nowhere"], "nowhere: No such file or directory", ""),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(applied, command, said, advised):
    typed = applied(*command)

    assert typed.code == 2
    assert typed.out == ""
    assert said in typed.err
    assert advised in typed.err
    assert "Traceback" not in typed.err


def test_a_word_that_is_no_command_is_corrected(agentmesh):
    typed = agentmesh("aply", "x")

    assert typed.code == 2
    assert "Did you mean 'apply'?" in typed.err


def test_no_arguments_give_the_help(agentmesh):
    typed = agentmesh()

    assert "validate" in typed.out + typed.err
    assert "Exit codes" in typed.out + typed.err


def test_the_version_is_printed(agentmesh):
    assert agentmesh("--version").out.startswith("agentmesh 0.")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AGENTMESH_LEASE_SECONDS", "soon", "AGENTMESH_LEASE_SECONDS: Input should be a valid number"),
        ("AGENTMESH_DATABASE_URL", "mysql://u:secret@h/d", "`mysql` is not supported"),
        ("AGENTMESH_DATABASE_URL", "sqlite:////proc/nowhere/store.db", "AGENTMESH_HOME for SQLite"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_told(agentmesh, monkeypatch, variable, value, said):
    monkeypatch.setenv(variable, value)

    typed = agentmesh("list")

    assert typed.code == 2
    assert said in typed.err
    assert "secret" not in typed.err


def test_a_wrong_dagster_home_is_named(applied, folder, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "nowhere"))

    typed = applied("run", "fails")

    assert typed.code == 2
    assert "DAGSTER_HOME is" in typed.err


def test_what_nobody_expected_is_told_without_a_traceback(applied, folder):
    (folder / "out").write_text("a file where a folder should be")

    typed = applied("export", "-o", "out")

    assert typed.code == 2
    assert "out" in typed.err
    assert "Traceback" not in typed.err


@pytest.mark.usefixtures("applied")
def test_the_traceback_is_there_for_who_asks(monkeypatch):
    monkeypatch.setenv("AGENTMESH_DEBUG", "1")

    with pytest.raises(EntityNotFound, match="`nobody`"):
        main(["run", "nobody"])


def test_control_characters_of_a_model_never_reach_the_terminal(applied):
    typed = applied("run", "hello", "--input", r'{"who": "\u001b[2J\u0007Ada"}')

    assert "Ada" in typed.out
    assert "\x1b" not in typed.out
    assert "\x07" not in typed.out
