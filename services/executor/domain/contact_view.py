"""What a turn sees of its contact: what is known, with the changes that this session made."""

from collections.abc import Mapping
from typing import Final

from services.executor.domain.commands import ChangeContact
from services.executor.domain.json_value import Json, object_at, text_at

MEMO: Final = "contact"


def remembered(former: Json, change: ChangeContact) -> dict[str, Json]:
    """The session's changes with one more; `former` is what `remembered` gave before, if anything."""
    known = former if isinstance(former, dict) else {}
    added = [tag for tag in _texts(known.get("added")) if tag not in change.remove_tags]
    removed = [tag for tag in _texts(known.get("removed")) if tag not in change.add_tags]
    return {
        "attributes": {**object_at(known, "attributes"), **change.attributes},
        "added": list(dict.fromkeys((*added, *change.add_tags))),
        "removed": list(dict.fromkeys((*removed, *change.remove_tags))),
        "language": change.language or text_at(known, "language"),
        "opted_in": known.get("opted_in") if change.is_opted_in is None else change.is_opted_in,
    }


def contact_seen(contact: Json, memo: Mapping[str, Json]) -> dict[str, Json]:
    """The contact as names in a flow read it: attributes, tags, language, opted_in after the session's changes."""
    known = contact if isinstance(contact, dict) else {}
    removed = set(_texts(memo.get("removed")))
    tags = dict.fromkeys((*_texts(known.get("tags")), *_texts(memo.get("added"))))
    seen: dict[str, Json] = {
        **known,
        "attributes": {**object_at(known, "attributes"), **object_at(memo, "attributes")},
        "tags": [tag for tag in tags if tag not in removed],
    }
    said: dict[str, Json] = {"language": text_at(memo, "language"), "opted_in": memo.get("opted_in")}
    return {**seen, **{name: value for name, value in said.items() if value not in ("", None)}}


def _texts(value: Json) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
