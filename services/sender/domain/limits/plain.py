"""Messages that are not interactive, and read receipts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.sender.domain.limits.checks import Absent, Between, Check, Form, IfThere, Items, Source, Words
from services.sender.domain.limits.rule import Rule

_NO_CAPTION = Absent("is given, Meta takes none there; say it in a text of its own")
_CAPTION = Words(0, 1024)
_DAY = Form(re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "1990-12-31")


def _media(kind: str, caption: Check) -> tuple[Rule, ...]:
    return Rule(kind, Source()), Rule(f"{kind}.caption", caption)


RULES: Mapping[str, tuple[Rule, ...]] = {
    "text": (Rule("text.body", Words(1, 4096)),),
    "image": _media("image", _CAPTION),
    "video": _media("video", _CAPTION),
    "document": (*_media("document", _CAPTION), Rule("document.filename", Words(0, 240))),
    "audio": _media("audio", _NO_CAPTION),
    "sticker": _media("sticker", _NO_CAPTION),
    "location": (
        Rule("location.latitude", Between(-90, 90)),
        Rule("location.longitude", Between(-180, 180)),
        Rule("location.name", Words(0, 1024)),
        Rule("location.address", Words(0, 1024)),
    ),
    "contacts": (
        Rule("contacts", Items(1, 257)),
        Rule("contacts[].name.formatted_name", Words(1, 1024)),
        Rule("contacts[].name.first_name", Words(0, 1024)),
        Rule("contacts[].birthday", IfThere(_DAY)),
        Rule("contacts[].phones[].phone", Words(1, 64)),
        Rule("contacts[].emails[].email", Words(1, 320)),
        Rule("contacts[].urls[].url", Words(1, 2048)),
    ),
    "reaction": (
        Rule("reaction.message_id", Words(1, 512)),
        Rule("reaction.emoji", Words(0, 64)),
    ),
    "read receipt": (Rule("message_id", Words(1, 512)),),
}
