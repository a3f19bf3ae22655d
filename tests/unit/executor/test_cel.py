"""CEL in conditions and assignments: what it comes to, what it refuses, what it may cost."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.executor.domain.budget import Budget, WorkSpent
from services.executor.domain.cel import CelError, compile_cel
from services.executor.domain.cel.lexer import MAX_LENGTH
from services.executor.domain.variables import Scope
from tests.unit.executor.walks import Talk, end, flow, say

VARIABLES: dict[str, Any] = {
    "age": 17,
    "typed": "18",
    "price": 2.5,
    "name": "Olá",
    "tags": ["new", "vip"],
    "order": {"total": 30, "items": [{"id": "a"}, {"id": "b"}], "note": None},
    "a.b": "dotted",
}
SYSTEM: dict[str, Any] = {"contact": {"name": "Bia"}, "user_message": "hi"}


def value(text: str) -> Any:
    return compile_cel(text)[0](Scope(VARIABLES, SYSTEM))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Arithmetic.
        ("1 + 2 * 3 - 4", 3),
        ("(1 + 2) * 3", 9),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("7.0 / 2.0", 3.5),
        ("1e3", 1000.0),
        (".5 + 1.5", 2.0),
        ("0x1F", 31),
        ("3u + 1u", 4),
        ("- -3", 3),
        ("-9223372036854775808", -(2**63)),
        ("'a' + \"b\" + name", "abOlá"),
        ("[1] + [2, 3,]", [1, 2, 3]),
        # Comparison; numbers by worth, different types are different.
        ("1 == 1.0", True),
        ("1 < 1.5", True),
        ("typed == 18", False),
        ("typed != 18", True),
        ("int(typed) >= 18", True),
        ("'b' > 'a'", True),
        ("true != false", True),
        ("null == null", True),
        ("order.note == null", True),
        ("[1, 2] == [1.0, 2]", True),
        ("{'a': [1]} == {'a': [1]}", True),
        ("{'a': 1} == {'b': 1}", False),
        ("1 < 2 == true", True),
        # Logic: what decides makes up for errors on either side.
        ("true || 1 / 0 == 1", True),
        ("1 / 0 == 1 || true", True),
        ("false && nobody", False),
        ("nobody && false", False),
        ("nobody || nothing || true", True),
        ("!true || !!true", True),
        ("age >= 18 ? 'in' : age > 15 ? 'soon' : 'out'", "soon"),
        # Names, fields, indexes.
        ("order.items[1].id", "b"),
        ("order['total'] * 2", 60),
        ("a.b", "dotted"),
        ("contact.name", "Bia"),
        ("{'x': {'y': 1}}.x.y", 1),
        ("'vip' in tags", True),
        ("'total' in order", True),
        ("3 in [1, 2]", False),
        ("has(order.total)", True),
        ("has(order.nothing)", False),
        ("has(order.note)", True),
        ("has(nobody)", False),
        ("has(contact.name.first)", False),
        # Functions.
        ("size(name) + name.size() + size(tags) + size(order)", 11),
        ("name.startsWith('O') && name.endsWith('á') && name.contains('l')", True),
        (r"'ab12'.matches('^[a-z]+[0-9]+$')", True),
        (r"matches('x', r'\d')", False),
        ("' Ab '.trim().upperAscii() + 'É'.lowerAscii()", "ABÉ"),
        ("int('12') + int(3.9) + int(-3.9)", 12),
        ("int(timestamp('1970-01-01T00:01:00Z'))", 60),
        ("double('1.5') + double(1)", 2.5),
        ("string(1) + string(2.0) + string(true) + string(duration('90s'))", "12true90s"),
        ("bool('true') && !bool('F')", True),
        ("type(1.0) + type('') + type([])", "doublestringlist"),
        ("timestamp('2026-01-31T22:30:00-03:00')", "2026-02-01T01:30:00Z"),
        ("timestamp('2026-02-01T01:30:00Z') - timestamp('2026-02-01T00:00:00Z') == duration('1h30m')", True),
        ("timestamp('2026-02-01T01:30:00Z') + duration('-90m')", "2026-02-01T00:00:00Z"),
        ("timestamp('2026-02-01T01:30:00Z').getHours('America/Sao_Paulo')", 22),
        ("timestamp('2026-02-01T01:30:00Z').getDayOfWeek()", 0),
        ("timestamp('2026-02-01T01:30:00Z').getMonth() + timestamp(0).getFullYear()", 1971),
        ("duration('90m').getHours()", 1),
        ("duration('1.5s')", "1.5s"),
        # Writing.
        (r"'\n\x41é\101\'' + r'\n' + '''it's'''", "\nAéA'\\nit's"),
        ("1 // a remark\n + 2", 3),
    ],
)  # fmt: skip
def test_an_expression_comes_to_its_value(text: str, expected: object) -> None:
    found = value(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    "text",
    [
        "1 + 1.0", "1 + '1'", "'a' - 'b'", "true + true", "-'a'", "!1", "1 ? 2 : 3", "1 && true", "'a' < 1",
        "[1] < [2]",
        "1 / 0", "1 % 0", "1.0 / 0.0", "0.0 / 0.0 < 1.0", "9223372036854775807 + 1", "-(-9223372036854775808)",
        "nobody", "order.nothing", "tags.first", "tags[2]", "tags[-1]", "tags['0']", "order[0]", "age.x", "1 in 2",
        "nobody || false", "true && nobody", "int('1,5')", "int('')", "int(true)", "int(1e300)", "double('x')",
        "bool('yes')", "string([1])", "size(1)", "'a'.startsWith(1)", "timestamp('2026-02-30T00:00:00Z')",
        "timestamp('2026-02-03')", "timestamp(1).getHours('Mars/City')", "duration('soon')", "{'a': 1, 'a': 2}",
        "{1: 2}",
        "timestamp('9999-12-31T23:59:59Z') + duration('48h')",
    ],
)  # fmt: skip
def test_what_has_no_value_says_so(text: str) -> None:
    evaluate, _ = compile_cel(text)
    with pytest.raises(CelError):
        evaluate(Scope(VARIABLES, SYSTEM))


@pytest.mark.parametrize(
    "text",
    [
        "", "1 +", "1 2", "(1", "[1", "{'a' 1}", "a.", "a.1", "f(", "nothing(1)", "x.nothing()", "size()", "size(1, 2)",
        "1 in", "in", "'open", '"""open"', r"'\q'", r"'\U00110000'", "a ? b", "#", "9223372036854775808", "{{age}} > 1",
        "tags.map(t, t)", "tags.all(t, true)", "name.matches(pattern)", "name.matches('a' + 'b')",
        "name.matches('(?=a)')",
        "1" * (MAX_LENGTH + 1), "(" * 40 + "1" + ")" * 40, "a" + ".b" * 300, "[" * 40 + "]" * 40, "1 ? 2 : " * 40 + "3",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_at_publish(text: str) -> None:
    with pytest.raises(CelError, match=r"\w+"):
        compile_cel(text)


