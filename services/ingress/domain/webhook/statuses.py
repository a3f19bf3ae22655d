"""What became of messages the business sent, and errors that belong to no message."""

from collections.abc import Mapping

from .change import MISSING_ID, NOT_AN_OBJECT, Change
from .documented import KNOWN_STATUSES
from .event import Event
from .values import Json, Object, error_codes, identifier, integer, mapping, put, text, timestamp

# Meta renamed the second spelling to the first in May 2026; both are in flight.
_PARENTS = ("recipient_parent_user_id", "parent_recipient_user_id")
_PARTICIPANTS = ("recipient_participant_id", "participant_recipient_id", "recipient_participant_user_id")


def status_event(change: Change, item: Json, place: str) -> Event:
    """Read one status; the same one may come again, late, or before the answer to the send."""
    status = mapping(item)
    message_id = identifier(status.get("id"))
    if message_id is None:
        return change.invalid(place, MISSING_ID)
    fields = change.start("status")
    fields["id"] = message_id
    fields["status"] = state = text(status.get("status"))
    if state not in KNOWN_STATUSES:
        fields["known"] = False
    fields["timestamp"] = timestamp(status.get("timestamp"))
    _put_recipient(change, status, fields)
    if "errors" in status:
        put(fields, "error_codes", error_codes(status["errors"]))
    put(fields, "callback_data", text(status.get("biz_opaque_callback_data")))
    _put_price(status, fields)
    dedupe_key = f"status:{change.phone_number_id}:{message_id}:{state}"
    if "participant" in fields:
        dedupe_key = f"{dedupe_key}:{fields['participant']}"
    fields["dedupe_key"] = dedupe_key
    return change.keyed(fields, dedupe_key)


def standby_status_event(change: Change, item: Json, place: str) -> Event:
    """Read one status of a message another application sent; recorded only."""
    status = mapping(item)
    message_id = identifier(status.get("id"))
    if message_id is None:
        return change.invalid(place, MISSING_ID)
    fields = change.start("standby_status")
    fields["id"] = message_id
    put(fields, "status", text(status.get("status")))
    fields["timestamp"] = timestamp(status.get("timestamp"))
    return change.unkeyed(fields, place)


def call_status_event(change: Change, item: Json, place: str) -> Event:
    """Read one status of a call: under the field ``calls`` statuses are not about messages."""
    if not isinstance(item, dict):
        return change.invalid(place, MISSING_ID)
    fields = change.start("call_status")
    put(fields, "id", identifier(item.get("id")))
    put(fields, "status", text(item.get("status")))
    put(fields, "callback_data", text(item.get("biz_opaque_callback_data")))
    return change.unkeyed(fields, place)


def error_event(change: Change, item: Json, place: str) -> Event:
    """Read one error that Meta reports about the number itself, such as a message it could not keep."""
    return _error(change, item, place, titled_by=("title",))


def call_error_event(change: Change, item: Json, place: str) -> Event:
    """Read one error of a call, which may have a message in place of a title."""
    return _error(change, item, place, titled_by=("title", "message"))


def _error(change: Change, item: Json, place: str, *, titled_by: tuple[str, ...]) -> Event:
    if not isinstance(item, dict):
        return change.invalid(place, NOT_AN_OBJECT)
    fields = change.start("error")
    fields["code"] = integer(item.get("code"))
    fields["title"] = next(filter(None, (text(item.get(key)) for key in titled_by)), None)
    return change.unkeyed(fields, place)


def _put_recipient(change: Change, status: Mapping[str, Json], fields: Object) -> None:
    recipient = identifier(status.get("recipient_id"))
    user_id = identifier(status.get("recipient_user_id"))
    recipient_type = text(status.get("recipient_type"))
    if user_id is None and recipient_type != "group":
        user_id = change.contacts.find(recipient, None).user_id
    put(fields, "recipient_id", recipient)
    put(fields, "recipient_user_id", user_id)
    put(fields, "recipient_parent_user_id", _first_identifier(status, _PARENTS))
    put(fields, "recipient_type", recipient_type)
    put(fields, "participant", _first_identifier(status, _PARTICIPANTS))


def _first_identifier(status: Mapping[str, Json], spellings: tuple[str, ...]) -> str | None:
    for key in spellings:
        if key in status:
            found = identifier(status[key])
            if found is not None:
                return found
    return None


def _put_price(status: Mapping[str, Json], fields: Object) -> None:
    conversation = mapping(status.get("conversation"))
    pricing = mapping(status.get("pricing") or conversation.get("pricing"))
    put(fields, "pricing_category", text(pricing.get("category")))
    put(fields, "pricing_type", text(pricing.get("type")))
    put(fields, "conversation_id", identifier(conversation.get("id")))
    billable = pricing.get("billable")
    if isinstance(billable, bool):
        fields["billable"] = billable
