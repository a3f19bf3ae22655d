"""What answers of the Graph API mean."""

import json

import pytest

from services.sender.domain.answers import (
    Accepted,
    Ambiguous,
    Paused,
    Refused,
    Throttled,
    classify,
    doubts_files,
    of_message,
)
from services.sender.domain.codes import RULES, Action, Scope

EVERY_HTTP = [200, 400, 401, 404, 500, 503]


def error(code: object, **more: object) -> bytes:
    return json.dumps({"error": {"message": "no", "code": code} | more}).encode()


def test_nothing_but_the_code_decides_on_a_code_that_is_known() -> None:
    for code in RULES:
        answers = {classify(http, error(code)) for http in EVERY_HTTP}
        assert len(answers) == 1, code


def test_an_acceptance_names_its_message() -> None:
    body = json.dumps({"messages": [{"id": "wamid.A", "message_status": "accepted"}]}).encode()
    assert classify(200, body) == Accepted("wamid.A")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"{}", b"[]", b"null", b"7", b'{"messages":[]}', b'{"messages":[{}]}',
        b'{"messages":[{"id":""}]}',
        b'{"messages":[{"id":7}]}', b'{"messages":{"id":"w"}}', b'{"messages":[{"id":"a\\u0000b"}]}', b"\xff\xfe",
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_success_without_a_usable_id_is_a_doubt(body: bytes) -> None:
    assert isinstance(classify(200, body), Ambiguous)


@pytest.mark.parametrize("http", [301, 408, 500, 502, 503, 504])
def test_what_is_no_answer_of_the_graph_api_is_a_doubt(http: int) -> None:
    assert isinstance(classify(http, b"<html>gateway</html>"), Ambiguous)


def test_unknown_codes_follow_http_and_the_transient_flag() -> None:
    assert classify(400, error(987654)) == Refused(987654, "no")
    assert classify(500, error(987654)) == Ambiguous(987654, "no")
    assert classify(400, error(987654, is_transient=True)) == Ambiguous(987654, "no")
    reopen = Refused(131047, "no", Action.REOPEN_WITH_TEMPLATE)
    assert classify(400, error(131047, is_transient=True)) == reopen


def test_errors_without_a_code_are_refusals_when_http_says_so() -> None:
    assert classify(400, b'{"error":"odd"}') == Refused(0, "odd")
    assert classify(403, b'{"error":{"message":"odd"}}') == Refused(0, "odd")
    assert isinstance(classify(500, b'{"error":{"message":"odd"}}'), Ambiguous)
    assert classify(400, error(True)) == Refused(0, "no")
    assert classify(429, b"slow", 3.0) == Throttled(Scope.APP, 0, "HTTP 429 without a Graph error", 3.0)


def test_a_code_may_come_as_text_or_with_a_subcode() -> None:
    assert isinstance(classify(400, error("131056")), Throttled)
    assert classify(400, error(100, error_subcode=33)) == Paused(Scope.NUMBER, 100, "no", None, Action.PAUSE_NUMBER)


def test_retry_after_is_kept_but_never_shortens_what_the_code_asks() -> None:
    assert classify(400, error(130429), 7.0) == Throttled(Scope.NUMBER, 130429, "no", 7.0)
    assert classify(400, error(131057), 7.0) == Throttled(Scope.NUMBER, 131057, "no", 20.0, Action.RETRY_AFTER)


def test_a_file_that_meta_could_not_fetch_is_offered_once_more() -> None:
    refused = classify(400, error(131053))
    assert isinstance(refused, Refused)
    assert of_message(refused) == refused
    again = of_message(refused, has_link=True)
    assert again == Throttled(Scope.MESSAGE, 131053, "no", 5.0, Action.FAIL_PERMANENT)


@pytest.mark.parametrize("code", [131053, 100])
def test_a_message_whose_files_are_given_anew_is_tried_once_more(code: int) -> None:
    refused = classify(400, error(code))
    assert doubts_files(refused)
    assert of_message(refused) == refused
    assert of_message(refused, has_new_files=True) == Throttled(Scope.MESSAGE, code, "no", 1.0, Action.FAIL_PERMANENT)


def test_no_new_file_mends_what_is_said_of_something_else() -> None:
    refused = classify(400, error(131009))
    assert not doubts_files(refused)
    assert of_message(refused, has_new_files=True) == refused
    assert not doubts_files(classify(400, error(100, error_subcode=33)))


def test_the_text_is_metas_details_without_control_signs() -> None:
    answer = classify(400, error(131009, error_data={"details": "line\none\x00"}))
    assert answer == Refused(131009, "no: line one ")
