"""What an event becomes: which lane, and what the other rooms read."""

import json

import pytest

from services.ingress.domain.webhook import parse_webhook
from services.ingress.entries import MOST_PAYLOAD_BYTES
from services.ingress.usecases import entry_of
from services.pb.common.v1 import events_pb2
from tests.fixtures.webhooks import messages_body, status_body


def lanes_of(*bodies: bytes) -> list[object]:
    entries = [
        entry_of(event, received_at_ms=1, signed_by=("o/app",)) for body in bodies for event in parse_webhook(body)
    ]
    return [item.lane_id for entry in entries if (item := entry.message or entry.status)]


def test_a_person_at_a_number_has_one_lane() -> None:
    one, two, three = lanes_of(messages_body("a", "b"), messages_body("c"))
    assert one == two == three


def test_other_persons_and_other_numbers_have_other_lanes() -> None:
    lanes = lanes_of(
        messages_body("a"), messages_body("a", contact="5521912345678"), messages_body("a", number="111222333")
    )
    assert len(set(lanes)) == 3


def test_a_message_goes_on_with_its_signers_and_its_time() -> None:
    (event,) = parse_webhook(messages_body("oi"))
    entry = entry_of(event, received_at_ms=1772625600123, signed_by=("o/app", "p/app"))

    assert entry.message is not None
    message = events_pb2.InboundMessage.FromString(entry.message.payload)
    assert (message.event_id, message.message_id, message.text, message.wa_id) == (
        "message:700800900:wamid.oi", "wamid.oi", "oi", "5511987654321",
    )  # fmt: skip
    assert (message.phone_number_id, message.sent_at, message.received_at_ms) == (
        "700800900",
        1772630311,
        1772625600123,
    )
    assert list(message.signed_by) == ["o/app", "p/app"]
    assert message.is_flow_input
    assert json.loads(message.fields)["text"] == "oi"


def test_a_status_goes_on_beside_the_messages() -> None:
    (event,) = parse_webhook(status_body("read"))
    entry = entry_of(event, received_at_ms=5, signed_by=("o/app",))

    assert entry.message is None
    assert entry.status is not None
    status = events_pb2.MessageStatus.FromString(entry.status.payload)
    assert (status.status, status.message_id, status.occurred_at, status.recipient_wa_id) == (
        "read", "wamid.S", 1772630311, "5511987654321",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pricing", "told"),
    [
        ({"category": "utility", "type": "regular", "billable": True}, ("utility", "regular")),
        # Where the two disagree it is the type that stays.
        (
            {"category": "service", "type": "free_customer_service", "billable": True},
            ("service", "free_customer_service"),
        ),
        ({"category": "utility", "billable": True}, ("utility", "regular")),
        ({"category": "service", "billable": False}, ("service", "free")),
        ({"category": "service"}, ("service", "")),
        ({"category": [7], "type": ["regular"], "billable": "yes"}, ("", "")),
        (None, ("", "")),
    ],
)
def test_a_status_tells_what_the_message_is_charged_as(pricing: object, told: tuple[str, str]) -> None:
    (event,) = parse_webhook(status_body("delivered", pricing=pricing))
    entry = entry_of(event, received_at_ms=5, signed_by=())

    assert entry.status is not None
    status = events_pb2.MessageStatus.FromString(entry.status.payload)
    assert (status.pricing_category, status.pricing_type) == told


def test_an_event_that_cannot_be_read_is_kept_with_its_reason() -> None:
    change = {"field": "messages", "value": {"metadata": {"phone_number_id": "1"}, "messages": [7]}}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "2", "changes": [change]}]}
    (event,) = parse_webhook(json.dumps(body).encode())

    entry = entry_of(event, received_at_ms=5, signed_by=())

    assert entry.kept is not None
    assert entry.kept.disposition == "invalid"
    assert entry.kept.reason


@pytest.mark.parametrize(
    "body",
    [
        {"entry": [{"changes": [{"value": {"messages": [{"from": "5511987654321", "text": {"body": "oi"}}]}}]}]},
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": "2", "changes": [{"value": {"messages": [{"id": "m"}]}}]}],
        },
    ],
)
def test_what_names_no_number_is_kept_as_unroutable(body: dict[str, object]) -> None:
    (event,) = parse_webhook(json.dumps(body).encode())

    entry = entry_of(event, received_at_ms=5, signed_by=())

    assert entry.kept is not None
    assert (entry.kept.disposition, entry.kept.type) == ("unroutable", "invalid")


LONG = "x" * 3_000_000


def test_a_message_of_three_mib_goes_on_with_as_much_as_a_person_can_write() -> None:
    body = messages_body("oi").replace(b'{"body": "oi"}', json.dumps({"body": LONG}).encode())
    (event,) = parse_webhook(body)
    entry = entry_of(event, received_at_ms=1, signed_by=("o/app",))

    assert entry.message is not None
    assert len(entry.message.payload) < MOST_PAYLOAD_BYTES
    message = events_pb2.InboundMessage.FromString(entry.message.payload)
    assert (message.text, message.message_id, message.is_flow_input) == ("x" * 65_536, "wamid.oi", True)
    fields = json.loads(message.fields)
    assert (fields["text"], fields["cut"], fields["id"]) == ("x" * 65_536, True, "wamid.oi")


