"""The tools that ship with the package."""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools import ToolError, describe_tool, list_builtins
from agentmesh_dagster.tools.errors import AddressRefused, HttpRedirected, InvalidToolInput, UnknownBuiltin
from tests.costs import FAR_TOO_LONG_SECONDS
from tests.tools.servers import LOCAL, Recorder, call, make_tool


def use(name: str, settings: Settings = LOCAL, **fields: Any) -> Any:
    return call(make_tool("builtin", function_name=name), fields, settings)


def test_every_builtin_can_be_shown_to_people_and_models():
    assert [builtin.name for builtin in list_builtins()] == [
        "http_request",
        "json_query",
        "text_template",
        "regex_extract",
        "current_time",
        "calculator",
    ]
    for builtin in list_builtins():
        assert builtin.description.endswith(".")
        assert builtin.input_schema["type"] == "object"
        assert JsonSchema(builtin.input_schema)
        assert JsonSchema(builtin.output_schema)


def test_an_unknown_builtin_names_the_known_ones():
    with pytest.raises(UnknownBuiltin, match=r"`calculate`; there are `http_request`, .*`calculator`"):
        use("calculate")


@pytest.mark.parametrize("name", [builtin.name for builtin in list_builtins()])
@pytest.mark.parametrize("value", [None, [], "text", {"unknown": 1}])
def test_input_of_the_wrong_shape_is_a_clear_error(name: str, value: Any):
    with pytest.raises(InvalidToolInput, match=r"at \$"):
        call(make_tool("builtin", function_name=name), value)


def test_a_tools_own_schema_narrows_the_builtins_and_cannot_widen_it():
    narrow = make_tool(
        "builtin", function_name="calculator", input_schema={"properties": {"expression": {"maxLength": 3}}}
    )

    assert call(narrow, {"expression": "1+1"}) == {"result": 2}
    for value in ({"expression": "1 + 1"}, {"expression": 7}):
        with pytest.raises(InvalidToolInput, match=r"\$\.expression"):
            call(narrow, value)


def test_a_tool_shows_its_own_words_before_the_builtins():
    plain = make_tool("builtin", function_name="calculator")
    own = plain.model_copy(update={"description": "Sums up.", "output_schema": {"type": "object"}})

    assert describe_tool(plain).text.startswith("Works out")
    assert describe_tool(plain).input_schema["required"] == ["expression"]
    assert describe_tool(own).text == "Sums up."
    assert describe_tool(own).output_schema == {"type": "object"}


# http_request


def test_http_request_gets_with_query_and_headers(recorder: Recorder):
    result = use("http_request", url=recorder.url + "/a", query={"q": "x y", "n": [1]}, headers={"X-A": "b"})

    assert result == {}
    assert recorder.received[0].method == "GET"
    assert recorder.received[0].path == "/a?q=x+y&n=1"
    assert recorder.received[0].headers["x-a"] == "b"
    assert recorder.received[0].headers["idempotency-key"] == "run/node/0"


def test_http_request_posts_a_body(recorder: Recorder):
    use("http_request", url=recorder.url, body={"a": None})
    use("http_request", url=recorder.url, method="POST")

    assert [received.method for received in recorder.received] == ["POST", "POST"]
    assert recorder.received[0].json == {"a": None}
    assert recorder.received[1].body == b""


