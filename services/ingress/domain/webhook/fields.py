"""The webhook fields other than ``messages``, and the notification that stands for all the rest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from .change import MISSING_ID, NO_PHONE_NUMBER_ID, NOT_AN_OBJECT, Change
from .documented import KNOWN_FIELDS
from .event import Event, bounded
from .messages import echo_event, kind_of, message_event, standby_echo_event, standby_message_event
from .news import template_news
from .statuses import call_error_event, call_status_event, error_event, standby_status_event, status_event
from .values import Json, array, error_codes, identifier, mapping, phone_and_user_id, put, text, timestamp


def messages(change: Change) -> Iterator[Event]:
    """Read messages, then statuses, then errors: the field ``messages``."""
    if _has_no_number(change, "messages", "statuses"):
        yield change.invalid(change.prefix, NO_PHONE_NUMBER_ID)
    else:
        yield from change.each("messages", message_event)
        if "statuses" in change.value:
            yield from change.each("statuses", status_event)
    if "errors" in change.value:
        yield from change.each_if_array("errors", error_event)


def echoes(change: Change) -> Iterable[Event]:
    """Read what the business sent from its phone: the field ``smb_message_echoes``."""
    if _has_no_number(change, "message_echoes"):
        return [change.invalid(change.prefix, NO_PHONE_NUMBER_ID)]
    return change.each("message_echoes", echo_event)


def standby(change: Change) -> Iterable[Event]:
    """Read what another application handles, one level deeper than usual: the field ``standby``."""
    inner = _inside_standby(change)
    if _has_no_number(inner, "messages", "message_echoes", "statuses"):
        return [change.invalid(change.prefix, NO_PHONE_NUMBER_ID)]
    return chain(
        inner.each("messages", standby_message_event),
        inner.each("message_echoes", standby_echo_event),
        inner.each("statuses", standby_status_event),
    )


def _inside_standby(change: Change) -> Change:
    nested = change.value.get("standby")
    if not isinstance(nested, dict):
        return _with_number_of(change, change.value)
    value = nested if "contacts" in nested else {**nested, "contacts": change.value.get("contacts")}
    inner = replace(change, value=value, prefix=f"{change.prefix}.standby")
    return _with_number_of(_with_number_of(inner, change.value), nested)


def _with_number_of(change: Change, value: Mapping[str, Json]) -> Change:
    """Complete a change without ``metadata`` from where conversation routing puts the business number."""
    if change.phone_number_id is not None:
        return change
    for holder in ("metadata", "recipient"):
        found = identifier(mapping(value.get(holder)).get("phone_number_id"))
        if found is not None:
            return replace(change, phone_number_id=bounded(found))
    return change


def _has_no_number(change: Change, *keys: str) -> bool:
    """Tell whether there is something to route and no number to route it by."""
    return change.phone_number_id is None and any(change.value.get(key) for key in keys)


def handovers(change: Change) -> Iterable[Event]:
    """Read who answers a user from now on: the field ``messaging_handovers``."""
    if not change.value:
        return []
    change = _with_number_of(change, change.value)
    event = text(change.value.get("type"))
    roles = mapping(change.value.get(event or ""))
    fields = change.start("handover")
    put(fields, "event", event)
    put(fields, "from", identifier(mapping(change.value.get("sender")).get("phone_number")))
    put(fields, "previous_owner_role", text(roles.get("previous_owner_role")))
    put(fields, "new_owner_role", text(roles.get("new_owner_role")))
    fields["timestamp"] = timestamp(change.value.get("timestamp"))
    return [change.unkeyed(fields, change.prefix)]


def history(change: Change) -> Iterable[Event]:
    """Count what a coexisting phone had before it joined, and name its media: the field ``history``."""
    return chain(change.each_if_array("history", _history), change.each("messages", _history_media))


def _history(change: Change, item: Json, place: str) -> Event:
    if not isinstance(item, dict):
        return change.invalid(place, NOT_AN_OBJECT)
    fields = change.start("history")
    if item.get("errors"):
        put(fields, "error_codes", error_codes(item.get("errors")))
        return change.unkeyed(fields, place)
    metadata, threads = mapping(item.get("metadata")), array(item.get("threads"))
    for key in ("phase", "chunk_order", "progress"):
        value = metadata.get(key)
        fields[key] = value if isinstance(value, int | float | str) else None
    fields["threads"] = len(threads)
    fields["messages"] = sum(len(array(mapping(thread).get("messages"))) for thread in threads)
    return change.unkeyed(fields, place)


def _history_media(change: Change, item: Json, place: str) -> Event:
    if not isinstance(item, dict):
        return change.invalid(place, NOT_AN_OBJECT)
    message_id = identifier(item.get("id"))
    if message_id is None:
        return change.invalid(place, MISSING_ID)
    fields = change.start("history_media")
    fields["id"] = message_id
    fields["kind"] = kind_of(item)
    return change.unkeyed(fields, place)


def user_preferences(change: Change) -> Iterable[Event]:
    """Read who stopped or resumed marketing messages: the field ``user_preferences``."""
    return change.each_if_array("user_preferences", _user_preference)


def _user_preference(change: Change, item: Json, place: str) -> Event:
    if not isinstance(item, dict):
        return change.invalid(place, NOT_AN_OBJECT)
    phone, user_id_in_wa_id = phone_and_user_id(item.get("wa_id"))
    fields = change.start("user_preference")
    put(fields, "from", phone)
    put(fields, "user_id", identifier(item.get("user_id")) or user_id_in_wa_id)
    put(fields, "parent_user_id", identifier(item.get("parent_user_id")))
    put(fields, "signup_id", identifier(item.get("signup_id")))
    fields["category"] = text(item.get("category"))
    fields["value"] = text(item.get("value"))
    fields["timestamp"] = timestamp(item.get("timestamp"))
    return change.unkeyed(fields, place)


def user_id_updates(change: Change) -> Iterable[Event]:
    """Read who got a new business-scoped user id: the field ``user_id_update``, flat or nested."""
    nested = change.value.get("user_id_update")
    if isinstance(nested, list):
        return change.each("user_id_update", _user_id_update)
    if isinstance(nested, dict):
        return [_user_id_update(change, nested, f"{change.prefix}.user_id_update")]
    if "user_id" in change.value:
        return [_user_id_update(change, dict(change.value), change.prefix)]
    return []


def _user_id_update(change: Change, item: Json, place: str) -> Event:
    if not isinstance(item, dict):
        return change.invalid(place, NOT_AN_OBJECT)
    own, parent = mapping(item.get("user_id")), mapping(item.get("parent_user_id"))
    fields = change.start("user_id_update")
    put(fields, "from", phone_and_user_id(item.get("wa_id"))[0])
    put(fields, "previous", identifier(own.get("previous")))
    put(fields, "current", identifier(own.get("current")))
    put(fields, "parent_previous", identifier(parent.get("previous")))
    put(fields, "parent_current", identifier(parent.get("current")))
    fields["timestamp"] = timestamp(item.get("timestamp"))
    return change.unkeyed(fields, place)


def calls(change: Change) -> Iterable[Event]:
    """Read calls, then their statuses, then errors: the field ``calls``."""
    return chain(
        change.each_if_array("calls", _call),
        change.each("statuses", call_status_event),
        change.each_if_array("errors", call_error_event),
    )


def _call(change: Change, item: Json, place: str) -> Event:
    if not isinstance(item, dict):
        return change.invalid(place, NOT_AN_OBJECT)
    phone, user_id_in_from = phone_and_user_id(item.get("from"))
    fields = change.start("call")
    put(fields, "id", identifier(item.get("id")))
    put(fields, "event", text(item.get("event")))
    put(fields, "from", phone)
    put(fields, "user_id", identifier(item.get("from_user_id")) or user_id_in_from)
    put(fields, "direction", text(item.get("direction")))
    put(fields, "status", text(item.get("status")))
    return change.unkeyed(fields, place)


def notification(change: Change, field: str | None) -> Event:
    """Read any other change as a notice; one without a documented field is stored and never acted on."""
    fields = change.start("notification")
    fields["field"] = field
    if field not in KNOWN_FIELDS:
        fields["known"] = False
    put(fields, "event", _notified_event(change.value))
    put(fields, "template", text(change.value.get("message_template_name")))
    return change.unkeyed(fields, "value")._replace(template_news=template_news(field, change.value))


def _notified_event(value: Mapping[str, Json]) -> str | None:
    alert = mapping(value.get("alert_info"))
    candidates = (
        value.get("event"),
        value.get("type"),
        value.get("decision"),
        alert.get("alert_type"),
        value.get("status"),
    )
    event = next(filter(None, candidates), None)
    return event if isinstance(event, str) else None
