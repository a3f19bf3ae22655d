"""Webhook bodies as Meta posts them, signed with the app secret: about 500 bytes for one text."""

import hashlib
import hmac
import time
from collections.abc import Iterator
from itertools import count

import orjson

from tests.benchmarks.meta.people import Person

WABA_ID = "102000000000001"


def text_webhook(person: Person, *, text: str, message_id: str) -> bytes:
    """Return the body for one inbound text."""
    message = {
        "from": person.wa_id,
        "id": message_id,
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": text},
    }
    contact = {"profile": {"name": f"{person.name} da Oficina Aberta"}, "wa_id": person.wa_id}
    return _body(person.phone_number_id, {"contacts": [contact], "messages": [message]})


def status_webhook(*, phone_number_id: str, wa_id: str, message_id: str, status: str) -> bytes:
    """Return the body that reports one step (sent, delivered, read) of a reply."""
    report = {
        "id": message_id,
        "status": status,
        "timestamp": str(int(time.time())),
        "recipient_id": wa_id,
        "conversation": {"id": f"c{wa_id}", "origin": {"type": "service"}},
        "pricing": {"billable": False, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"},
    }
    return _body(phone_number_id, {"statuses": [report]})


def _body(phone_number_id: str, content: dict[str, object]) -> bytes:
    metadata = {"display_phone_number": phone_number_id[-11:], "phone_number_id": phone_number_id}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **content}
    entry = {"id": WABA_ID, "changes": [{"value": value, "field": "messages"}]}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})


def sign(body: bytes, app_secret: str) -> str:
    """Return the value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def message_ids(run: str) -> Iterator[str]:
    """Yield ids that are new in this run and, by its name, in every other; as long as Meta's, about 60 characters."""
    return (f"wamid.{run}{number:0>44}" for number in count(1))
