"""Hooks on the command line: made, listed, given another address, deleted."""

import json

import pytest

from agentmesh_dagster.cli import main
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from tests.shapes import node, save, workflow


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_a_hook_lives_from_its_first_address_to_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AGENTMESH_PUBLIC_URL", "https://agents.example")
    get_settings.cache_clear()
    nodes = [node("start", "start"), node("end", "end")]
    save(open_services(), workflow("w", nodes, ["start -> end"]))

    code, first, hint = run(capsys, "hooks", "create", "repo", "-e", "push", "-s", "github", "--secret", "GITHUB")
    assert code == 0
    assert first.startswith("https://agents.example/api/hooks/")
    assert "AGENTMESH_SECRET_GITHUB is not set here" in hint

    _, listed, _ = run(capsys, "hooks", "list", "--format", "json")
    [hook] = json.loads(listed)
    assert (hook["name"], hook["eventName"], hook["signature"]["scheme"]) == ("repo", "push", "github")
    assert first.strip().rpartition("/")[2] not in listed

    code, second, _ = run(capsys, "hooks", "rotate", "repo")
    assert (code, second != first) == (0, True)
    assert run(capsys, "hooks", "delete", hook["id"])[0] == 0
    assert run(capsys, "hooks", "delete", "repo")[0] == 2


def test_what_cannot_be_a_hook_is_told(capsys: pytest.CaptureFixture[str]):
    code, _, told = run(capsys, "hooks", "create", "x", "-e", "a/b")

    assert code == 2
    assert "eventName" in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-s", "hmac"], "`signature` needs `header`"),
        (["-s", "slack", "--header", "X-Mine"], "not with `slack`"),
        (["--header", "X-Mine"], "`signature.scheme`"),
    ],
)
def test_how_it_is_signed_must_fit_together(capsys: pytest.CaptureFixture[str], options: list[str], said: str):
    secret = ["--secret", "SENDER"] if "-s" in options else []
    code, _, told = run(capsys, "hooks", "create", "x", "-e", "said", *options, *secret)

    assert code == 2
    assert said in " ".join(told.split())
