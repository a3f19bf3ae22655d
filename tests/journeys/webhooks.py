"""Webhook bodies as Meta builds them, and their signature."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PATH = "/api/v1/whatsapp/webhook"

_serial = itertools.count(1)

Element = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with WhatsApp; without a phone number when they hide it, without a user id as before 2026."""

    wa_id: str = ""
    user_id: str = ""
    name: str = "Journey"

    @property
    def key(self) -> str:
        """What names this person in the simulated Meta's ledger."""
        return self.wa_id or self.user_id

    def contact(self) -> Element:
        """The person as an element of `contacts`."""
        return {"profile": {"name": self.name}} | _present(wa_id=self.wa_id, user_id=self.user_id)


def text(person: Person, words: str) -> Element:
    """A text message with an id of its own, written now."""
    return _message(person) | {"type": "text", "text": {"body": words}}


def image(person: Person, **file: str) -> Element:
    """A picture: its id, mime_type and sha256, as Meta tells them."""
    return _message(person) | {"type": "image", "image": file}


def tap(person: Person, kind: str, option: str, title: str) -> Element:
    """A tap on a button (kind button_reply) or a list row (list_reply)."""
    return _message(person) | {
        "type": "interactive",
        "interactive": {"type": kind, kind: {"id": option, "title": title}},
    }


def status(person: Person, message_id: str, word: str) -> Element:
    """A status of a message somebody sent."""
    return {"id": message_id, "status": word, "timestamp": str(int(time.time())), "recipient_id": person.wa_id}


def change(
    phone_number_id: str, people: Iterable[Person] = (), *, messages: Iterable[Element] = (),
    statuses: Iterable[Element] = (),
) -> Element:  # fmt: skip
    """One change: messages or statuses of one number."""
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550100", "phone_number_id": phone_number_id},
    }
    contents = {"contacts": [person.contact() for person in people], "messages": list(messages)}
    contents["statuses"] = list(statuses)
    return {"field": "messages", "value": value | {name: items for name, items in contents.items() if items}}


def body(*entries: Iterable[Element]) -> bytes:
    """A whole POST with one entry for each list of changes."""
    elements = [{"id": "610000000000001", "changes": list(changes)} for changes in entries]
    return json.dumps({"object": "whatsapp_business_account", "entry": elements}).encode()


def signed(content: bytes, secret: str) -> dict[str, str]:
    """The headers that prove `content` comes from the app with this secret."""
    digest = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}


def _message(person: Person) -> Element:
    sender = _present(**{"from": person.wa_id}, from_user_id=person.user_id)
    # A wamid is unique at Meta; the time keeps those of a second run on the same data apart.
    wamid = f"wamid.journey.{time.time_ns()}.{next(_serial)}"
    return sender | {"id": wamid, "timestamp": str(int(time.time()))}


def _present(**values: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
