"""What a log line keeps and what it loses."""

from enum import Enum
from pathlib import PurePosixPath
from types import SimpleNamespace
from uuid import UUID

import pytest

from services.chassis.errors import NotFound
from services.chassis.logs import Redactor
from services.chassis.logs.errors import told, trace_of
from services.chassis.settings import Secret, secrets_in
from services.ingress.settings import Settings
from services.pb.common.v1 import errors_pb2

KEY = b"a key of the tests"
REDACTOR = Redactor.knowing(KEY, ["the-hidden/one", "short"])
PHONE = REDACTOR.alias("5511987654321")


@pytest.mark.parametrize(
    "secret",
    [
        "EAAGm0PX4ZCpsBO123",
        "ptk_live_Zm9v-_bar",
        "ptr_Zm9vYmFy-_bar",
        "pti_Zm9vYmFy-_bar",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
        "sha256=" + "0a" * 32,
        "0a" * 32,
        "the-hidden/one",
        "the-hidden%2Fone",
    ],
)
@pytest.mark.parametrize("around", ["{}", "say {}!", '{{"a":"{}"}}', "https://example.org/x?y={}&z=1", "a={},b"])
def test_a_secret_is_taken_out_wherever_it_stands(secret: str, around: str) -> None:
    text = REDACTOR.text(around.format(secret))

    assert secret not in text
    assert "***" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("authorization: Bearer abc.def-123", "authorization: *** ***"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: *** ***"),
        ("postgresql://svc_a:p%40ss@db:5432/x", "postgresql://***@db:5432/x"),
        ("host=db password=hunter22 user=a", "host=db password=*** user=a"),
        ("?hub.verify_token=abc&x=1", "?hub.verify_token=***&x=1"),
        ("{'app_secret': 'abc', 'n': 1}", "{'app_secret': '***', 'n': 1}"),
        ('failed\nDETAIL:  Key (phone)=(x) exists.\nCONTEXT:  row "y"', "failed"),
        ("UniqueViolation('failed\\nDETAIL:  Key (phone)=(x) exists.')", "UniqueViolation('failed"),
    ],
)
def test_what_is_secret_by_its_place_is_taken_out(text: str, shown: str) -> None:
    assert REDACTOR.text(text).replace("*** ***", "***") == shown.replace("*** ***", "***")


@pytest.mark.parametrize(
    "written",
    [
        "5511987654321",
        "+5511987654321",
        "%2B5511987654321",
        "+55 11 98765-4321",
        "+55 (11) 98765 4321",
        "+55.11.98765.4321",
    ],
)
@pytest.mark.parametrize("around", ["{}", "of {}.", "/conversations/{}/send", "from={}", '"{}"', "tel:{}, x", "'{}'"])
def test_a_phone_number_becomes_the_name_of_a_person(written: str, around: str) -> None:
    assert REDACTOR.text(around.format(written)) == around.format(PHONE)


def test_the_name_depends_on_the_key_of_the_house() -> None:
    assert Redactor(KEY).alias("+55 11 98765-4321") == PHONE
    assert Redactor(b"another").alias("5511987654321") != PHONE
    assert len(PHONE) == len("phone:") + 10


def test_ids_that_hold_a_person_become_names_too() -> None:
    wamid, user = "wamid.HBgNNTUxMTk4NzY1NDMyMRUCABIYFDNB==", "BR.13491208655302741918"

    shown = REDACTOR.text(f"message:730000000000001:{wamid} of {user}")

    assert "HBgN" not in shown
    assert "1349" not in shown
    assert ":wamid:" in shown
    assert "of user:" in shown


@pytest.mark.parametrize(
    "text",
    [
        "in 0.123456789 s",
        "1234567",
        "1234567890123456",
        "12345678-1234-1234-1234-123456789012",
        "00-" + "1" * 32 + "-" + "2" * 16 + "-01",
        "conversation_logs_20260101",
        "127.0.0.1:54321",
        "at 0x7f1234567890",
        "2026-11-25T21:21:38.123456Z",
        "3f2504e04f8911d39a0c0305e82c3301",
    ],
)
def test_other_digits_stay(text: str) -> None:
    assert REDACTOR.text(text) == text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("phone_number_id", "730000000000001"),
        ("phone_number_id", 730000000000001),
        ("duration_us", 12345678),
        ("at", "20261125212138"),
        ("port", 54321),
        ("events", 12),
        ("ratio", 0.123456789),
        ("is_open", True),
        ("nothing", None),
    ],
)
def test_what_is_measured_or_nobodys_stays(key: str, value: object) -> None:
    assert REDACTOR.value(value, key=key) == value


