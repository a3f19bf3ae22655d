"""What holds for the keys, the subject and the limits of events."""

import json

import pytest

from services.ingress.domain.webhook import Event, MalformedBody, parse_webhook

NUMBER = {"phone_number_id": "800900100"}


def post(field, value, time=None):
    entry = {"id": "700100200300", "changes": [{"field": field, "value": {"metadata": NUMBER, **value}}]}
    if time is not None:
        entry["time"] = time
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def only(field, value, time=None) -> Event:
    (event,) = parse_webhook(post(field, value, time))
    return event


@pytest.mark.parametrize(
    ("subject", "field", "value"),
    [
        pytest.param("5511", "messages", {"messages": [{"id": "1", "from": "5511"}]}, id="a phone"),
        pytest.param(
            "5511",
            "messages",
            {"messages": [{"id": "1", "from": "5511", "from_user_id": "BR.1"}]},
            id="the phone of a user with both",
        ),
        pytest.param("BR.1", "messages", {"messages": [{"id": "1", "from_user_id": "BR.1"}]}, id="a user id"),
        pytest.param(
            "5512", "messages", {"statuses": [{"id": "1", "status": "sent", "recipient_id": "5512"}]}, id="a recipient"
        ),
        pytest.param(
            "BR.2",
            "messages",
            {"statuses": [{"id": "1", "status": "sent", "recipient_user_id": "BR.2"}]},
            id="a recipient without a phone",
        ),
        pytest.param("5513", "smb_message_echoes", {"message_echoes": [{"id": "1", "to": "5513"}]}, id="an echo's"),
        pytest.param("BR.4", "user_id_update", {"user_id": {"current": "BR.4"}}, id="the new user id"),
        pytest.param(None, "security", {"event": "PIN_CHANGED"}, id="nobody"),
        pytest.param(None, "messages", {"messages": [{"id": "1", "type": "system"}]}, id="a notice about nobody"),
    ],
)
def test_the_subject_of_an_event_is(subject, field, value):
    assert only(field, value).subject == subject


def test_an_event_without_a_key_of_meta_has_the_key_of_its_content():
    event = only("security", {"event": "PIN_CHANGED"})
    assert event.dedupe_key.startswith("notification:")
    assert "dedupe_key" not in event.fields
    assert only("security", {"event": "PIN_CHANGED"}).dedupe_key == event.dedupe_key
    assert only("security", {"event": "PIN_RESET"}).dedupe_key != event.dedupe_key


def test_the_same_notice_at_another_time_is_another_event():
    first, second = (only("security", {"event": "PIN_CHANGED"}, time) for time in (1795000000, 1795000001))
    assert first.dedupe_key != second.dedupe_key


def test_the_order_of_keys_in_the_json_does_not_change_a_key():
    value = {"event": "PIN_CHANGED", "requester": "1"}
    turned = dict(reversed(list(value.items())))
    assert only("security", value).dedupe_key == only("security", turned).dedupe_key


def test_two_events_of_one_change_have_two_keys():
    errors = [{"code": 131000, "title": "Falha"}] * 2
    first, second = parse_webhook(post("messages", {"errors": errors}))
    assert first.dedupe_key != second.dedupe_key


def test_a_key_and_a_subject_fit_an_index_however_long_the_ids_are():
    events = [only("messages", {"messages": [{"id": "a" * 5000 + end, "from": "b" * 5000}]}) for end in "xy"]
    assert all(len(event.dedupe_key) == 512 and len(event.subject or "") == 512 for event in events)
    assert events[0].dedupe_key != events[1].dedupe_key
    assert events[0].fields["id"] == "a" * 5000 + "x"


def test_a_thousand_messages_of_one_post_are_a_thousand_events():
    messages = [{"id": str(index), "from": "5511", "type": "text"} for index in range(1000)]
    assert [event.fields["id"] for event in parse_webhook(post("messages", {"messages": messages}))] == [
        str(index) for index in range(1000)
    ]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"ol\xc3\xa1", id="a word"),
        pytest.param(b"a=1&b=2", id="a form"),
        pytest.param(b'{"object":', id="cut short"),
        pytest.param(b'{"object":1} {}', id="two documents"),
        pytest.param(b'{"object":"\xff"}', id="not UTF-8"),
        pytest.param(b'{"object":"\xed\xa0\x80"}', id="a surrogate in UTF-8"),
        pytest.param('{"object":"x"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'\xef\xbb\xbf{"object":"x"}', id="a byte order mark"),
        pytest.param(b'{"object":"a\x00b"}', id="a raw NUL"),
        pytest.param(b'{"object":NaN}', id="NaN"),
        pytest.param(b'{"object":-Infinity}', id="infinity"),
        pytest.param(b"\x1f\x8b\x08\x00\x00", id="gzip"),
        pytest.param(b"[" * 100_000, id="a hundred thousand opened arrays"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="a hundred thousand nested arrays"),
    ],
)
def test_what_is_not_json_is_a_malformed_body(body):
    with pytest.raises(MalformedBody, match=r"^The body is .+\.$"):
        parse_webhook(body)


@pytest.mark.parametrize("depth", [100, 250, 300, 900])
def test_deep_json_in_an_unread_place_does_not_hurt(depth):
    deep = b"[" * depth + b"]" * depth
    body = post("security", {"event": "PIN_CHANGED", "deep": "HERE"}).replace(b'"HERE"', deep)
    (event,) = parse_webhook(body)
    assert event.fields["event"] == "PIN_CHANGED"
    assert parse_webhook(body)[0].dedupe_key == event.dedupe_key


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400, "9" * 6000, "-" + "9" * 30])
def test_a_number_no_double_holds_does_not_cost_the_post(number):
    message = {"id": "1", "from": "5511", "type": "location", "location": {"latitude": "HERE", "name": "Cais"}}
    body = post("messages", {"messages": [message]}).replace(b'"HERE"', number.encode())
    (event,) = parse_webhook(body)
    assert event.fields["location"]["name"] == "Cais"
    json.dumps(event.fields, allow_nan=False)


def test_a_lone_surrogate_in_one_message_does_not_cost_its_neighbours():
    messages = [
        {"id": "1", "from": "5511", "type": "text", "text": {"body": "quebrado \ud83d"}},
        {"id": "2", "from": "5511", "type": "text", "text": {"body": "inteiro"}},
    ]
    texts = [event.fields["text"] for event in parse_webhook(post("messages", {"messages": messages}))]
    assert texts == ["quebrado \ufffd", "inteiro"]
