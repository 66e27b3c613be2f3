"""The node type `pick`: of the object that comes in, some fields go on."""

from collections.abc import Iterator

from pydantic import Field

from agentmesh_dagster.plugins import (
    FieldIssue,
    NodeConfig,
    NodeError,
    NodeFacts,
    NodeKind,
    NodeSpec,
    Result,
    Shape,
    Work,
    describe,
)


class PickConfig(NodeConfig):
    keys: list[str] = Field(min_length=1, description="The fields that go on, by name.")


class NothingToPick(NodeError):
    """What comes in has no fields of these names."""


def describe_output(facts: NodeFacts) -> Shape | None:
    """Known before anything runs: expressions behind the node are held against it."""
    assert isinstance(facts.config, PickConfig)
    fields = {key: {} for key in facts.config.keys}
    return describe(
        {"type": "object", "properties": fields, "additionalProperties": False}, f"what `{facts.title}` picks"
    )


def list_issues(facts: NodeFacts) -> Iterator[FieldIssue]:
    assert isinstance(facts.config, PickConfig)
    twice = {key for key in facts.config.keys if facts.config.keys.count(key) > 1}
    for key in sorted(twice):
        yield FieldIssue("key-picked-twice", "keys", f"`{key}` stands there twice: once is enough.", is_warning=True)


def run(work: Work) -> Result:
    config = work.node.config
    assert isinstance(config, PickConfig)
    given = work.input if isinstance(work.input, dict) else {}
    missing = [key for key in config.keys if key not in given]
    if missing:
        raise NothingToPick(", ".join(missing))
    return Result({key: given[key] for key in config.keys}, notes={"picked": len(config.keys)})


PICK = NodeKind(
    NodeSpec(
        type="pick",
        label="Pick",
        purpose="Lets some fields of an object go on.",
        icon="filter",
        stem="pick",
        kind="python",
        config=PickConfig,
        output=describe_output,
        list_issues=list_issues,
    ),
    run,
)
