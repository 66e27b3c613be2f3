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
    *("\u2028", "\u0085", "\ufeff", "é", "漢字", "🎯", "\x07", "x" * 200, "word " * 40, "---", "...", "--- a\n...\n"),
)
_PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


# Composites, since Hypothesis writes out what a strategy is made of, and here that grows long.
@st.composite
def texts(draw: st.DrawFn, *, blank: bool = True) -> str:
    """Any text that can be stored; with `blank` false, one that may be an id."""
    text = draw(_PLAIN | st.sampled_from(AWKWARD))
    return text if blank or text.strip() else f"{text}x"


@st.composite
def json_values(draw: st.DrawFn) -> Any:
    """Any JSON value, up to the bounds that hold at every door."""
    numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    return draw(
        st.recursive(
            st.none() | st.booleans() | numbers | texts(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
            max_leaves=6,
        )
    )


TEXTS, IDS, JSON = texts(), texts(blank=False), json_values()
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
_COORDINATES = st.integers(-1_000_000, 1_000_000) | st.floats(-1e6, 1e6)
WORKFLOWS = _records(
    **_STORED,
    graph_=_records(nodes=st.lists(_NODES, max_size=3), edges=st.lists(_EDGES, max_size=3)),
    inputSchema=OBJECTS,
    triggers=st.lists(_TRIGGERS, max_size=2),
    layout=st.dictionaries(TEXTS, st.tuples(_COORDINATES, _COORDINATES), max_size=3),
).map(Workflow.model_validate)


def _some(entities: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(entities, max_size=2, unique_by=lambda entity: entity.id).map(tuple)


DOCUMENTS = st.builds(Document, _some(PROJECTS), _some(AGENTS), _some(TOOLS), _some(WORKFLOWS))
