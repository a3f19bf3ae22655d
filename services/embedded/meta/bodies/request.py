"""From the posted bytes to what the business wants: a message to someone, or a receipt."""

import re
from dataclasses import dataclass

import orjson

from services.embedded.meta.refusals import ErrorKind, GraphError

from .content import check_content
from .fields import JsonObject, child, missing, optional_words, web_link, words, wrong

USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
PHONE = re.compile(r"\+?[0-9][0-9 ()-]*")


@dataclass(frozen=True, slots=True)
class Send:
    """An outbound message that passed every check.

    `address` is the wa_id (digits), the business-scoped user id or the group id; `input` is as sent.
    """

    recipient: str  # "phone", "user_id" or "group"
    address: str
    input: str
    kind: str
    opaque: str
    body: JsonObject


@dataclass(frozen=True, slots=True)
class MarkRead:
    """A read receipt for an inbound message, perhaps with the typing indicator."""

    message_id: str
    typing: bool


@dataclass(frozen=True, slots=True)
class Override:
    """A webhook address for one account in place of its app's."""

    url: str
    verify_token: str


def read_object(raw: bytes) -> JsonObject:
    """A body that is a JSON object. Raises GraphError as read_request does."""
    return _json_object(raw)


def read_override(raw: bytes) -> Override | None:
    """The body of a subscription, None for one without an address. Raises GraphError as read_request does."""
    body = _json_object(raw) if raw else {}
    if "override_callback_uri" not in body:
        return None
    return Override(
        web_link(body, "override_callback_uri", "override_callback_uri"),
        words(body, "verify_token", "verify_token", 512),
    )


def read_request(raw: bytes) -> Send | MarkRead:
    """Check a request body. Raises GraphError with Meta's code and the parameter at fault."""
    body = _json_object(raw)
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(ErrorKind.INVALID_PARAMETER, "The parameter messaging_product is required.")
    if "status" in body:
        return _mark_read(body)
    recipient, address, given = _recipient(body)
    kind = optional_words(body, "type", "type", 64) or "text"
    check_content(kind, body)
    if "context" in body:
        if kind == "reaction":
            wrong("context", "a reaction names its message itself")
        words(child(body, "context", "context"), "message_id", "context.message_id", 512)
    opaque = optional_words(body, "biz_opaque_callback_data", "biz_opaque_callback_data", 512)
    return Send(recipient, address, given, kind, opaque, body)


def _json_object(raw: bytes) -> JsonObject:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise GraphError(ErrorKind.INVALID_PARAMETER, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise GraphError(ErrorKind.INVALID_PARAMETER, "The request body is not a JSON object.")
    return body


def _mark_read(body: JsonObject) -> MarkRead:
    if body["status"] != "read":
        wrong("status", "read is expected")
    if "typing_indicator" in body:
        words(child(body, "typing_indicator", "typing_indicator"), "type", "typing_indicator.type", 16)
    return MarkRead(words(body, "message_id", "message_id", 512), "typing_indicator" in body)


def _recipient(body: JsonObject) -> tuple[str, str, str]:
    """Who gets it, as (kind, address, input); with both `to` and `recipient`, `to` wins as at Meta."""
    kind = optional_words(body, "recipient_type", "recipient_type", 16) or "individual"
    if kind not in ("individual", "group"):
        wrong("recipient_type", "individual or group is expected")
    if "to" not in body and "recipient" in body:
        user_id = words(body, "recipient", "recipient", 160)
        if not USER_ID.fullmatch(user_id):
            wrong("recipient", "a business-scoped user id is expected")
        return "user_id", user_id, user_id
    if "to" not in body:
        missing("to")
    to = words(body, "to", "to", 256)
    return ("group", to, to) if kind == "group" else ("phone", wa_id(to), to)


def wa_id(phone: str) -> str:
    """The digits of a phone number written with or without plus, spaces, dashes and brackets."""
    digits = re.sub(r"[^0-9]", "", phone)
    if not PHONE.fullmatch(phone) or not 7 <= len(digits) <= 15:
        wrong("to", "a phone number of 7 to 15 digits is expected")
    return digits
