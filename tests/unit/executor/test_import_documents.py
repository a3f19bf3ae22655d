"""Flow files as bytes: JSON or YAML, as data only, within limits, and one sentence for what cannot be read."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.executor.domain.importers import UnreadableFlow, read_document
from services.executor.domain.importers.documents import MAX_BYTES, MAX_DEPTH

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

BILLION = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, null, "x"]}', {"a": [1, None, "x"]}),
        ("a: [1, ~, x]", {"a": [1, None, "x"]}),
        ("yes: no\n12:30: 2024-01-02", {"yes": "no", "12:30": "2024-01-02"}),
        ("0: {title: A}\n1.5: B\ntrue: C", {"0": {"title": "A"}, "1.5": "B", "true": "C"}),
        ("a: '1'\nb: !!str 2\nc: 0012\nd: 1e3\ne: .5", {"a": "1", "b": "2", "c": 12, "d": 1000.0, "e": 0.5}),
        ("a: &x {k: 1}\nb: *x", {"a": {"k": 1}, "b": {"k": 1}}),
        ("{a: 1, b: [x]}", {"a": 1, "b": ["x"]}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("\ufeff{}", {}),
        ('{"a": NaN}', {"a": "NaN"}),
    ],
)
def test_json_and_yaml_are_read_as_their_author_meant_them(text, value):
    assert read_document(text.encode()) == value


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"a": 1', "is not JSON"),
        (b"a: [1", "neither JSON nor YAML in line"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"a: 1\na: 2", "'a' stands twice"),
        (b"[a]: 1", "a key that is no text"),
        (b"a: !!python/object:os.system x", "The tag"),
        (b"a: !!set {x: ~}", "The tag"),
        (b"a: *b", "'\\*b' names nothing"),
        (b"a: &a [*a]", "'\\*a' names nothing"),
        (b"a: 1\n---\nb: 2", "2 documents"),
        (b"", "0 documents"),
        (BILLION.encode(), "once its aliases are written out"),
        (("[" * (MAX_DEPTH + 1)).encode(), "nested too deeply|is not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"a: " + b"[" * 100_000, "nested too deeply"),
        (b" " * (MAX_BYTES + 1), "use at most"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(data, said):
    with pytest.raises(UnreadableFlow, match=said):
        read_document(data)


@unhurried
@given(st.binary(max_size=60) | st.text(alphabet="ab:-[]{}&*!?|>\"'#,\n 01~%@", max_size=40).map(str.encode))
def test_any_bytes_are_a_json_value_or_refused(data):
    try:
        value = read_document(data)
    except UnreadableFlow:
        return
    assert read_document(json.dumps(value).encode()) == value