def test_http_request_is_under_the_guard(recorder: Recorder):
    with pytest.raises(AddressRefused):
        use("http_request", Settings(http_allow_hosts=""), url=recorder.url)
    recorder.answers(302, Location="http://169.254.169.254/")
    with pytest.raises(HttpRedirected):
        use("http_request", url=recorder.url)

    assert len(recorder.received) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"headers": {"X-Key": "${AGENTMESH_TEST_TOKEN}"}},
        {"headers": {"X-Key": "${"}},
        {"headers": {"Host": "other"}},
        {"headers": {"X-Key": "a\r\nX-Other: b"}},
        {"headers": {"X-Key": 1}},
        {"method": "DELETE"},
        {"method": "GET", "body": {}},
        {"query": [1]},
    ],
)
def test_http_request_refuses_what_a_model_may_not_ask(
    fields: Any, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AGENTMESH_TEST_TOKEN", "a-secret-value")

    with pytest.raises(InvalidToolInput) as raised:
        use("http_request", url=recorder.url, **fields)

    assert "a-secret-value" not in str(raised.value)
    assert not recorder.received


def test_http_request_gives_no_variable_away(recorder: Recorder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AGENTMESH_TEST_TOKEN", "a-secret-value")
    text = "${AGENTMESH_TEST_TOKEN}"

    use("http_request", url=recorder.url, query={"q": text}, body={"b": text})
    with pytest.raises(InvalidToolInput):
        use("http_request", url=recorder.url + "/" + text)

    assert "a-secret-value" not in repr(recorder.received)
    assert recorder.received[0].json == {"b": text}


@pytest.mark.parametrize("url", ["http://u:pw@127.0.0.1/", "file:///etc/passwd", "/path", "http://"])
def test_http_request_refuses_a_url_that_cannot_be_called(url: str):
    with pytest.raises(InvalidToolInput, match="the url"):
        use("http_request", url=url)


# json_query

ORDERS = {"orders": [{"id": 1, "price": 5, "tags": ["a"]}, {"id": 2, "price": 15, "tags": ["b", "c"]}]}


@pytest.mark.parametrize(
    ("query", "result"),
    [
        ("orders[0].id", 1),
        ("orders[-1].tags[]", ["b", "c"]),
        ("orders[?price > `10`].id | [0]", 2),
        ("orders[].{id: id, n: length(tags)}", [{"id": 1, "n": 1}, {"id": 2, "n": 2}]),
        ("join(', ', orders[].tags[])", "a, b, c"),
        ("sort_by(orders, &price)[-1].price", 15),
        ("sum(orders[].price)", 20),
        ("orders[*].[id, price]", [[1, 5], [2, 15]]),
        ("nothing.here", None),
    ],
)
def test_json_query_looks_things_up(query: str, result: Any):
    assert use("json_query", data=ORDERS, query=query) == {"result": result}


@pytest.mark.parametrize(
    "query",
    [
        "orders[",
        "orders[?price > 10]",
        "nofunction(@)",
        "sum(orders)",
        "length()",
        "orders[::0]",
        "(" * 900,
        "!" * 900 + "a",
        "max_by(orders, &tags)",
        "ceil(to_number('nan'))",
        "ceil(to_number('inf'))",
        "to_number('nan')",
        "orders[?'a' < `1`]",
    ],
)
def test_a_query_that_fails_is_a_clear_error(query: str):
    with pytest.raises(ToolError) as raised:
        use("json_query", data=ORDERS, query=query)

    assert not raised.value.retryable
    assert len(str(raised.value)) < 700


@pytest.mark.parametrize(
    "query",
    [
        " | ".join(["[@,@]"] * 100),
        " | ".join(["[@,@][]"] * 100),
        " | ".join(["{a: @, b: @}"] * 60),
        "[" + ",".join(["@"] * 400) + "] | [" + ",".join(["@"] * 50) + "]",
        " | ".join(["to_string([@,@])"] * 50),
        "join(join('', map(&'xxxxxxxxxx', items)), map(&'', items))",
        'items[*].[`"' + "x" * 900 + '"`]',
        'map(&`"' + "x" * 900 + '"`, items)',
        " | ".join(["map(&[@,@], [@,@])[]"] * 40),
    ],
)
def test_a_query_that_grows_without_bound_is_given_up(query: str):
    settings = Settings(max_value_bytes=1_000_000)
    started = time.process_time()

    with pytest.raises(ToolError, match="builds more than a value may hold"):
        use("json_query", settings, data={"items": [0] * 10_000}, query=query)

    assert time.process_time() - started < FAR_TOO_LONG_SECONDS


# text_template


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("Dear {name},", "Dear Ada,"),
        ("Dear {{ name }}, {{name}}", "Dear Ada, Ada"),
        ("{customer.city}: {items.1.price}", "Rome: 2.5"),
        ("{customer}", '{"city":"Rome","straße":null}'),
        ("{customer.straße}|{yes}", "null|true"),
        ('{"a": {}, "b": { name }} {0} {{ {', '{"a": {}, "b": { name }} {0} {{ {'),
        ("{tricky}", "{name} {{ name }}"),
        ("", ""),
    ],
)
def test_text_template_fills_in_values(template: str, result: str):
    values = {
        "name": "Ada",
        "customer": {"city": "Rome", "straße": None},
        "items": [{"price": 1}, {"price": 2.5}],
        "yes": True,
        "tricky": "{name} {{ name }}",
    }

    assert use("text_template", template=template, values=values) == {"text": result}


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{nme}", "no value for `nme`: names here are name, list"),
        ("{name.first}", "no value for `name.first`: nothing has a name here"),
        ("{list.2}", "no value for `list.2`"),
        ("{list.-1}", "no value for `list.-1`"),
        ("{list." + "9" * 5_000 + "}", "no value for"),
        ("{name.__class__}", "no value for"),
    ],
)
def test_text_template_names_what_is_missing(template: str, fault: str):
    with pytest.raises(InvalidToolInput, match=fault):
        use("text_template", template=template, values={"name": "Ada", "list": [1, 2]})


