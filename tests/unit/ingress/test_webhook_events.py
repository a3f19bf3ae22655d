"""What holds for the keys, the subject and the limits of events."""

import json

import pytest

from services.ingress.domain.webhook import Event, MalformedBody, parse_webhook, read_webhook
from services.ingress.domain.webhook.content import MOST_ORDER_ITEMS
from services.ingress.domain.webhook.document import MOST_CONTAINERS, MOST_LEVELS

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


def test_events_are_read_as_they_are_asked_for():
    events = read_webhook(post("messages", {"messages": [text_of("a"), text_of("b"), text_of("c")]}))
    assert next(events).fields["text"] == "a"
    assert [event.fields["text"] for event in events] == ["b", "c"]


def test_a_body_that_is_no_json_is_refused_before_an_event_is_asked_for():
    with pytest.raises(MalformedBody):
        read_webhook(b"{")


def test_the_ids_of_a_number_and_an_account_have_an_end():
    (event,) = parse_webhook(
        post("messages", {"metadata": {"phone_number_id": "9" * 100_000}, "messages": [text_of("oi")]})
    )
    assert len(event.phone_number_id) == 512


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


def with_levels(levels, text="HERE"):
    """A notice nested so many levels deep in all; six of them are the notice's own."""
    deep = b"[" * (levels - 6) + b"]" * (levels - 6)
    return post("security", {"event": "PIN_CHANGED", "text": text, "deep": "DEEP"}).replace(b'"DEEP"', deep)


@pytest.mark.parametrize("levels", [7, MOST_LEVELS - 1, MOST_LEVELS])
def test_json_as_deep_as_allowed_in_an_unread_place_does_not_hurt(levels):
    (event,) = parse_webhook(with_levels(levels))
    assert event.fields["event"] == "PIN_CHANGED"
    assert parse_webhook(with_levels(levels))[0].dedupe_key == event.dedupe_key


@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 100, 900, 100_000])
def test_json_deeper_than_allowed_is_refused(levels):
    with pytest.raises(MalformedBody, match="deeper than 32 levels"):
        parse_webhook(with_levels(levels))


@pytest.mark.parametrize("words", ["[" * 5000, '"[' * 50, "\\[" * 50, '\\"[{' * 50, "]}" * 50, '\\\\"' * 50])
def test_brackets_that_people_write_are_no_levels(words):
    (event,) = parse_webhook(post("messages", {"messages": [text_of(words)] * 1}))
    assert event.fields["text"] == words
    with pytest.raises(MalformedBody, match="deeper than 32 levels"):
        parse_webhook(with_levels(MOST_LEVELS + 1, words))


def text_of(words):
    return {"id": "1", "from": "5511", "type": "text", "text": {"body": words}}


def test_json_of_very_many_objects_is_refused_before_they_are_made():
    body = post("security", {"event": "PIN_CHANGED", "many": "HERE"})
    with pytest.raises(MalformedBody, match="more than 250,000 objects"):
        parse_webhook(body.replace(b'"HERE"', b"[" + b"{}," * MOST_CONTAINERS + b"{}]"))


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


def test_an_order_brings_its_items_beside_the_normal_form():
    items = [
        {"product_retailer_id": "bread", "quantity": 2, "item_price": 3.5, "currency": "BRL"},
        {"product_retailer_id": 7, "quantity": "3", "item_price": "1.25", "currency": "BRL"},
        {"product_retailer_id": "odd", "quantity": "many", "item_price": None},
        {"quantity": 1},
        "no item",
    ]
    order = {"catalog_id": "c", "product_items": items}
    event = only("messages", {"messages": [{"id": "1", "from": "5511", "type": "order", "order": order}]})
    assert event.fields["order"] == {"catalog_id": "c", "items": 5}
    assert event.order_items == (("bread", 2, 3.5, "BRL"), ("7", 3, 1.25, "BRL"), ("odd", 0, 0, ""))


def test_an_order_has_a_hundred_items_at_most():
    order = {"product_items": [{"product_retailer_id": str(number)} for number in range(300)]}
    event = only("messages", {"messages": [{"id": "1", "from": "5511", "type": "order", "order": order}]})
    assert len(event.order_items) == MOST_ORDER_ITEMS


@pytest.mark.parametrize(
    ("told", "source_id", "referral"),
    [
        ({"source_id": "120226", "source_type": "ad", "body": "Mudas"}, "120226", ("120226", "ad")),
        ({"source_id": 7, "source_type": ["ad"]}, "7", ("7", "")),
        ({"headline": "Mudas"}, None, ("", "")),
        ({}, None, None),
        ("ad", None, None),
        (None, None, None),
    ],
)
def test_where_a_contact_came_from_stands_beside_the_normal_form(told, source_id, referral):
    message = {"id": "1", "from": "5511", "type": "text", "text": {"body": "oi"}, "referral": told}
    event = only("messages", {"messages": [message]})
    assert event.fields.get("referral_source_id") == source_id
    assert event.referral == referral


def test_a_message_of_nowhere_has_no_referral():
    message = {"id": "1", "from": "5511", "type": "text", "text": {"body": "oi"}}
    assert only("messages", {"messages": [message]}).referral is None
