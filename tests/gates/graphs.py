"""Random small graphs with gates, as hypothesis draws them."""

from typing import Any

from hypothesis import strategies as st

from agentmesh_dagster.entities.models import Workflow
from tests.shapes import node, workflow

FLAGS = ("f0", "f1")

inputs = st.fixed_dictionaries({flag: st.booleans() for flag in FLAGS})

_WAITS = ("timer", "event", "callback")
_KINDS = st.sampled_from(["gate", "tool", "gate", "gate", "tool", "branch", "failing", *_WAITS])
NEWS = "news"  # the event that all wait for
_BRANCHES = st.sampled_from([{}, {"mode": "all"}, {"onNoMatch": "end"}])
_DEADLINES = st.sampled_from([None, "fail", "approve", "reject"])
_LONG_SECONDS = 1_000_000


# A form, so that an answer without `approved` goes on where no edge asks for it.
_FORM = {"type": "object", "properties": {"payload": {}}}


@st.composite
def workflows(draw: st.DrawFn, most: int = 7) -> Workflow:
    """A graph of at most `most` nodes between start and its ends; one of them at least is a gate."""
    count = draw(st.integers(1, most))
    kinds = [draw(_KINDS) for _ in range(count)]
    if "gate" not in kinds:
        kinds[draw(st.integers(0, count - 1))] = "gate"
    # Failures are rare: most of what is behind one never runs.
    kinds = ["tool" if kind == "failing" and draw(st.integers(0, 2)) else kind for kind in kinds]
    names = [f"{'x' if kind == 'failing' else kind[0]}{place}" for place, kind in enumerate(kinds)]
    sources = ["start", *names]
    pairs = [
        (sources[place - draw(st.integers(0, min(place, 3)))], name)
        for place, name in enumerate(names)
        for _ in range(draw(st.sampled_from([1, 1, 2, 2, 3])))
    ]
    ends = ["end", "other"][: draw(st.integers(1, 2))]
    leaves = [name for name in names if all(source != name for source, _ in pairs)]
    pairs += [(leaf, ends[draw(st.integers(0, len(ends) - 1))]) for leaf in leaves]
    ends = [end for end in ends if any(target == end for _, target in pairs)]
    nodes = [node("start", "start"), *(draw(_nodes(name, kind)) for name, kind in zip(names, kinds, strict=True))]
    nodes += [node(end, "end", **_outcome(end, draw(st.integers(0, 9)))) for end in ends]
    return workflow("w", nodes, _with_conditions(draw, pairs, dict(zip(names, kinds, strict=True))))


def _outcome(end: str, chance: int) -> dict[str, str]:
    return {"outcome": "failed"} if end == "other" and chance == 0 else {}


@st.composite
def _nodes(draw: st.DrawFn, name: str, kind: str) -> dict[str, Any]:
    if kind == "gate":
        on_deadline = draw(_DEADLINES)
        timed = {"deadlineSeconds": _LONG_SECONDS, "onDeadline": on_deadline} if on_deadline else {}
        patient: dict[str, Any] = {} if draw(st.integers(0, 2)) else {"onArmFailure": "cancel"}
        return node(name, "human_approval", schema=_FORM, **timed, **patient)
    if kind in _WAITS:
        return node(name, "wait", **draw(_waits(kind)))
    if kind == "branch":
        return node(name, "branch", **draw(_BRANCHES))
    given: dict[str, Any] = {"what": name, "saw": "{{ context.last_output }}"}
    return node(name, "tool", toolId="keep_note", input=given | ({"fails": True} if kind == "failing" else {}))


@st.composite
def _waits(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    if kind == "timer":
        return {"seconds": _LONG_SECONDS}
    on_timeout = draw(st.sampled_from([None, None, "fail", "continue"]))
    timed: dict[str, Any] = {"timeoutSeconds": _LONG_SECONDS, "onTimeout": on_timeout} if on_timeout else {}
    if kind == "callback":
        return {"callback": True, **timed}
    match: dict[str, Any] = {} if draw(st.booleans()) else {"match": "context.event.number % 2 == 0"}
    return {"event": {"name": NEWS, **match}, **timed}


def _with_conditions(draw: st.DrawFn, pairs: list[tuple[str, str]], kinds: dict[str, str]) -> list[str]:
    """The edges as text: a branch's, and those of some gates, with conditions; the last one often without."""
    edges: list[str] = []
    for source in ["start", *kinds]:
        targets = [target for start, target in pairs if start == source]
        kind = kinds.get(source)
        is_conditional = kind == "branch" or (kind == "gate" and draw(st.booleans()))
        for place, target in enumerate(targets):
            is_default = place == len(targets) - 1 and draw(st.booleans())
            edge = f"{source} -> {target}"
            if is_conditional and not is_default:
                field = "last_output.approved" if kind == "gate" else f"input.{draw(st.sampled_from(FLAGS))}"
                edge += f" if {draw(st.sampled_from(['', '!']))}context.{field}"
            edges.append(edge)
    return edges