@pytest.mark.parametrize(
    "key",
    [
        "authorization",
        "X-Api-Key",
        "access_token",
        "app_secret",
        "DB_PASSWORD",
        "Set-Cookie",
        "database_url",
        "payload",
        "body",
    ],
)
def test_what_has_the_name_of_a_secret_or_of_content_is_not_shown(key: str) -> None:
    assert REDACTOR.value("anything at all", key=key) == "***"
    assert REDACTOR.value({key: ["a", "b"]}) == {key: "***"}


def test_nested_values_are_looked_into() -> None:
    value = {"people": [{"from": "5511987654321", "token": "x"}, ("5511987654321",)], "counts": {"a": 1}}

    assert REDACTOR.value(value) == {"people": [{"from": PHONE, "token": "***"}, [PHONE]], "counts": {"a": 1}}


def test_a_number_as_a_number_is_a_phone_number_too() -> None:
    assert REDACTOR.value(5511987654321, key="contact") == PHONE


def test_bytes_and_objects_are_told_by_their_type() -> None:
    class Letter:
        def __repr__(self) -> str:
            return "what a person wrote"

    assert REDACTOR.value([b"what a person wrote", Letter()]) == ["<bytes>", "<Letter>"]


def test_plain_values_of_other_types_are_their_text() -> None:
    color = Enum("color", "RED")
    values = [UUID(int=7), PurePosixPath("/data/log"), color["RED"]]

    assert REDACTOR.value(values) == [str(UUID(int=7)), "/data/log", "color.RED"]


def test_a_value_that_holds_itself_ends() -> None:
    endless: list[object] = []
    endless.append(endless)

    assert "<list>" in str(REDACTOR.value(endless))


def test_what_json_cannot_hold_is_escaped() -> None:
    assert REDACTOR.value({"a\ud800": "b\udfff", "large": 2**70}) == {"a\\ud800": "b\\udfff", "large": str(2**70)}


def test_the_secrets_of_settings_are_known_by_their_values() -> None:
    settings = Settings(
        database_url=Secret("postgresql://svc_router:p%40ssw%2Frd@db/x"),
        redis_url=Secret("redis://:redis-pass@r/0"),
        secret_key=Secret("one-key,another-key"), sealing_keys=Secret(""), webhook_verify_token=Secret(""),
        meta_app_secret=Secret("app-secret"), service_key_file="not secret", service_jwks_file="not secret",
        executor_target="not secret", router_target="not secret",
    )  # fmt: skip

    assert set(secrets_in(settings)) == {"p@ssw/rd", "redis-pass", "one-key", "another-key", "app-secret", ""}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("invalid literal: 'o que ela disse'"), "ValueError: invalid literal: '***'"),
        (KeyError("o que 'ela' disse"), "KeyError: '***'"),
        (LookupError('he said "no", and "yes"'), "LookupError: he said '***'"),
        (RuntimeError("can't add the loop's reader"), "RuntimeError: can't add the loop's reader"),
        (AttributeError("'X' object has no attribute 'y'"), "AttributeError: 'X' object has no attribute 'y'"),
        (ValueError(), "ValueError"),
        (
            NotFound("no flow is called 'a'", reason=errors_pb2.ERROR_REASON_FLOW_NOT_FOUND),
            "services.chassis.errors.NotFound: no flow is called 'a'",
        ),
    ],
)  # fmt: skip
def test_an_error_is_told_without_the_values_it_quotes(error: Exception, words: str) -> None:
    assert told(error) == words


@pytest.mark.parametrize(
    ("state", "message", "words"),
    [
        ("23505", 'duplicate key violates "k"', '23505 duplicate key violates "k" contact k'),
        ("22P02", 'invalid input syntax for type uuid: "what she said"', "22P02 contact k"),
        ("42601", 'syntax error at or near "what"', "42601 contact k"),
        ("P0001", "what she said", "P0001 contact k"),
    ],
)  # fmt: skip
def test_an_error_of_postgres_is_told_by_its_state_and_place(state: str, message: str, words: str) -> None:
    class Refused(Exception):
        diag = SimpleNamespace(sqlstate=state, message_primary=message, table_name="contact", constraint_name="k")

    assert told(Refused(message)).partition(": ")[2] == words


def test_a_long_error_is_cut() -> None:
    assert len(told(ValueError("x" * 10_000))) < 700


def test_the_errors_that_led_to_an_error_are_told_with_their_places() -> None:
    def first() -> None:
        raise KeyError("what she said")

    def second() -> None:
        try:
            first()
        except KeyError as error:
            raise ExceptionGroup("two", [ValueError("'and he'"), TypeError("x")]) from error

    with pytest.raises(ExceptionGroup) as caught:
        second()
    trace = trace_of(caught.value)

    assert "said" not in trace.replace('raise KeyError("what she said")', "")
    assert "and he" not in trace.replace("ValueError(\"'and he'\")", "")
    assert [
        word
        for word in ("in first", "in second", "KeyError: '***'", "direct cause", "TypeError: x")
        if word not in trace
    ] == []
