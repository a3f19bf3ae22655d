"""The walk through one POST: document, entries, changes. Every change is routed by its own number."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from . import fields
from .change import NOT_A_WHATSAPP_WEBHOOK, NOT_AN_ARRAY, NOT_AN_OBJECT, Change, digest_of
from .document import load_document
from .event import Event, bounded
from .news import NumberNews, coexistence_news, number_news
from .values import NOTHING, Json, identifier, mapping

_BY_FIELD: dict[str, Callable[[Change], Iterable[Event]]] = {
    "calls": fields.calls,
    "history": fields.history,
    "messaging_handovers": fields.handovers,
    "smb_message_echoes": fields.echoes,
    "standby": fields.standby,
    "user_id_update": fields.user_id_updates,
    "user_preferences": fields.user_preferences,
}
_CONTENT_OF_MESSAGES = ("messages", "statuses", "errors")


def parse_webhook(body: bytes) -> tuple[Event, ...]:
    """Turn the raw body of a POST into its events, in document order.

    A bad item becomes an event of type ``invalid`` and never blocks its neighbours, because Meta would send
    all of them again for seven days. Equal events are not joined here: each carries its dedupe_key.

    Raises MalformedBody, and nothing else, when the body is not JSON.
    """
    return tuple(read_webhook(body))


def read_webhook(body: bytes) -> Iterator[Event]:
    """Read the body at once and its events as they are asked for: a thousand of them take a while.

    Raises MalformedBody at once, and nothing later.
    """
    return _events_of(load_document(body))


def _events_of(document: Json) -> Iterator[Event]:
    if not isinstance(document, dict):
        yield _dead_letter("$", NOT_AN_OBJECT, document, None)
        return
    if document.get("object") != "whatsapp_business_account":
        yield _dead_letter("$", NOT_A_WHATSAPP_WEBHOOK, document, None)
        return
    entries = document.get("entry")
    if entries is None:
        return
    if not isinstance(entries, list):
        yield _dead_letter("entry", NOT_AN_ARRAY, entries, None)
        return
    for index, entry in enumerate(entries):
        yield from _entry(entry, f"entry[{index}]")


def _entry(entry: Json, path: str) -> Iterator[Event]:
    if not isinstance(entry, dict):
        yield _dead_letter(path, NOT_AN_OBJECT, entry, None)
        return
    waba_id, changes = _bounded_id(entry.get("id")), entry.get("changes")
    if changes is None:
        return
    if not isinstance(changes, list):
        yield _dead_letter(f"{path}.changes", NOT_AN_ARRAY, changes, waba_id)
        return
    for index, change in enumerate(changes):
        yield from _change(change, f"{path}.changes[{index}]", waba_id, entry.get("time"))


def _change(raw: Json, path: str, waba_id: str | None, entry_time: Json) -> Iterable[Event]:
    if not isinstance(raw, dict):
        return [_dead_letter(path, NOT_AN_OBJECT, raw, waba_id)]
    value = raw.get("value")
    held: Mapping[str, Json] = value if isinstance(value, dict) else NOTHING
    number = _bounded_id(mapping(held.get("metadata")).get("phone_number_id"))
    change = Change(path, waba_id, number, held, "value", raw, entry_time)
    if value is not None and not isinstance(value, dict):
        return [change.invalid("value", NOT_AN_OBJECT)]
    return _by_field(change, raw.get("field"))


def _by_field(change: Change, field: Json) -> Iterable[Event]:
    """Read a change by its field; without one it is of ``messages``, unless it only holds other things."""
    if field == "messages":
        return fields.messages(change)
    if not isinstance(field, str) or not field:
        if not change.value or any(key in change.value for key in _CONTENT_OF_MESSAGES):
            return fields.messages(change)
        return [fields.notification(change, None)]
    return _or_notice(change, field)


def _or_notice(change: Change, field: str) -> Iterator[Event]:
    """Read what a field holds; a change that gives no event is a notice. News of the number go with the first event."""
    parse, news = _BY_FIELD.get(field), _number_news(change, field)
    is_empty = True
    for event in parse(change) if parse else ():
        yield event._replace(number_news=news) if is_empty and news else event
        is_empty = False
    if is_empty:
        yield fields.notification(change, field)._replace(number_news=news)


def _number_news(change: Change, field: str) -> NumberNews | None:
    return number_news(field, change.value) or (coexistence_news(field) if change.phone_number_id else None)


def _bounded_id(value: Json) -> str | None:
    """Read the id of a number or account: it is kept in memory as a key, and nobody's has 512 characters."""
    found = identifier(value)
    return found if found is None else bounded(found)


def _dead_letter(path: str, reason: str, item: Json, waba_id: str | None) -> Event:
    """Make the dead letter of something too broken to be a change."""
    dedupe_key = f"invalid:{digest_of([waba_id, item])}:{reason}"
    return Event("invalid", waba_id, None, dedupe_key, False, {"type": "invalid", "path": path, "reason": reason})
