"""What an answer is worth: read as variables can hold it, judged, and how long to wait for another."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.executor.domain.events import EffectDone
from services.executor.domain.json_value import Json, is_storable
from services.executor.domain.lint.texts import texts_in
from services.executor.domain.replies import MOST_BODY, judged, may_be_repeated, seconds_to_wait

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def http(content: bytes, *, status: int = 200, media_type: str = "application/json") -> EffectDone:
    return judged("e", "http", {}, status=status, media_type=media_type, content=content)


def model(message: Json, *, finish: str = "stop", **request: Json) -> EffectDone:
    content = json.dumps({"choices": [{"message": message, "finish_reason": finish}], "usage": {"total_tokens": 7}})
    return judged("e", "ai", request, status=200, media_type="application/json", content=content.encode())


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "ok"), (204, "ok"), (303, "ok"), (404, "failed"), (500, "failed")]
)
def test_two_and_three_hundreds_are_good(status: int, outcome: str) -> None:
    assert http(b"{}", status=status).outcome == outcome


@pytest.mark.parametrize(
    ("content", "media_type", "body"),
    [
        (b'{"a": [1, 2.5, null]}', "application/json", {"a": [1, 2.5, None]}),
        (b"3", "application/json", 3),
        (b"3", "text/plain", "3"),
        (b" [1]", "text/html", [1]),
        (b"{oops", "application/json", "{oops"),
        ("olá".encode(), "text/plain", "olá"),
        (b"\xff", "text/plain", "�"),
        (b"", "application/json", ""),
        (b'{"a": NaN}', "application/json", '{"a": NaN}'),
    ],
)
def test_an_answer_is_json_where_it_can_be_and_text_otherwise(content: bytes, media_type: str, body: Json) -> None:
    assert http(content, media_type=media_type).body == body


def test_what_a_database_cannot_hold_is_taken_out() -> None:
    done = http(rb'{"a\u0000": "x\u0000y\ud800", "big": 123456789012345678901234567890, "far": 1e999}')
    assert done.body == {"a": "xy", "big": 123456789012345678901234567890.0, "far": None}
    orjson.dumps(done.body)


def test_nesting_without_end_is_told_and_never_followed() -> None:
    for depth in (40, 100_000):
        done = http(b"[" * depth + b"]" * depth)
        assert (done.outcome, done.body) == ("failed", None)
        assert "nested" in done.error


def test_a_long_text_is_cut_and_long_json_is_refused() -> None:
    text = http(("ç\n" * 100_000).encode(), media_type="text/plain")
    assert text.outcome == "ok"
    assert isinstance(text.body, str)
    assert MOST_BODY * 0.8 < len(json.dumps(text.body, ensure_ascii=False).encode()) <= MOST_BODY
    listed = http(json.dumps(["x"] * 30_000).encode())
    assert (listed.outcome, listed.body) == ("failed", None)
    assert "larger" in listed.error


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'{"error": {"message": "no such item"}}', "The answer was 404: no such item"),
        (b'{"error": "gone"}', "The answer was 404: gone"),
        (b'{"message": "away"}', "The answer was 404: away"),
        (b"<html>", "The answer was 404"),
    ],
)
def test_a_refusal_says_what_the_api_said(content: bytes, error: str) -> None:
    assert http(content, status=404).error == error


def test_a_models_words_and_usage_come_back() -> None:
    assert model({"content": "Sure."}).body == {"content": "Sure.", "usage": {"total_tokens": 7}}


@pytest.mark.parametrize("content", ['{"size": 3}', '```json\n{"size": 3}\n```', '```\n{"size": 3}\n```\n'])
def test_a_models_json_is_read_with_or_without_a_fence(content: str) -> None:
    done = model({"content": content}, json_output=True)
    assert isinstance(done.body, dict)
    assert done.body["json"] == {"size": 3}


@pytest.mark.parametrize(
    ("message", "finish", "words"),
    [
        ({"content": "not json"}, "stop", "JSON"),
        ({"content": None, "refusal": "I will not."}, "stop", "refused to answer. I will not."),
        ({"content": "half"}, "content_filter", "refused"),
        ({"content": " "}, "stop", "no text"),
    ],
)
def test_a_model_that_gives_not_what_was_asked_for_failed(message: Json, finish: str, words: str) -> None:
    done = model(message, finish=finish, json_output=True)
    assert done.outcome == "failed"
    assert words in done.error


def test_an_answer_that_is_no_completion_failed() -> None:
    for content in (b"[]", b'{"choices": []}', b'{"choices": [{"message": "x"}]}', b"hello"):
        done = judged("e", "ai", {}, status=200, media_type="application/json", content=content)
        assert done.outcome == "failed"


@example(content=b"\\u0000", kind="http", is_json=False)
@given(st.binary(max_size=200), st.sampled_from(["http", "ai"]), st.booleans())
def test_whatever_comes_is_judged_and_can_be_stored(content: bytes, kind: str, is_json: bool) -> None:
    done = judged(
        "e",
        "ai" if kind == "ai" else "http",
        {"json_output": is_json},
        status=200,
        media_type="application/json" if is_json else "",
        content=content,
    )
    orjson.dumps(done.body)
    assert all(is_storable(text) for text in texts_in(done.body))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("Thu, 26 Nov 2026 12:00:30 GMT", 30.0),
        ("Thu, 26 Nov 2026 11:00:00 GMT", 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-1", 0.0),
        ("9" * 400, 999999999.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float) -> None:
    assert seconds_to_wait(text, NOW) == seconds


def test_only_what_may_pass_is_tried_again() -> None:
    assert [status for status in (200, 301, 400, 404, 408, 409, 429, 500, 503) if may_be_repeated(status)] == [
        429,
        500,
        503,
    ]
