"""What templates give, what they refuse, and how large they can become."""

import time

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from agentmesh_dagster.entities.json_values import read_json, write_json
from agentmesh_dagster.graph.templates import (
    Template,
    TemplateFault,
    TemplateReference,
    list_template_faults,
    parse_template,
)
from agentmesh_dagster.settings import get_settings

CONTEXT = {
    "input": {
        "name": "Ada",
        "count": 3,
        "ratio": 0.5,
        "none": None,
        "yes": True,
        "list": [1, "é"],
        "{{": "}}",
    },
    "outputs": {"review": {"text": 'says "no"', "empty": {}}},
}


def render(value, context=CONTEXT):
    return parse_template(value).render(context)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("", ""),
        (3, 3),
        (None, None),
        ("{{ context.input.count }}", 3),
        ("{{context.input.none}}", None),
        ("{{ context.input.list }}", [1, "é"]),
        ("{{ context.input.yes ? context.outputs.review.empty : 1 }}", {}),
        # With anything beside it, also a space, a placeholder becomes text.
        (" {{ context.input.count }}", " 3"),
        ("{{ context.input.count }}{{ context.input.count }}", "33"),
        ("Hi {{ context.input.name }}!", "Hi Ada!"),
        ("{{ context.outputs.review.text }}.", 'says "no".'),
        (
            "n={{ context.input.none }} b={{ context.input.yes }} r={{ context.input.ratio }}",
            "n=null b=true r=0.5",
        ),
        (
            "l={{ context.input.list }} o={{ context.outputs.review }}",
            'l=[1,"é"] o={"text":"says \\"no\\"","empty":{}}',
        ),
        # Brackets that are not the template's.
        ('{{ "{{" }}x', "{{x"),
        ("{{ '}}' }}", "}}"),
        ('{{ context.input["{{"] }} }}', "}} }}"),
        ("{{ '\\'}}' }}", "'}}"),
        ('{"name": "{{ context.input.name }}"}', '{"name": "Ada"}'),
        ('{"list": {{ context.input.list }}}', '{"list": [1,"é"]}'),
        ("a } b }} c { d", "a } b }} c { d"),
        ("two\n{{\ncontext.input.name\n}}\nlines", "two\nAda\nlines"),
        # Inside values; keys stay as they are.
        (
            {
                "{{ k }}": ["{{ context.input.count }}", {"a": "x{{ context.input.count }}", "b": 1.5}],
                "c": [],
            },
            {"{{ k }}": [3, {"a": "x3", "b": 1.5}], "c": []},
        ),
    ],
)
def test_a_template_gives(template, value):
    result = render(template)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("a {{ context.input", ("", "this {{ has no closing }}", 3)),
        ("{{ a }", ("", "this {{ has no closing }}", 1)),
        ("a {{ }}", ("", "the expression is empty", 5)),
        ("Hi {{ input.name }}", ("", "unknown name 'input': write context.input", 7)),
        ("Hi {{ context.a = 1 }}", ("", "unexpected '=': use == to compare", 17)),
        ("{{ 'open }} {{ 1 }}", ("", "the text that starts here has no closing '", 4)),
        ("{{ 1 + }}", ("", "the expression ends too early", 8)),
        ("{{{ context.input }}}", ("", "unexpected '{': an object cannot be written here", 3)),
        (
            "{{ " + " " * 1000 + "1 }}",
            ("", "the expression has 1,005 characters; at most 1,000".replace("5", "3"), 3),
        ),
        ({"a b": [1, {"c": "{{ x"}]}, ('["a b"][1].c', "this {{ has no closing }}", 1)),
    ],
)
def test_a_template_that_cannot_be_read_says_where(template, fault):
    with pytest.raises(TemplateFault) as caught:
        parse_template(template)

    assert (caught.value.path, caught.value.reason, caught.value.column) == fault


def test_a_value_that_is_missing_when_rendered_says_where():
    template = parse_template({"to": ["Dear {{ context.input.nme }}"]})

    with pytest.raises(TemplateFault) as caught:
        template.render({"input": {"name": "hunter2"}})
    assert str(caught.value) == "at .to[0]: no field 'nme'; fields here: name (column 23)"


def test_all_faults_are_told_at_once_one_for_each_placeholder():
    value = {"a": "{{ }} {{ 1 }} {{ x.y }} {{", "b": ["fine", "{{ 1 = 1 }}"]}

    assert [(fault.path, fault.column) for fault in list_template_faults(value)] == [
        (".a", 3),
        (".a", 18),
        (".a", 25),
        (".b[1]", 6),
    ]
    assert list_template_faults({"a": "{{ 1 }}"}) == []


