"""What a message says, kind by kind. A kind that is not listed here has no content keys."""

import re
from collections.abc import Callable, Mapping
from itertools import islice

from .document import MalformedBody, load_document
from .event import OrderItem
from .values import Json, Object, array, identifier, mapping, number, phone_and_user_id, put, text

_AMOUNT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
MOST_ORDER_ITEMS = 100
_CHANGED = re.compile(r"changed from (\S+) to (\S+)")


def put_content(kind: str, message: dict[str, Json], fields: Object) -> None:
    """Put the content keys of a message of this kind; an object that is missing or no object has none."""
    if kind == "text":  # nine of ten messages
        body = text(mapping(message.get("text")).get("body"))
        if body is not None:
            fields["text"] = body
        return
    put_kind = _BY_KIND.get(kind)
    is_readable = kind == "contacts" or isinstance(message.get(kind), dict)  # contacts is an array
    if put_kind is not None and is_readable:
        put_kind(kind, message, fields)


def _put_media(kind: str, message: dict[str, Json], fields: Object) -> None:
    content = mapping(message[kind])
    media: Object = {}
    put(media, "id", identifier(content.get("id")))
    for key in ("mime_type", "sha256", "filename", "url"):
        put(media, key, text(content.get(key)))
    put(media, "voice", kind == "voice" or content.get("voice") is True)
    put(media, "animated", content.get("animated") is True)
    put(fields, "media", media)
    put(fields, "text", text(content.get("caption")))


def _put_location(kind: str, message: dict[str, Json], fields: Object) -> None:
    content = mapping(message[kind])
    location: Object = {}
    put(location, "latitude", number(content.get("latitude")))
    put(location, "longitude", number(content.get("longitude")))
    for key in ("name", "address", "url"):
        put(location, key, text(content.get(key)))
    put(fields, "location", location)


def _put_contacts(kind: str, message: dict[str, Json], fields: Object) -> None:
    cards = array(message.get(kind))
    fields["contacts_count"] = len(cards)
    phones: list[Json] = []
    for card in cards:
        numbers = [text(mapping(phone).get("phone")) for phone in array(mapping(card).get("phones"))]
        phones.extend(phone for phone in numbers if phone is not None)
    put(fields, "phones", phones)
    put(fields, "origin", text(mapping(cards[0]).get("origin")) if cards else None)


def _put_reaction(kind: str, message: dict[str, Json], fields: Object) -> None:
    content = mapping(message[kind])
    reaction: Object = {}
    put(reaction, "message_id", identifier(content.get("message_id")))
    reaction["emoji"] = text(content.get("emoji"))  # null takes the reaction back
    fields["reaction"] = reaction


def _put_button(kind: str, message: dict[str, Json], fields: Object) -> None:
    content = mapping(message[kind])
    reply: Object = {"kind": "template_button"}
    put(reply, "id", identifier(content.get("payload")))
    put(reply, "title", text(content.get("text")))
    put(fields, "text", text(content.get("text")))
    fields["reply"] = reply


def _put_interactive(kind: str, message: dict[str, Json], fields: Object) -> None:
    content = mapping(message[kind])
    reply_kind = text(content.get("type"))
    put(fields, "interactive", reply_kind)
    put_reply = _BY_REPLY.get(reply_kind or "")
    if reply_kind is not None and put_reply is not None:
        reply: Object = {"kind": reply_kind}
        put_reply(mapping(content.get(reply_kind)), reply, fields)
        fields["reply"] = reply


def _put_choice(answer: Mapping[str, Json], reply: Object, fields: Object) -> None:
    put(reply, "id", identifier(answer.get("id")))
    put(reply, "title", text(answer.get("title")))
    put(reply, "description", text(answer.get("description")))
    put(fields, "text", text(answer.get("title")))


def _put_form(answer: Mapping[str, Json], reply: Object, fields: Object) -> None:
    put(reply, "name", text(answer.get("name")))
    put(reply, "data", _form_data(answer.get("response_json")))
    put(fields, "text", text(answer.get("body")))


