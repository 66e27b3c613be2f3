"""No pattern, schema or value keeps anybody waiting: time is linear, or there is a sentence."""

import subprocess
import sys
import time
from typing import Any

import pytest

from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema, SchemaMismatch
from agentmesh_dagster.entities.patterns import InvalidPattern, TooManyPatterns, bound_patterns, compile_pattern

LETTERS = "a" * 29 + "!"
EVIL = r"^(a+)+$"
DRAFTS = [
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-04/schema#",
]


def nest(schema: dict[str, Any], value: Any) -> list[tuple[str, dict[str, Any], Any]]:
    """Every place at which stock jsonschema runs a pattern."""
    inside: dict[str, Any] = {"$schema": DRAFTS[2], **schema}  # names a draft of its own
    return [
        ("alone", schema, value),
        ("below", {"properties": {"x": schema}}, {"x": value}),
        ("draft inside", {"properties": {"x": inside}}, {"x": value}),
        ("reference", {"$ref": "#/somewhere/else", "somewhere": {"else": schema}}, value),
        ("names", {"propertyNames": schema}, {value: 1}),
        ("key", {"patternProperties": {EVIL: {"type": "integer"}}}, {value: "x"}),
        ("other keys", {"patternProperties": {EVIL: {}}, "additionalProperties": False}, {value: 1}),
        ("other keys below", {"patternProperties": {EVIL: {}}, "additionalProperties": {"type": "null"}}, {value: 1}),
        ("not", {"not": schema}, value),
        ("any", {"anyOf": [schema, {"type": "integer"}]}, value),
    ]


def test_a_pattern_that_explodes_elsewhere_is_answered() -> None:
    # In a process of its own: a test that fails must not take for ever.
    cases = [
        (schema | {"$schema": draft}, value)
        for draft in DRAFTS
        for _, schema, value in nest({"pattern": EVIL}, LETTERS)
    ]
    code = f"from {JsonSchema.__module__} import JsonSchema\nfor schema, value in {cases!r}:\n"
    code += "    JsonSchema(schema).list_faults(value)\n"
    subprocess.run([sys.executable], input=code, text=True, check=True, timeout=300)


def test_patterns_are_held_against_values_and_keys() -> None:
    schema = JsonSchema({"patternProperties": {"^n_": {"pattern": "^[a-z]+$"}}, "additionalProperties": False})

    assert schema.list_faults({"n_1": "abc"}) == []
    assert [fault.path for fault in schema.list_faults({"n_1": "abc\n", "m": 1})] == ["$.n_1", "$"]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?=a)b", "look-ahead `(?=` cannot be used: patterns are RE2"),
        ("(?<!a)b", "look-behind"),
        (r"(a)\1", "back-references"),
        ("(", "missing"),
        ("a{1001}", "repetition"),
        ("((a{100}){100}){100}", "large|repetition"),
        ("a" * 2_001, "at most 2,000"),
    ],
)
def test_what_re2_cannot_say_is_told_when_it_is_saved(pattern: str, said: str) -> None:
    for schema in ({"pattern": pattern}, {"items": [{"patternProperties": {pattern: {}}}]}):
        with pytest.raises(InvalidSchema) as caught:
            JsonSchema(schema)
        assert any(word in str(caught.value) for word in said.split("|"))


def test_a_pattern_that_is_large_when_it_is_compiled_is_refused_before_it_is() -> None:
    started = time.process_time()
    with pytest.raises(InvalidSchema, match=r"\$\.pattern: the pattern is too large: .* 256 kB. Shorten repetitions"):
        JsonSchema({"pattern": r"\pL{300}x"})
    assert time.process_time() - started < 0.1, "without the bound it takes 240 ms and 5 MB"


@pytest.mark.parametrize("pattern", [r"\pL{{9}}z{}", "[" + r"\pL" * 500 + "]{}"])
def test_the_patterns_of_a_schema_are_bounded_together(pattern: str) -> None:
    schema = {"patternProperties": {pattern.format(number): {} for number in range(400)}}
    with pytest.raises(InvalidSchema, match=r"patterns up to \$.* are too large together: shorten"):
        JsonSchema(schema)
    JsonSchema({"properties": {f"p{number}": {"pattern": r"^\pL{9}$"} for number in range(400)}})  # one, many times
    JsonSchema({"patternProperties": {f"^[a-z]+-{number}-[0-9]{{4}}$": {} for number in range(150)}})


def test_the_patterns_of_many_schemas_are_bounded_together() -> None:
    compile_pattern(r"\pL{9}kept")

    def compile_all() -> None:
        for number in range(1_000):
            JsonSchema({"prefixItems": [{"pattern": r"\pL{9}kept"}, {"pattern": rf"\pL{{9}}y{number}"}]})

    with pytest.raises(TooManyPatterns, match="fewer at once"), bound_patterns():
        compile_all()
    JsonSchema({"pattern": r"\pL{9}y999"})


def test_what_only_a_reference_makes_a_pattern_is_bounded_when_it_is_looked_at() -> None:
    hidden = {"properties": {f"p{number}": {"pattern": rf"\pL{{9}}w{number}|x"} for number in range(400)}}
    schema = JsonSchema({"$ref": "#/default", "default": hidden})
    [fault] = schema.list_faults({f"p{number}": "x" for number in range(400)})
    assert "take too long to compile together" in fault.message


def test_patterns_as_people_write_them_are_known() -> None:
    for pattern, text in ((r"^\u00e4$", "ä"), (r"^(?<year>\d{4})$", "2026"), (r"^\p{L}+$", "Ärger"), (r"\/", "/")):
        assert compile_pattern(pattern).search(text)
    with pytest.raises(InvalidPattern):
        compile_pattern(r"\u00")


