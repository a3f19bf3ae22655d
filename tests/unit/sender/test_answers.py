"""What answers of the Graph API mean."""

import json

import pytest

from services.sender.domain.answers import Accepted, Ambiguous, Paused, Refused, Scope, Throttled, classify

PAUSED = {
    Scope.CREDENTIALS: [0, 3, 10, 190, 200, 231, 299, 131005],
    Scope.NUMBER: [33, 131037, 131045, 131048, 133000, 133005, 133006, 133008, 133009, 133010],
    Scope.ACCOUNT: [368, 131031, 131042, 131044, 131064, 134011],
}
THROTTLED = {
    Scope.PAIR: [131056],
    Scope.NUMBER: [130429, 131057, 133015, 133016, 2494100],
    Scope.APP: [4, 613, 80007, 131208, 139102, 139103],
    Scope.MESSAGE: [131049, 132015, 132069, 134101],
}
REFUSED = [100, 130472, 131008, 131009, 131021, 131026, 131030, 131047, 131051, 132001, 134102, 135000, 138005, 2388040]
UNKNOWN = [1, 2, 131000, 131016, 133004]
EVERY_HTTP = [200, 400, 401, 404, 500, 503]


def error(code: object, **more: object) -> bytes:
    return json.dumps({"error": {"message": "no", "code": code} | more}).encode()


@pytest.mark.parametrize("http", EVERY_HTTP)
def test_the_code_decides_whatever_http_says(http: int) -> None:
    for scope, codes in PAUSED.items():
        for code in codes:
            assert classify(http, error(code)) == Paused(scope, code, "no")
    for scope, codes in THROTTLED.items():
        for code in codes:
            answer = classify(http, error(code))
            assert isinstance(answer, Throttled)
            assert (answer.scope, answer.code) == (scope, code)
    assert {type(classify(http, error(code))) for code in REFUSED} == {Refused}
    assert {type(classify(http, error(code))) for code in UNKNOWN} == {Ambiguous}


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
    assert classify(400, error(131047, is_transient=True)) == Refused(131047, "no")


def test_errors_without_a_code_are_refusals_when_http_says_so() -> None:
    assert classify(400, b'{"error":"odd"}') == Refused(0, "odd")
    assert classify(403, b'{"error":{"message":"odd"}}') == Refused(0, "odd")
    assert isinstance(classify(500, b'{"error":{"message":"odd"}}'), Ambiguous)
    assert classify(400, error(True)) == Refused(0, "no")
    assert classify(429, b"slow", 3.0) == Throttled(Scope.APP, 0, "HTTP 429 without a Graph error", 3.0)


def test_a_code_may_come_as_text_or_with_a_subcode() -> None:
    assert isinstance(classify(400, error("131056")), Throttled)
    assert classify(400, error(100, error_subcode=33)) == Paused(Scope.NUMBER, 100, "no")


def test_retry_after_is_kept_but_never_shortens_what_the_code_asks() -> None:
    assert classify(400, error(130429), 7.0) == Throttled(Scope.NUMBER, 130429, "no", 7.0)
    assert classify(400, error(131057), 7.0) == Throttled(Scope.NUMBER, 131057, "no", 20.0)


def test_the_text_is_metas_details_without_control_signs() -> None:
    answer = classify(400, error(131009, error_data={"details": "line\none\x00"}))
    assert answer == Refused(131009, "no: line one ")