def test_text_template_does_not_grow_without_bound():
    with pytest.raises(InvalidToolInput, match="grows beyond"):
        use(
            "text_template",
            Settings(max_value_bytes=100_000),
            template="{a}" * 10_000,
            values={"a": "x" * 50_000},
        )


# regex_extract


def test_regex_extract_gives_match_groups_names_and_all_matches():
    result = use("regex_extract", text="Order A-17 and B-9 für Zoë", pattern=r"(?P<kind>[A-Z])-(\d+)")

    assert result == {
        "match": "A-17",
        "groups": ["A", "17"],
        "named": {"kind": "A"},
        "matches": ["A-17", "B-9"],
    }


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"text": "id=7 id=8", "pattern": r"id=(\d)", "group": 1}, "7"),
        ({"text": "id=7", "pattern": r"id=(?P<id>\d)", "group": "id"}, "7"),
        ({"text": "für Zoë", "pattern": r"(?i)ZOË"}, "Zoë"),
        ({"text": "ab", "pattern": r"(x)?b", "group": 1}, None),
        ({"text": "ab", "pattern": "z"}, None),
        ({"text": "", "pattern": "^$"}, ""),
    ],
)
def test_regex_extract_gives_the_group_asked_for(fields: Any, match: str | None):
    assert use("regex_extract", **fields)["match"] == match


@pytest.mark.parametrize(
    ("pattern", "group", "fault"),
    [
        ("(", 0, "missing \\)"),
        (r"(?=a)", 0, "look-around"),
        (r"(a)\1", 0, "back-references"),
        ("a{1001}", 0, "repetition"),
        ("((a{100}){100}){100}", 0, "no regular expression"),
        ("a", 1, "no group 1"),
        ("a", -1, "no group -1"),
        ("a", "name", "no group 'name'"),
    ],
)
def test_regex_extract_refuses_a_pattern_with_a_reason(
    pattern: str, group: int | str, fault: str, capfd: pytest.CaptureFixture[str]
):
    with pytest.raises(InvalidToolInput, match=fault):
        use("regex_extract", text="a", pattern=pattern, group=group)

    assert not capfd.readouterr().err


def test_regex_extract_gives_the_first_thousand_matches():
    assert len(use("regex_extract", text="a" * 5_000, pattern="a")["matches"]) == 1_000


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*b", "(a*)*c"])
def test_no_pattern_backtracks_without_end(pattern: str):
    started = time.process_time()

    use("regex_extract", text="a" * 20_000 + "!", pattern=pattern)

    assert time.process_time() - started < FAR_TOO_LONG_SECONDS


