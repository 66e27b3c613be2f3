"""Random entities, as any author or program might write them."""

from typing import Any

from hypothesis import strategies as st

from agentmesh_dagster.entities.documents import Document
from agentmesh_dagster.entities.models import Agent, Project, Tool, Workflow

# What YAML, JSON and editors stumble over, besides what chance brings.
AWKWARD = (
    *(
        "yes",
        "No",
        "on",
        "null",
        "~",
        "",
        "true",
        "1",
        "1.0",
        "1e3",
        ".inf",
        "0x1F",
        "010",
        "1_000",
        "12:30",
        "2020-01-01",
    ),
    *(
        "- a",
        "a: b",
        "a #b",
        "#",
        "&a",
        "*a",
        "!t",
        "|",
        ">",
        "%",
        "@",
        "`",
        "{{ x }}",
        "[",
        "]",
        "{",
        "}",
        ",",
        "?",
        ":",
    ),
    *(
        "'",
        '"',
        "<<",
        "=",
        "\\",
        "\\n",
        "a\nb",
        "a\nb\n",
        "\na",
        " a\nb",
        "a \nb",
        "a\n\n\nb\n\n",
        "a\tb",
        "\t",
        "a\r\nb",
    ),
    *("\u2028", "\u0085", "\ufeff", "é", "漢字", "🎯", "\x07", "x" * 200, "word " * 60, "---", "...", "--- a\n...\n"),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20) | st.sampled_from(
    AWKWARD
)
IDS = TEXTS.filter(lambda text: bool(text.strip()))
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=3)


def _records(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects in which each field may also be missing, unless it is required (its name ends with `_`)."""
    required = {name.rstrip("_"): field for name, field in fields.items() if name.endswith("_")}
    optional = {name: field for name, field in fields.items() if not name.endswith("_")}
    return st.fixed_dictionaries(required, optional=optional)


_STORED = {"id_": IDS, "name_": IDS, "description": TEXTS, "projectId": IDS}
_NODES = _records(
    id_=IDS,
    type_=st.sampled_from(["start", "end", "agent", "tool", "branch", "human_approval"]),
    label=TEXTS,
    agentId=IDS,
    toolId=IDS,
    config=OBJECTS,
)
_EDGES = _records(id_=IDS, fromNodeId_=IDS, toNodeId_=IDS, condition=TEXTS)
_TRIGGERS = st.one_of(
    _records(type_=st.just("cron"), cron_=TEXTS, timezone=TEXTS, input=JSON, enabled=st.booleans()),
    _records(type_=st.just("event"), name_=IDS, condition=TEXTS, input=JSON),
    _records(type_=st.just("run"), workflow_=IDS, status_=st.sampled_from(["succeeded", "failed"]), input=JSON),
)

PROJECTS = _records(**{name: field for name, field in _STORED.items() if name != "projectId"}).map(
    Project.model_validate
)
AGENTS = _records(
    **_STORED,
    modelProvider_=st.sampled_from(["openai", "anthropic", "local"]),
    modelName_=IDS,
    systemPrompt=TEXTS,
    temperature=st.floats(0, 2),
    tools=st.lists(IDS, max_size=3),
    metadata=OBJECTS,
).map(Agent.model_validate)
TOOLS = _records(
    **_STORED,
    type_=st.sampled_from(["http", "function", "builtin"]),
    config=_records(
        method=st.sampled_from(["GET", "POST"]), url=TEXTS, headers=st.dictionaries(TEXTS, TEXTS, max_size=2)
    ),
    inputSchema=OBJECTS,
    outputSchema=OBJECTS,
).map(Tool.model_validate)
WORKFLOWS = _records(
    **_STORED,
    graph_=_records(nodes=st.lists(_NODES, max_size=3), edges=st.lists(_EDGES, max_size=3)),
    inputSchema=OBJECTS,
    triggers=st.lists(_TRIGGERS, max_size=2),
).map(Workflow.model_validate)


def _some(entities: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(entities, max_size=2, unique_by=lambda entity: entity.id).map(tuple)


DOCUMENTS = st.builds(Document, _some(PROJECTS), _some(AGENTS), _some(TOOLS), _some(WORKFLOWS))
