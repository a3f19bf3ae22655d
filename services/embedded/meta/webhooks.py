"""Webhook bodies as Meta builds, escapes and signs them."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from .people import Person
from .plans import BusinessNumber

JsonObject = Mapping[str, object]

_FIELDS = {
    "user_preferences": "user_preferences",
    "new_quality_score": "message_template_quality_update",
    "new_category": "template_category_update",
    "message_template_element": "message_template_components_update",
    "message_template_name": "message_template_status_update",
}

ESCAPES = str.maketrans({"/": "\\/", "<": "\\u003C", "%": "\\u0025", "@": "\\u0040"})
"""Besides non-ASCII, Meta escapes these; none can stand outside a JSON string, so replacing is exact."""


def encode(body: JsonObject) -> bytes:
    """The exact bytes Meta would send: ASCII only, no blanks, its own extra escapes."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).translate(ESCAPES).encode("ascii")


def signature(app_secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256 for these raw bytes."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def envelope(number: BusinessNumber, values: Sequence[JsonObject]) -> JsonObject:
    """One POST's body with one change for each value."""
    changes = [{"value": value, "field": _field_of(value)} for value in values]
    return {"object": "whatsapp_business_account", "entry": [{"id": number.waba_id, "changes": changes}]}


def preference_value(number: BusinessNumber, person: Person, name: str, preference: JsonObject) -> JsonObject:
    """The `value` of what a person wants of marketing messages."""
    whole = _present({"wa_id": person.wa_id, "user_id": person.user_id}) | dict(preference)
    return _frame(number) | {"contacts": [_contact(person, name)], "user_preferences": [whole]}


def _field_of(value: JsonObject) -> str:
    """The field a change comes under, as its value tells."""
    return next((field for key, field in _FIELDS.items() if key in value), "messages")


def message_value(number: BusinessNumber, person: Person, name: str, message: JsonObject) -> JsonObject:
    """The `value` of an inbound message; sender keys the person hides are left out, not empty."""
    sender = _present({"from": person.wa_id, "from_user_id": person.user_id})
    return _frame(number) | {"contacts": [_contact(person, name)], "messages": [sender | dict(message)]}


def status_value(number: BusinessNumber, person: Person, name: str, status: JsonObject) -> JsonObject:
    """The `value` of a status; a failed one names no contacts, as at Meta."""
    whole = dict(status) | _present({"recipient_id": person.wa_id, "recipient_user_id": person.user_id})
    if status["status"] == "failed":
        whole.pop("recipient_user_id", None)
        return _frame(number) | {"statuses": [whole]}
    return _frame(number) | {"statuses": [whole], "contacts": [_contact(person, name)]}


def _frame(number: BusinessNumber) -> dict[str, object]:
    digits = "".join(filter(str.isdigit, number.display_phone_number))
    metadata = {"display_phone_number": digits, "phone_number_id": number.phone_number_id}
    return {"messaging_product": "whatsapp", "metadata": metadata}


def _contact(person: Person, name: str) -> dict[str, object]:
    return {"profile": {"name": name}} | _present({"wa_id": person.wa_id, "user_id": person.user_id})


def _present(values: dict[str, str]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value}