def test_the_longest_message_a_person_can_write_is_whole() -> None:
    text = "\U0001f9c0" * 65_536
    body = messages_body("oi").replace(b'{"body": "oi"}', json.dumps({"body": text}).encode())
    (event,) = parse_webhook(body)
    entry = entry_of(event, received_at_ms=1, signed_by=("o/app",))

    assert entry.message is not None
    message = events_pb2.InboundMessage.FromString(entry.message.payload)
    assert message.text == text
    assert "cut" not in json.loads(message.fields)


@pytest.mark.parametrize("key", ["from", "type", "id"])
def test_no_part_of_a_message_makes_it_too_large_to_travel(key: str) -> None:
    body = json.loads(messages_body("oi"))
    body["entry"][0]["changes"][0]["value"]["messages"][0][key] = LONG
    (event,) = parse_webhook(json.dumps(body).encode())
    entry = entry_of(event, received_at_ms=1, signed_by=("o/app",))

    assert entry.message is not None
    assert len(entry.message.payload) < 100_000
    assert len(entry.message.event_id) <= 512


def test_no_part_of_a_status_makes_it_too_large_to_travel() -> None:
    body = json.loads(status_body("failed"))
    status = body["entry"][0]["changes"][0]["value"]["statuses"][0]
    status |= {"biz_opaque_callback_data": LONG, "errors": [{"code": 10**12}] * 200_000}
    (event,) = parse_webhook(json.dumps(body).encode())
    entry = entry_of(event, received_at_ms=1, signed_by=("o/app",))

    assert entry.status is not None
    assert len(entry.status.payload) < 100_000
    assert events_pb2.MessageStatus.FromString(entry.status.payload).status == "failed"


def test_a_kept_event_keeps_its_small_parts() -> None:
    body = json.loads(messages_body("oi"))
    change = body["entry"][0]["changes"][0]
    change["field"], change["value"]["event"] = "security", LONG
    (event,) = parse_webhook(json.dumps(body).encode())
    entry = entry_of(event, received_at_ms=1, signed_by=())

    assert entry.kept is not None
    fields = json.loads(entry.kept.fields)
    assert (fields["field"], fields["cut"]) == ("security", True)
    assert "event" not in fields


def ordered(*product_ids: str) -> events_pb2.InboundMessage:
    """What goes on of a message with an order of one piece of each."""
    body = json.loads(messages_body("oi"))
    items = [{"product_retailer_id": one, "quantity": 1, "item_price": 2.5, "currency": "BRL"} for one in product_ids]
    message = body["entry"][0]["changes"][0]["value"]["messages"][0]
    message |= {"type": "order", "order": {"catalog_id": "c", "product_items": items}}
    (event,) = parse_webhook(json.dumps(body).encode())
    entry = entry_of(event, received_at_ms=1, signed_by=("o/app",))
    assert entry.message is not None
    assert len(entry.message.payload) < MOST_PAYLOAD_BYTES
    return events_pb2.InboundMessage.FromString(entry.message.payload)


def test_an_order_goes_on_with_its_items() -> None:
    items = ordered("bread", "cake").order_items
    assert [(one.product_retailer_id, one.quantity, one.item_price, one.currency) for one in items] == [
        ("bread", 1.0, 2.5, "BRL"),
        ("cake", 1.0, 2.5, "BRL"),
    ]


def test_no_item_makes_an_order_too_large_to_travel() -> None:
    assert len(ordered(*[LONG[:40_000]] * 100).order_items[99].product_retailer_id) == 1024


def referred(**referral: str) -> events_pb2.InboundMessage:
    """What goes on of a message of somebody who came from an ad."""
    body = json.loads(messages_body("oi"))
    body["entry"][0]["changes"][0]["value"]["messages"][0]["referral"] = referral
    (event,) = parse_webhook(json.dumps(body).encode())
    entry = entry_of(event, received_at_ms=1, signed_by=("o/app",))
    assert entry.message is not None
    assert len(entry.message.payload) < MOST_PAYLOAD_BYTES
    return events_pb2.InboundMessage.FromString(entry.message.payload)


def test_where_a_contact_came_from_goes_on_with_the_message() -> None:
    told = referred(source_id="120226", source_type="ad").referral
    assert (told.source_id, told.source_type) == ("120226", "ad")
    assert not ordered("bread").HasField("referral")


def test_no_referral_makes_a_message_too_large_to_travel() -> None:
    told = referred(source_id=LONG, source_type=LONG).referral
    assert (len(told.source_id), len(told.source_type)) == (1024, 1024)
