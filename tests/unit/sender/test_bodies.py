"""Content to Graph API bodies: what each kind becomes, and what cannot become one."""

import json
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from services.pb.common.v1 import content_pb2
from services.pb.common.v1.content_pb2 import (
    ButtonsContent,
    CarouselCard,
    CarouselContent,
    Content,
    Media,
    MediaContent,
    OrderDetailsContent,
    ReplyButton,
    TemplateButton,
    TemplateCard,
    TemplateContent,
    TemplateFlowButton,
    TemplateParameter,
    TextContent,
    WhatsAppFlowContent,
)
from services.pb.sender.v1.sender_pb2 import OutboundMessage
from services.sender.worker.bodies import BodyRefused, body_of
from tests.fixtures.outbound import MESSAGE_ID, SAMPLES, body_of_sample, message_of

PICTURE = Media(kind=content_pb2.MEDIA_KIND_IMAGE, id="8800")
DATA_EXCHANGE = content_pb2.WHATS_APP_FLOW_ACTION_DATA_EXCHANGE


def body(content: Content, **fields: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"message_id": MESSAGE_ID, "recipient_wa_id": "351215550100", "content": content}
    read: dict[str, Any] = json.loads(body_of(OutboundMessage(**values | fields)))
    return read


def text(words: str = "Ahoy") -> Content:
    return Content(text=TextContent(body=words))


def template(**fields: Any) -> Content:
    return Content(template=TemplateContent(name="trip", language="en", **fields))


def form(**fields: Any) -> Content:
    return Content(whatsapp_flow=WhatsAppFlowContent(**{"body": "Book", "button_text": "Open"} | fields))


def set_fields(message: Message) -> set[str]:
    """The fields that are set, those of its parts too."""
    found = set()
    for field, value in message.ListFields():
        found.add(field.full_name)
        if field.type == FieldDescriptor.TYPE_MESSAGE and not field.message_type.GetOptions().map_entry:
            for part in value if field.is_repeated else [value]:
                found |= set_fields(part)
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_a_message_becomes_the_body_meta_wants(name: str) -> None:
    assert json.loads(body_of(message_of(SAMPLES[name]))) == body_of_sample(name)


def test_every_field_of_the_contract_is_in_a_sample() -> None:
    """So that a new one cannot be forgotten."""
    forms = content_pb2.DESCRIPTOR.message_types_by_name.values()
    all_fields = {field.full_name for form in forms for field in form.fields}

    assert all_fields - set().union(*(set_fields(message_of(sample).content) for sample in SAMPLES.values())) == set()


def test_a_number_with_plus_or_without_is_written_with_plus() -> None:
    for number in ("351215550100", "+351215550100"):
        assert body(text(), recipient_wa_id=number)["to"] == "+351215550100"


def test_a_phone_number_is_preferred_to_a_user_id() -> None:
    made = body(text(), recipient_user_id="PT.4711")

    assert made["to"] == "+351215550100"
    assert "recipient" not in made


def test_a_receipt_goes_to_a_message_and_no_recipient_is_named() -> None:
    receipt = Content(read_receipt=content_pb2.ReadReceiptContent(message_id="wamid.T"))

    assert body(receipt, recipient_wa_id="") == {
        "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.T",
    }  # fmt: skip


def test_a_name_that_is_whole_only_is_its_own_first_name() -> None:
    """Meta refuses a name with nothing but its whole form."""
    card = content_pb2.ContactCard(name=content_pb2.ContactName(formatted_name="Front desk"))
    made = body(Content(contacts=content_pb2.ContactsContent(cards=[card])))

    assert made["contacts"] == [{"name": {"formatted_name": "Front desk", "first_name": "Front desk"}}]


def test_a_name_is_shown_with_documents_only() -> None:
    picture = Media(kind=content_pb2.MEDIA_KIND_IMAGE, id="1", filename="a.png")

    assert body(Content(media=MediaContent(media=picture, is_voice=True)))["image"] == {"id": "1"}


def test_numbers_in_json_stay_what_they_were() -> None:
    parameters = (
        b'{"reference_id":"b","currency":"BRL","total_amount":{"value":9007199254740993,"offset":100},"order":{"a":1}}'
    )
    made = body(Content(order_details=OrderDetailsContent(body="Pay", parameters=parameters)))

    assert made["interactive"]["action"]["parameters"]["total_amount"]["value"] == 9007199254740993


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Content(), "content has no kind this release knows"),
        (text("x" * 4097), "text.body has 4,097 characters, Meta takes at most 4,096; shorten it"),
        (Content(media=MediaContent(media=Media(id="1"))), "media.kind is not set"),
        (Content(media=MediaContent(media=Media(kind=content_pb2.MEDIA_KIND_IMAGE))), "image names no file"),
        (
            Content(buttons=ButtonsContent(
                body="?", header="One", header_media=PICTURE, buttons=[ReplyButton(id="1", title="1")],
            )),
            "interactive.header is given as words and as a file",
        ),
        (form(), "names no WhatsApp Flow"),
        (form(flow_id=""), "names no WhatsApp Flow"),
        (form(flow_id="1", action=DATA_EXCHANGE, screen="A"), "flow_action_payload is given with data_exchange"),
        (form(flow_id="1", data=b"{}"), "flow_action_payload.screen is empty"),
        (form(flow_id="1", screen="A", data=b"[1]"), "flow_action_payload.data is no JSON object"),
        (form(flow_id="1", screen="A", data=b"{"), "flow_action_payload.data is no JSON ("),
        (Content(order_details=OrderDetailsContent(body="Pay")), "interactive.action.parameters is no JSON ("),
        (Content(carousel=CarouselContent(body="?", cards=[CarouselCard(), CarouselCard()])), "nothing to tap"),
        (template(components=b"{}"), "template.components is no JSON array of objects"),
        (template(body=[TemplateParameter(name="guest")]), "template.body[0] has no value"),
        (template(cards=[TemplateCard(header=TemplateParameter())]), "template.cards[0].header[0] has no value"),
        (template(buttons=[TemplateButton(index=1)]), "template.buttons[1] has no value"),
        (
            template(buttons=[TemplateButton(index=2, flow=TemplateFlowButton(data=b"7"))]),
            "template.buttons[2].flow.data is no JSON object",
        ),
    ],
)  # fmt: skip
def test_what_meta_would_refuse_is_refused_before_a_call(content: Content, said: str) -> None:
    with pytest.raises(BodyRefused) as caught:
        body(content)

    assert said in str(caught.value)
    assert "; " in str(caught.value)


@pytest.mark.parametrize("number", ["", "abc", "+55 11", "1234"])
def test_a_recipient_must_be_named(number: str) -> None:
    with pytest.raises(BodyRefused, match="recipient"):
        body(text(), recipient_wa_id=number)