def _form_data(response: Json) -> Json:
    """Read the JSON inside ``response_json``; the user's form may send anything, so only an object counts."""
    if not isinstance(response, str):
        return None
    try:
        data = load_document(response.encode())
    except MalformedBody:
        return None
    return data if isinstance(data, dict) else None


def _put_payment(answer: Mapping[str, Json], reply: Object, _: Object) -> None:
    put(reply, "id", identifier(answer.get("reference_id")))


def _put_permission(answer: Mapping[str, Json], reply: Object, _: Object) -> None:
    put(reply, "id", identifier(answer.get("response")))


def _put_order(kind: str, message: dict[str, Json], fields: Object) -> None:
    content = mapping(message[kind])
    put(fields, "text", text(content.get("text")))
    order: Object = {}
    put(order, "catalog_id", identifier(content.get("catalog_id")))
    order["items"] = len(array(content.get("product_items")))
    fields["order"] = order


def order_items(message: dict[str, Json]) -> tuple[OrderItem, ...]:
    """Read what was ordered; an item without an id is left out. Numbers may come as text."""
    items = (mapping(item) for item in array(mapping(message.get("order")).get("product_items")))
    return tuple(
        OrderItem(
            product, _amount(item.get("quantity")), _amount(item.get("item_price")), text(item.get("currency")) or ""
        )
        for item in islice(items, MOST_ORDER_ITEMS)
        if (product := identifier(item.get("product_retailer_id"))) is not None
    )


def _amount(value: Json) -> float:
    """A number, or the digits of one; 0 for anything else."""
    written = text(value) or ""
    return float(written) if _AMOUNT.fullmatch(written) else 0.0


def _put_system(kind: str, message: dict[str, Json], fields: Object) -> None:
    content = mapping(message[kind])
    system: Object = {}
    put(system, "type", text(content.get("type")))
    # The user's own name comes first in the sentence and may say "changed from" too: the last one is Meta's.
    changes = _CHANGED.findall(text(content.get("body")) or "")
    if changes:
        system["previous"], system["current"] = changes[-1]
    phone, user_id = phone_and_user_id(content.get("wa_id") or content.get("new_wa_id"))
    put(system, "new_wa_id", phone)
    put(system, "new_user_id", identifier(content.get("user_id")) or user_id)
    put(fields, "system", system)


def _put_edit(kind: str, message: dict[str, Json], fields: Object) -> None:
    content = mapping(message[kind])
    put(fields, "original_message_id", identifier(content.get("original_message_id")))
    edited = mapping(content.get("message"))
    edited_kind = text(edited.get("type"))
    put(fields, "edited_kind", edited_kind)
    if edited_kind is not None:
        shown = mapping(edited.get(edited_kind))
        put(fields, "text", text(shown.get("body" if edited_kind == "text" else "caption")))


def _put_revoke(kind: str, message: dict[str, Json], fields: Object) -> None:
    put(fields, "original_message_id", identifier(mapping(message[kind]).get("original_message_id")))


def _put_unsupported(kind: str, message: dict[str, Json], fields: Object) -> None:
    put(fields, "unsupported_type", text(mapping(message[kind]).get("type")))


_BY_KIND: dict[str, Callable[[str, dict[str, Json], Object], None]] = {
    "image": _put_media,
    "video": _put_media,
    "audio": _put_media,
    "voice": _put_media,
    "document": _put_media,
    "sticker": _put_media,
    "location": _put_location,
    "contacts": _put_contacts,
    "reaction": _put_reaction,
    "button": _put_button,
    "interactive": _put_interactive,
    "order": _put_order,
    "system": _put_system,
    "edit": _put_edit,
    "revoke": _put_revoke,
    "unsupported": _put_unsupported,
}

_BY_REPLY: dict[str, Callable[[Mapping[str, Json], Object, Object], None]] = {
    "button_reply": _put_choice,
    "list_reply": _put_choice,
    "nfm_reply": _put_form,
    "payment_method": _put_payment,
    "call_permission_reply": _put_permission,
}