def test_an_expression_tells_the_names_it_reads() -> None:
    assert compile_cel("a.b + c[d.e].f + size(g) + h.trim()")[1] == ("a.b", "c", "d.e", "g", "h")


def test_what_a_contact_types_is_never_read_as_an_expression() -> None:
    assert compile_cel("said + '!'")[0](Scope({"said": "1 + 1"}, {})) == "1 + 1!"


@pytest.mark.parametrize(
    "text",
    [
        # A long list in a long list, texts that grow, a pattern on a long text.
        "big in [big, big, big, big]",
        "text + text + text == text",
        "text.matches('(a*)*b') || " * 20 + "false",
        "text.contains('b') || " * 60 + "false",
    ],
)
def test_work_is_counted_and_a_turn_that_has_spent_it_is_stopped(text: str) -> None:
    variables = {"big": [[1] * 2000 for _ in range(20)], "text": "a" * 4000}
    with pytest.raises(WorkSpent):
        compile_cel(text)[0](Scope(variables, {}, budget=Budget(20_000)))


def test_a_text_does_not_grow_without_end() -> None:
    with pytest.raises(CelError, match="longer"):
        compile_cel(" + ".join(["text"] * 20))[0](Scope({"text": "a" * 4000}, {}))


_ATOMS = st.sampled_from(
    ["1", "2.5", "'a'", "true", "null", "age", "name", "order", "tags", "nobody", "order.items[0].id", "[1, 'b']",
     "{'k': 1}", "timestamp(0)", "duration('1h')", "user_message"]
)  # fmt: skip
_SIGNS = st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||"])
_CALLS = st.sampled_from(
    ["size({})", "int({})", "string({})", "timestamp({})", "({}).trim()", "({}).getHours()", "-({})"]
)
_EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: (
        st.builds("({} {} {})".format, inner, _SIGNS, inner)
        | st.builds(lambda call, one: call.format(one), _CALLS, inner)
        | st.builds("({} ? {} : {})".format, inner, inner, inner)
        | st.builds("({})[{}]".format, inner, inner)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(text=_EXPRESSIONS)
def test_a_well_formed_expression_has_a_storable_value_or_a_cel_error(text: str) -> None:
    try:
        found = value(text)
    except CelError:
        return
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(max_size=60)
    | st.lists(_ATOMS | _SIGNS | st.sampled_from(list("()[]{}?:,.!'\"")), max_size=20).map(" ".join)
)
def test_any_text_is_read_or_refused_with_a_cel_error(text: str) -> None:
    try:
        value(text)
    except CelError:
        return


def test_a_condition_without_a_value_is_false_and_the_trace_says_why() -> None:
    talk = Talk(
        flow(
            {"c": ("condition", {"expression": "int(user_message) >= 18"}), "y": end("Welcome."), "n": end("Not yet.")},
            ("c", "y", "true"),
            ("c", "n", "false"),
        )
    )
    assert [talk.says("20"), talk.says("17"), talk.says("many")] == [["Welcome."], ["Not yet."], ["Not yet."]]


def test_an_assignment_without_a_value_is_empty() -> None:
    assignments = [
        {"name": "total", "valueType": "cel", "value": "int(user_message) * 3"},
        {"name": "rows", "valueType": "cel", "value": "[total, 'x']"},
    ]
    talk = Talk(
        flow({"v": ("set_variable", {"assignments": assignments}), "m": say("{{total}} {{rows.1}}")}, ("v", "m"))
    )
    assert [talk.says("4"), talk.says("four")] == [["12 x"], [" x"]]
