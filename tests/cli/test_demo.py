"""The demo: one command on a fresh machine, and again."""

from agentmesh_dagster.cli.documents.seeds import find_examples


def test_the_demo_runs_and_may_be_repeated(agentmesh, folder, home):
    first = agentmesh("demo")

    assert first.code == 0, first.err
    assert "✓ succeeded" in first.out
    assert "entities were created" in first.out
    assert "agentmesh dev" in first.out
    run = agentmesh("runs", "--format", "json").json[0]
    assert f"agentmesh show {run['id'][:8]}" in first.out
    assert (home / "dagster.yaml").exists()
    assert list(folder.iterdir()) == []

    second = agentmesh("demo")

    assert second.code == 0
    assert "entities were created" not in second.out
    assert len(agentmesh("runs", "--format", "json").json) == 2


def test_the_demo_leaves_alone_what_somebody_changed(agentmesh, folder):
    agentmesh("demo")
    example = find_examples() / "support_triage.yaml"
    mine = example.read_text(encoding="utf-8").replace("name: Support triage", "name: My triage")
    (folder / "mine.yaml").write_text(mine, encoding="utf-8")
    assert agentmesh("apply", "mine.yaml").out.count("updated") == 1

    again = agentmesh("demo")

    assert again.code == 0
    assert "Left as somebody saved it: workflow `support_triage`" in again.out
    assert "My triage" in again.out
    assert "My triage" in agentmesh("list").out
