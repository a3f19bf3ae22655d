"""Messages: those of users, and those the business sent from elsewhere (echoes)."""

from collections.abc import Callable, Mapping

from .change import MISSING_ID, NO_RECIPIENT, NO_SENDER, NOT_AN_OBJECT, Change
from .contacts import sender_of
from .content import order_items, put_content
from .documented import FLOW_KINDS, FLOW_REPLIES, KNOWN_KINDS
from .event import Event, Referral
from .values import Json, Object, error_codes, identifier, mapping, phone_and_user_id, put, text, timestamp


def kind_of(message: Mapping[str, Json]) -> str:
    """Return a message's type, ``unknown`` when there is none. No kind is guessed from the keys beside it."""
    kind = message.get("type")
    return kind if isinstance(kind, str) and kind else "unknown"


def message_event(change: Change, item: Json, place: str) -> Event:
    """Read one message of a user, the only kind of event that may drive a flow."""
    return _read(change, item, place, "message", _from_user)


def standby_message_event(change: Change, item: Json, place: str) -> Event:
    """Read one message of a user that another application answers."""
    return _read(change, item, place, "standby_message", _from_user)


def echo_event(change: Change, item: Json, place: str) -> Event:
    """Read one message the business sent from its phone."""
    return _read(change, item, place, "echo", _to_user)


def standby_echo_event(change: Change, item: Json, place: str) -> Event:
    """Read one message another application sent for the business."""
    return _read(change, item, place, "standby_echo", _to_user)


def _read(
    change: Change,
    item: Json,
    place: str,
    type_: str,
    put_parties: Callable[[Change, dict[str, Json], Object], str | None],
) -> Event:
    if not isinstance(item, dict):
        return change.invalid(place, NOT_AN_OBJECT)
    message_id = identifier(item.get("id"))
    if message_id is None:
        return change.invalid(place, MISSING_ID)
    fields = change.start(type_)
    fields["id"] = message_id
    fields["kind"] = kind = kind_of(item)
    if kind not in KNOWN_KINDS:
        fields["known"] = False
    nobody = put_parties(change, item, fields)
    if nobody is not None:
        return change.invalid(place, nobody)
    fields["timestamp"] = timestamp(item.get("timestamp"))
    _put_circumstances(item, fields)
    put_content(kind, item, fields)
    fields["dedupe_key"] = dedupe_key = f"{type_}:{change.phone_number_id}:{message_id}"
    if type_ != "message":
        return change.keyed(fields, dedupe_key)
    fields["flow_input"] = flow_input = _may_drive_a_flow(kind, fields)
    event = change.keyed(fields, dedupe_key, flow_input=flow_input)
    if "referral" in item:
        event = event._replace(referral=_referral(item["referral"]))
    return event if kind != "order" else event._replace(order_items=order_items(item))


def _from_user(change: Change, message: dict[str, Json], fields: Object) -> str | None:
    """Put the sender's keys; return the reason when there is no sender. System notices may have none."""
    phone, user_id, parent_user_id, name, username = sender_of(message, change.contacts)
    if phone is not None:
        fields["from"] = phone
    if user_id is not None:
        fields["user_id"] = user_id
    elif phone is None and fields["kind"] != "system":
        return NO_SENDER
    if parent_user_id is not None:
        fields["parent_user_id"] = parent_user_id
    if name is not None:
        fields["name"] = name
    if username is not None:
        fields["username"] = username
    return None


def _to_user(_: Change, message: dict[str, Json], fields: Object) -> str | None:
    """Put the recipient's keys; return the reason when there is no recipient."""
    phone, user_id_in_to = phone_and_user_id(message.get("to"))
    user_id = identifier(message.get("to_user_id")) or user_id_in_to
    put(fields, "to", phone)
    put(fields, "to_user_id", user_id)
    return NO_RECIPIENT if phone is None and user_id is None else None


def _put_circumstances(message: dict[str, Json], fields: Object) -> None:
    """Put what a message of any kind may carry: group, quoted message, ad it came from, errors."""
    if "group_id" in message:
        put(fields, "group_id", identifier(message["group_id"]))
    if "context" in message:
        _put_context(mapping(message["context"]), fields)
    if "referral" in message:
        put(fields, "referral_source_id", identifier(mapping(message["referral"]).get("source_id")))
    if "errors" in message:
        put(fields, "error_codes", error_codes(message["errors"]))


def _referral(value: Json) -> Referral | None:
    """Read where the contact came from; None when Meta says nothing of it."""
    told = mapping(value)
    return Referral(identifier(told.get("source_id")) or "", text(told.get("source_type")) or "") if told else None


def _put_context(context: Mapping[str, Json], fields: Object) -> None:
    put(fields, "context_id", identifier(context.get("id")))
    forwarded_often = context.get("frequently_forwarded") is True
    put(fields, "forwarded", forwarded_often or context.get("forwarded") is True)
    put(fields, "frequently_forwarded", forwarded_often)
    product = mapping(context.get("referred_product"))
    put(fields, "referred_product", identifier(product.get("product_retailer_id")))


def _may_drive_a_flow(kind: str, fields: Object) -> bool:
    """Tell whether a message is something a user says to the business alone, and of a kind we understand."""
    if "group_id" in fields or "known" in fields:
        return False
    return kind in FLOW_KINDS or (kind == "interactive" and fields.get("interactive") in FLOW_REPLIES)
