"""The demo."""

from agentmesh_dagster.cli.grammar.options import exit_with


def demo() -> None:
    """Apply the example documents and run one of them, live, offline, without keys."""
    from agentmesh_dagster.cli.commands.demo import run_demo

    exit_with(run_demo())