# current_time


@pytest.mark.parametrize(("zone", "offset"), [("UTC", 0), ("Asia/Kolkata", 5.5), ("America/Phoenix", -7)])
def test_current_time_honours_the_zone(zone: str, offset: float):
    result = use("current_time", timezone=zone)

    told = datetime.fromisoformat(result["time"])
    assert told.utcoffset() == timedelta(hours=offset)
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=FAR_TOO_LONG_SECONDS)
    assert result["timezone"] == zone
    assert result["date"] == told.date().isoformat()
    assert result["weekday"] == told.strftime("%A")
    assert abs(result["unix"] - time.time()) < FAR_TOO_LONG_SECONDS


def test_current_time_is_utc_unless_asked():
    assert use("current_time")["time"].endswith("+00:00")


@pytest.mark.parametrize("zone", ["Europe/Berlyn", "", "Europe", "../../etc/passwd", "/etc", "a\nb", "ü"])
def test_an_unknown_zone_is_a_clear_error(zone: str):
    with pytest.raises(InvalidToolInput, match="there is no time zone"):
        use("current_time", timezone=zone)


def test_a_misspelt_zone_comes_with_the_right_one():
    with pytest.raises(InvalidToolInput, match="did you mean Europe/Berlin"):
        use("current_time", timezone="Europe/Berlyn")


# calculator


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("(3 + 4) * 2", 14),
        ("1.5 * 2", 3),
        ("7 % 4", 3),
        ("-2 - -3", 1),
        ("10 / 4", 2.5),
        ("0.1 + 0.2", 0.3),
        ("2 ** 100", 2**100),
        ("2 ** 0.5", 1.4142135623730951),
        ("1 / 3", 1 / 3),
        (" 1_000 ", 1_000),
        ("round(2.5)", 3),
        ("round(2.345, 2)", 2.35),
        ("sqrt(9)", 3),
        ("max(1, 3, 2) - min(4, 5)", -1),
        ("abs(-1e300)", 1e300),
        ("+".join("1" * 300), 300),
    ],
)
def test_calculator_works_out_arithmetic(expression: str, result: float):
    assert use("calculator", expression=expression) == {"result": result}


@pytest.mark.parametrize(
    "expression",
    [
        "1 +",
        "1 / 0",
        "0 % 0",
        "9 ** 9 ** 9",
        "(-1) ** 0.5",
        "sqrt(-1)",
        "1e400",
        "9" * 999,
        "1 < 2",
        "2 ^ 3",
        "1,000",
        "1j",
        "True",
        "'text'",
        "[1]",
        "round(1, 2, 3)",
        "round(1, 1e99)",
        "round(1, ndigits=2)",
        "max(*[1])",
        "(1).real",
        "open('x')",
        "__import__('os')",
        "1 if 1 else 2",
        "1if 2else 3",
        "(lambda: 1)()",
        "(" * 500 + "1" + ")" * 500,
        "abs(" * 240,
        "\\d",
        " ",
    ],
)
def test_calculator_refuses_all_else_with_a_reason(expression: str):
    with pytest.raises(ToolError) as raised:
        use("calculator", expression=expression)

    assert not raised.value.retryable


@given(st.sampled_from([builtin.name for builtin in list_builtins()[1:]]), st.data())
def test_no_input_makes_a_builtin_fail_otherwise_than_as_a_tool(name: str, data: st.DataObject):
    schema = next(builtin.input_schema for builtin in list_builtins() if builtin.name == name)
    words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
    values = st.recursive(words | st.integers(-5, 5) | st.booleans() | st.none(), st.lists, max_leaves=4)
    fields = {
        field: data.draw(words if rules.get("type") == "string" else values)
        for field, rules in schema["properties"].items()
    }
    with suppress(ToolError):
        use(name, **fields)