def bomb(depth: int) -> dict[str, Any]:
    """Each level looks at the value twice by way of the next."""
    levels: dict[str, Any] = {
        f"l{number}": {"allOf": [{"$ref": f"#/$defs/l{number + 1}"}] * 2} for number in range(depth)
    }
    return {"$ref": "#/$defs/l0", "$defs": levels | {f"l{depth}": {"type": "string"}}}


def test_a_schema_that_looks_at_one_value_over_and_over_is_refused() -> None:
    JsonSchema(bomb(8)).check("x")

    with pytest.raises(InvalidSchema, match="looked at more than 10,000 times"):
        JsonSchema(bomb(40))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"not": {"$ref": "#/$defs/a"}}]}}},
    ],
)
def test_a_schema_that_leads_back_to_itself_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidSchema, match="leads back to itself"):
        JsonSchema(schema)


def test_a_schema_of_trees_is_no_circle() -> None:
    tree = {"properties": {"children": {"items": {"$ref": "#"}}, "name": {"type": "string"}}}

    assert JsonSchema(tree).list_faults({"children": [{"children": [{"name": 1}]}]})[0].path == (
        "$.children[0].children[0].name"
    )


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"x": value}
    return value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        # doubles with each level of the value
        ({"properties": {"x": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}, nested(60)),
        ({"properties": {"x": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}, "type": "object"}, nested(60)),
        # repeats a large value in each message
        ({"anyOf": [{"type": "string"}] * 1_000}, ["x" * 1_000] * 3_000),
        ({"unevaluatedItems": False, "contains": {"type": "integer"}}, list(range(20_000))),
    ],
)
def test_a_value_that_takes_too_much_is_refused_with_a_sentence(schema: dict[str, Any], value: Any) -> None:
    [fault] = JsonSchema(schema).list_faults(value)

    assert "evaluations of its schema" in fault.message


def test_large_values_of_plain_schemas_are_checked() -> None:
    row = {"type": "object", "properties": {"id": {"type": "integer"}, "tag": {"enum": ["a", "b"]}}, "required": ["id"]}
    rows = [{"id": number, "tag": "a"} for number in range(20_000)]

    assert JsonSchema({"type": "array", "items": row, "uniqueItems": True}).list_faults(rows) == []


@pytest.mark.parametrize(
    ("items", "is_unique"),
    [([1, True, "1"], True), ([1, 1.0], False), ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], False), ([[1], [2]], True)],
)
def test_items_are_unique_as_json_has_it(items: list[Any], is_unique: bool) -> None:
    assert (JsonSchema({"uniqueItems": True}).list_faults(items) == []) is is_unique


def test_a_schema_has_a_size() -> None:
    with pytest.raises(InvalidSchema, match="more than 2,000 parts"):
        JsonSchema({"properties": {f"p{number}": {} for number in range(2_100)}})
    JsonSchema({"enum": [{"code": number} for number in range(20_000)]})


def tell(schema: dict[str, Any], value: Any) -> str | None:
    try:
        JsonSchema(schema).check(value)
    except (InvalidSchema, SchemaMismatch) as error:
        return str(error)
    return None


@pytest.mark.parametrize("depth", [50, 150, 190])
def test_a_deep_schema_or_value_is_no_crash(depth: int) -> None:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(depth):
        schema = {"properties": {"x": schema}}
    tree = {"$ref": "#/$defs/t", "$defs": {"t": {"properties": {"x": {"$ref": "#/$defs/t"}}}}}
    for given in (schema, tree):
        told = tell(given, nested(depth))
        assert told is None or "deeper" in told


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("email", "a@example.com", "nobody"),
        ("date", "2026-02-28", "2026-02-30"),
        ("date-time", "2026-01-01T00:00:00Z", "yesterday"),
        ("time", "10:00:00Z", "25:00"),
        ("duration", "P1DT2H", "2 hours"),
        ("uri", "https://example.com/a", "no address"),
        ("iri", "https://exämple.com/ö", "no address"),
        ("uuid", "6f1c2b1e-6b0f-4a58-9a0e-0c9f6a1f2b3c", "6f1c"),
        ("hostname", "example.com", "a_b"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("ipv6", "::1", "::g"),
        ("regex", "^a+$", "(?=a)"),
        ("json-pointer", "/a/0", "a"),
        ("uri", "https://example.com", "https://example.com/" + "a" * 2_000),
    ],
)
def test_formats_are_checked(name: str, good: str, bad: str) -> None:
    schema = JsonSchema({"format": name})

    assert schema.list_faults(good) == schema.list_faults(7) == []
    assert len(schema.list_faults(bad)) == 1


def test_a_format_whose_package_is_missing_is_told_and_hinders_nothing():
    program = """
import sys
sys.modules.update(dict.fromkeys(["rfc3987", "rfc3986_validator"]))  # as if they were not installed
from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.graph.rules.schemas import list_unknown_formats
schema = {"properties": {"a": {"format": "uri"}, "b": {"format": "iri"}, "c": {"format": "date"}}}
JsonSchema(schema).check({"a": "no uri", "b": "none either", "c": "2026-01-31"})
print(sorted(name for _path, name in list_unknown_formats(schema)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "['iri', 'uri']", done.stderr


def test_the_format_checks_cost_no_seconds_at_the_start_of_each_process():
    assert "rfc3987_syntax" not in sys.modules, "an optional package of jsonschema's, 2 s at each import"
