"""Messages that are not interactive: text, media, location, contacts, reaction."""

from __future__ import annotations

from services.pb.common.v1 import content_pb2
from services.sender.worker.bodies.parts import Json, filled, media_kind, media_source


def text(content: content_pb2.TextContent) -> Json:
    """Words."""
    return {"type": "text", "text": {"body": content.body, "preview_url": content.preview_url}}


def media(content: content_pb2.MediaContent) -> Json:
    """A picture, video, sound, document or sticker."""
    kind = media_kind(content.media)
    source = media_source(content.media)
    if content.caption:
        source["caption"] = content.caption
    if content.is_voice and kind == "audio":
        source["voice"] = True
    return {"type": kind, kind: source}


def location(content: content_pb2.LocationContent) -> Json:
    """A place."""
    return {"type": "location", "location": place(content)}


def place(content: content_pb2.LocationContent) -> Json:
    """A place's own fields."""
    position: Json = {"latitude": content.latitude, "longitude": content.longitude}
    return position | filled(name=content.name, address=content.address)


def reaction(content: content_pb2.ReactionContent) -> Json:
    """An emoji put to a message, or taken away."""
    return {"type": "reaction", "reaction": {"message_id": content.message_id, "emoji": content.emoji}}


def contacts(content: content_pb2.ContactsContent) -> Json:
    """Cards of persons."""
    return {"type": "contacts", "contacts": [_card(card) for card in content.cards]}


def _card(card: content_pb2.ContactCard) -> Json:
    return {"name": _name(card.name)} | filled(
        addresses=[
            filled(
                street=each.street, city=each.city, state=each.state, zip=each.zip, country=each.country,
                country_code=each.country_code, type=each.type,
            )
            for each in card.addresses
        ],
        birthday=card.birthday,
        emails=[filled(email=each.email, type=each.type) for each in card.emails],
        org=filled(
            company=card.organization.company,
            department=card.organization.department,
            title=card.organization.title,
        ),
        phones=[filled(phone=each.phone, type=each.type, wa_id=each.wa_id) for each in card.phones],
        urls=[filled(url=each.url, type=each.type) for each in card.urls],
    )  # fmt: skip


def _name(name: content_pb2.ContactName) -> Json:
    parts = filled(
        first_name=name.first_name,
        last_name=name.last_name,
        middle_name=name.middle_name,
        prefix=name.prefix,
        suffix=name.suffix,
    )
    # Meta refuses a name that has only its whole form.
    return {"formatted_name": name.formatted_name} | (parts or {"first_name": name.formatted_name})
