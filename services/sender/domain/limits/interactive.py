"""Interactive messages: a frame of header, body and footer round something to tap."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from services.sender.domain.limits.checks import (
    Between,
    Check,
    Form,
    IfThere,
    Items,
    Lines,
    Link,
    NoEmoji,
    OneOf,
    Source,
    Words,
)
from services.sender.domain.limits.rule import Json, Rule, Whole, at_most, only_once, values

MEDIA = ("image", "video", "document")
_BODY = Words(1, 1024)
_COUNTRY = Form(re.compile(r"[A-Z]{2}"), "IN")
_CARDS = ("interactive", "action", "cards", "[]")


def frame(*media: str, body: Check = _BODY) -> tuple[Rule, ...]:
    """Header, body and footer; the header may be a text or one of these kinds of media."""
    return (
        Rule("interactive.body.text", body),
        Rule("interactive.footer.text", Words(0, 60)),
        Rule("interactive.header.type", OneOf(frozenset({"text", *media}))),
        Rule("interactive.header.text", Words(0, 60)),
        *(Rule(f"interactive.header.{kind}", IfThere(Source())) for kind in media),
    )


def _titles_of_sections(body: Json) -> Iterator[str]:
    titles = list(values(body, ("interactive", "action", "sections", "[]", "title")))
    if len(titles) > 1:
        for name, title in titles:
            if not title:
                yield f"{name} is empty, Meta wants a title for each of several sections; give one"


TITLED: Whole = _titles_of_sections
"""Each of several sections has a title."""


def _whole_cards(body: Json) -> Iterator[str]:
    for name, card in values(body, _CARDS):
        parts = card if isinstance(card, Mapping) else {}
        action = parts.get("action")
        if not action:
            yield f"{name} has nothing to tap, Meta wants a button or a product on each card; give one"
        elif "header" not in parts and not (isinstance(action, Mapping) and "product_retailer_id" in action):
            yield f"{name}.header is missing, Meta wants an image or video on each card; give one"


def _like_the_first(body: Json) -> Iterator[str]:
    """All cards of a carousel have the same form: the same kind of header, the same kind and number of buttons."""
    cards = [(name, card) for name, card in values(body, _CARDS) if isinstance(card, Mapping)]
    forms = [(name, _form(card)) for name, card in cards]
    for name, form in forms[1:]:
        if form != forms[0][1]:
            yield f"{name} has {form}, the first card {forms[0][1]}; make all cards alike"


def _form(card: Json) -> str:
    header, action = card.get("header"), card.get("action")
    above = str(header.get("type")) if isinstance(header, Mapping) else "no header"
    if not isinstance(action, Mapping):
        return f"{above} and no button"
    if "product_retailer_id" in action:
        return f"a product of catalog {action.get('catalog_id')}"
    buttons = action.get("buttons")
    return f"{above} and {len(buttons)} reply buttons" if isinstance(buttons, list) else f"{above} and a link button"


_CARD = "interactive.action.cards[]"

RULES: Mapping[str, tuple[Rule, ...]] = {
    "button": (
        *frame(*MEDIA),
        Rule("interactive.action.buttons", Items(1, 3)),
        Rule("interactive.action.buttons[].reply.id", Words(1, 256)),
        Rule("interactive.action.buttons[].reply.title", Words(1, 20)),
    ),
    "list": (
        *frame(body=Words(1, 4096)),
        Rule("interactive.action.button", Words(1, 20)),
        Rule("interactive.action.sections", Items(1, 10)),
        Rule("interactive.action.sections[].title", Words(0, 24)),
        Rule("interactive.action.sections[].rows", Items(1, 10)),
        Rule("interactive.action.sections[].rows[].id", Words(1, 200)),
        Rule("interactive.action.sections[].rows[].title", Words(1, 24)),
        Rule("interactive.action.sections[].rows[].description", Words(0, 72)),
    ),
    "cta_url": (
        *frame(*MEDIA),
        Rule("interactive.action.parameters.display_text", Words(1, 20)),
        Rule("interactive.action.parameters.url", Link()),
    ),
    "location_request_message": frame(),
    "request_contact_info": frame(),
    "call_permission_request": frame(),
    "address_message": (
        *frame(*MEDIA),
        Rule("interactive.action.parameters.country", _COUNTRY),
        Rule("interactive.action.parameters.saved_addresses[].id", Words(1, 256)),
    ),
    "voice_call": (
        *frame(),
        Rule("interactive.action.parameters.display_text", Words(0, 20)),
        Rule("interactive.action.parameters.ttl_minutes", IfThere(Between(1, 43200))),
        Rule("interactive.action.parameters.payload", Words(0, 512)),
    ),
    "flow": (
        *frame(*MEDIA),
        Rule("interactive.action.parameters.flow_cta", Words(1, 30)),
        Rule("interactive.action.parameters.flow_cta", NoEmoji()),
        Rule("interactive.action.parameters.flow_id", Words(0, 64)),
        Rule("interactive.action.parameters.flow_name", Words(0, 200)),
        Rule("interactive.action.parameters.flow_token", Words(0, 512)),
        Rule("interactive.action.parameters.flow_action_payload.screen", Words(1, 256)),
    ),
    "carousel": (
        Rule("interactive.body.text", Words(1, 1024)),
        Rule("interactive.action.cards", Items(2, 10)),
        Rule(f"{_CARD}.header.type", OneOf(frozenset({"image", "video"}))),
        Rule(f"{_CARD}.header.image", IfThere(Source())),
        Rule(f"{_CARD}.header.video", IfThere(Source())),
        Rule(f"{_CARD}.body.text", Words(1, 160)),
        Rule(f"{_CARD}.body.text", Lines(2)),
        Rule(f"{_CARD}.action.parameters.display_text", Words(1, 20)),
        Rule(f"{_CARD}.action.parameters.url", Link()),
        Rule(f"{_CARD}.action.buttons", IfThere(Items(1, 3))),
        Rule(f"{_CARD}.action.buttons[].quick_reply.id", Words(1, 20)),
        Rule(f"{_CARD}.action.buttons[].quick_reply.title", Words(1, 20)),
        Rule(f"{_CARD}.action.product_retailer_id", IfThere(Words(1, 512))),
        Rule(f"{_CARD}.action.catalog_id", IfThere(Words(1, 64))),
    ),
}

WHOLES: Mapping[str, tuple[Whole, ...]] = {
    "button": (
        only_once("interactive.action.buttons[].reply.id"),
        only_once("interactive.action.buttons[].reply.title"),
    ),
    "list": (
        TITLED,
        at_most("interactive.action.sections[].rows[]", 10, "rows"),
        only_once("interactive.action.sections[].rows[].id"),
    ),
    "carousel": (_whole_cards, _like_the_first, only_once(f"{_CARD}.action.buttons[].quick_reply.id")),
}