def test_references_say_in_which_string_and_column_they_stand():
    template = parse_template({"a": ["x {{ context.outputs.n.v }}{{ context }}"], "b": "{{ has(context.item.x) }}"})

    assert template.references == (
        TemplateReference(("outputs", "n", "v"), 6, place=".a[0]"),
        TemplateReference((), 31, place=".a[0]"),
        TemplateReference(("item", "x"), 8, place=".b"),
    )


def test_a_template_without_references_is_constant():
    assert parse_template({"a": ["x", 1]}).is_constant
    assert parse_template('{{ "{{" }}').is_constant
    assert not parse_template(["{{ context.input }}"]).is_constant


def test_rendering_twice_gives_values_of_their_own():
    template = parse_template({"a": ["{{ context.input.count }}"], "b": []})
    first = template.render(CONTEXT)
    first["a"].append(1)
    first["b"].append(1)

    assert template.render(CONTEXT) == {"a": [3], "b": []}


@pytest.fixture
def small_values(monkeypatch):
    """At most 1,000 bytes a value."""
    monkeypatch.setenv("AGENTMESH_MAX_VALUE_BYTES", "1000")
    get_settings.cache_clear()


@pytest.mark.usefixtures("small_values")
@pytest.mark.parametrize(
    "template",
    [
        "{{ context.text }}" * 11,
        ["{{ context.text }}"] * 11,
        "x{{ [" + ",".join(["context.text"] * 11) + "] }}",
        "{{ [" + ",".join(["context.list"] * 11) + "] }}",
        {str(index): "{{ context.object }}" for index in range(11)},
        "é" * 600 + "{{ 1 }}",
    ],
)
def test_a_rendered_value_cannot_become_larger_than_a_value_may_be(template):
    context = {"text": "x" * 100, "list": list(range(30)), "object": {"x" * 50: "y" * 50}}

    with pytest.raises(TemplateFault, match=r"larger than 1,000 bytes \(AGENTMESH_MAX_VALUE_BYTES\)"):
        render(template, context)


@pytest.mark.usefixtures("small_values")
def test_a_rendered_value_below_the_limit_passes():
    assert render("{{ context.text }}" * 9, {"text": "x" * 100}) == "x" * 900


def _nest(depth, innermost):
    value = innermost
    for _ in range(depth):
        value = [value]
    return value


def test_values_as_deep_as_json_may_be_are_rendered_and_deeper_ones_refused():
    assert render(_nest(200, "{{ 1 }}")) == _nest(200, 1)
    assert render("x{{ context.a }}", {"a": _nest(200, 1)}) == "x" + write_json(_nest(200, 1))
    with pytest.raises(TemplateFault, match="nested deeper than 200"):
        parse_template(_nest(5000, "{{ 1 }}"))
    for template in ("x{{ context.a }}", "{{ context.a }}"):
        with pytest.raises(TemplateFault, match="nested deeper than 200"):
            render(template, {"a": _nest(5000, 1)})


@pytest.mark.parametrize(
    "piece", ["{{", "{{ ' ", "{{ ' }}", "{{ \" {{}} '", "{{ 1 }}", "{{ '\n }}", "}}{{ x", "{{ {{ } '"]
)
def test_reading_a_long_text_takes_time_in_proportion(piece):
    def measure(count):
        text = piece * count
        start = time.process_time()
        list_template_faults(text)
        return time.process_time() - start

    small = min(measure(200) for _ in range(5))
    # 8 times as long; 64 would be quadratic.
    assert min(measure(1600) for _ in range(3)) < 30 * small + 5e-3


_PIECES = ["{{", "}}", "{", "}", "'", '"', "\\", " ", "1", "context.a", "x", "\n", "é", "+", "[0]", "\x00"]
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=20).map("".join)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)


@hypothesis_settings(max_examples=500, deadline=None)
@given(value=_VALUES, a=_VALUES)
def test_any_value_is_a_template_or_a_list_of_faults(value, a):
    faults = list_template_faults(value)
    if faults:
        with pytest.raises(TemplateFault):
            parse_template(value)
        return
    template = parse_template(value)
    assert isinstance(template, Template)
    try:
        rendered = template.render({"a": a})
    except TemplateFault:
        return
    assert write_json(rendered)


def test_a_large_value_keeps_its_type_without_a_copy():
    large = read_json(write_json({"rows": [{"n": n, "text": "x" * 20} for n in range(50_000)]}))

    assert render("{{ context.input }}", {"input": large}) is large
