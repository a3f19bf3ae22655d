"""Graph API bodies from content: one module per family; what Meta would refuse is refused before any call."""

from __future__ import annotations

import re

import orjson

from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.domain.limits import broken_limit, broken_limits
from services.sender.worker.bodies import commerce, plain, tappable
from services.sender.worker.bodies.parts import BodyRefused, Json
from services.sender.worker.bodies.template import template

__all__ = ["BodyRefused", "body_of", "problems_of"]

_DIGITS = re.compile(r"\+?[0-9]{5,20}")


def body_of(message: sender_pb2.OutboundMessage) -> bytes:
    """The JSON to post. Raises BodyRefused."""
    body = _body(message)
    if (broken := broken_limit(body)) is not None:
        raise BodyRefused(broken)
    return orjson.dumps(body)


def problems_of(content: content_pb2.Content) -> list[str]:
    """Everything Meta would refuse a content for, whoever gets it; each begins with its field."""
    try:
        receipt = content.HasField("read_receipt")
        body = (
            _read_receipt(content.read_receipt) if receipt else {"messaging_product": "whatsapp", **_content(content)}
        )
    except BodyRefused as error:
        return [str(error)]
    return list(broken_limits(body))


def _body(message: sender_pb2.OutboundMessage) -> Json:
    if message.content.HasField("read_receipt"):
        return _read_receipt(message.content.read_receipt)
    body: Json = {"messaging_product": "whatsapp", **_recipient(message), **_content(message.content)}
    # Meta refuses a reaction that quotes: it names its message itself.
    if message.reply_to_wamid and not message.content.HasField("reaction"):
        body["context"] = {"message_id": message.reply_to_wamid}
    # Meta hands it back in every status: how a message is known whose answer was lost.
    body["biz_opaque_callback_data"] = message.message_id
    return body


def _read_receipt(content: content_pb2.ReadReceiptContent) -> Json:
    body: Json = {"messaging_product": "whatsapp", "status": "read", "message_id": content.message_id}
    if content.is_typing:
        body["typing_indicator"] = {"type": "text"}
    return body


def _recipient(message: sender_pb2.OutboundMessage) -> Json:
    if message.recipient_group_id:
        return {"recipient_type": "group", "to": message.recipient_group_id}
    if message.recipient_wa_id:
        if not _DIGITS.fullmatch(message.recipient_wa_id):
            raise BodyRefused("recipient_wa_id is no phone number; give its digits with the country code")
        # Without the plus Meta may put the business's own country code in front.
        return {"recipient_type": "individual", "to": "+" + message.recipient_wa_id.removeprefix("+")}
    if message.recipient_user_id:
        return {"recipient_type": "individual", "recipient": message.recipient_user_id}
    raise BodyRefused("the message has no recipient; give recipient_wa_id, recipient_user_id or recipient_group_id")


def _content(content: content_pb2.Content) -> Json:
    """One line for each kind there is."""
    match content.WhichOneof("kind"):
        case "text":
            return plain.text(content.text)
        case "media":
            return plain.media(content.media)
        case "location":
            return plain.location(content.location)
        case "contacts":
            return plain.contacts(content.contacts)
        case "reaction":
            return plain.reaction(content.reaction)
        case "buttons":
            return tappable.buttons(content.buttons)
        case "list":
            return tappable.listing(content.list)
        case "cta_url":
            return tappable.cta_url(content.cta_url)
        case "location_request":
            return tappable.location_request(content.location_request)
        case "address":
            return tappable.address(content.address)
        case "whatsapp_flow":
            return tappable.whatsapp_flow(content.whatsapp_flow)
        case "contact_info_request":
            return tappable.contact_info_request(content.contact_info_request)
        case "call_permission_request":
            return tappable.call_permission_request(content.call_permission_request)
        case "voice_call":
            return tappable.voice_call(content.voice_call)
        case "product":
            return commerce.product(content.product)
        case "product_list":
            return commerce.product_list(content.product_list)
        case "catalog":
            return commerce.catalog(content.catalog)
        case "carousel":
            return commerce.carousel(content.carousel)
        case "order_details":
            return commerce.order_details(content.order_details)
        case "order_status":
            return commerce.order_status(content.order_status)
        case "template":
            return template(content.template)
        case "read_receipt" | None:
            raise BodyRefused("content has no kind this release knows; set one, or upgrade sender first")
