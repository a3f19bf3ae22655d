"""What sender takes in, and what it turns away with a sentence."""

from typing import Any
from uuid import uuid4

import pytest

from services.chassis.errors import InvalidArgument
from services.pb.common.v1.content_pb2 import Content, ReadReceiptContent, TemplateContent, TextContent
from services.pb.common.v1.events_pb2 import MessageStatus
from services.pb.sender.v1.sender_pb2 import OrganizationStatus, OutboundMessage
from services.sender.domain.message import Price
from services.sender.server.reading import read_message, read_status

TEXT = Content(text=TextContent(body="Ahoy"))
TEMPLATE = Content(template=TemplateContent(name="trip", language="en"))

RECEIPT = Content(read_receipt=ReadReceiptContent(message_id="wamid.THEIRS"))


def message(**fields: Any) -> OutboundMessage:
    values: dict[str, Any] = {
        "organization_id": str(uuid4()), "message_id": str(uuid4()), "conversation_id": str(uuid4()),
        "phone_number_id": "300", "recipient_wa_id": "351215550100", "content": TEXT, "window_expires_at": 10,
    }  # fmt: skip
    return OutboundMessage(**values | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"recipient_wa_id": "", "recipient_user_id": "PT.4711"},
        {"recipient_wa_id": "", "recipient_group_id": "Y3Jldw=="},
        {"content": TEMPLATE, "window_expires_at": 0},
    ],
)
def test_a_message_for_somebody_is_taken(fields: dict[str, Any]) -> None:
    whole = message(**fields)

    assert read_message(whole).payload == whole.SerializeToString()


def test_a_kind_of_a_newer_release_is_turned_away_and_not_lost() -> None:
    """Its caller keeps it as a dead letter, to be brought again once sender was upgraded."""
    newer = message()
    # Field 9,999 of a content, two bytes long.
    newer.content.ParseFromString(b"\xfa\xf0\x04\x02hi")

    with pytest.raises(InvalidArgument) as caught:
        read_message(newer)
    assert "of a kind this release does not know; set one, or upgrade sender" in caught.value.sentence


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"recipient_wa_id": ""}, "the recipient is empty"),
        ({"window_expires_at": 0}, "window_expires_at is missing"),
        (
            {"content": Content(read_receipt=ReadReceiptContent(message_id="w")), "window_expires_at": 0},
            "window_expires",
        ),
        ({"phone_number_id": "12a"}, "phone_number_id is not a number's id"),
    ],
)
def test_what_can_never_be_sent_is_turned_away(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        read_message(message(**fields))
    assert said in caught.value.sentence


def test_a_price_that_is_none_costs_the_status_nothing() -> None:
    """The status settles a message; what is said about money must not lose it."""

    def price(category: str, kind: str) -> Price:
        status = MessageStatus(message_id="wamid.A", pricing_category=category, pricing_type=kind)
        return read_status(OrganizationStatus(organization_id=str(uuid4()), status=status)).price

    assert price("utility", "regular") == Price("utility", "regular")
    assert price("x" * 65, "reg\x00ular") == Price()
