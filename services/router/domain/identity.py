"""Who a message is from: identities, and the ids made from them.

A phone number may be missing since 2026 and a business-scoped user id changes with the number (facts.md section 6), so
a contact is known by any of its identities.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple
from uuid import UUID, uuid5

from services.router.domain.message import Message, Notice

Kind = Literal["wa_id", "user_id", "parent_user_id"]

MOST_CHARACTERS = 256

_PHONE = re.compile(r"\+?([0-9]{5,20})")
_PUNCTUATION = str.maketrans("", "", " -().\u00a0")


class Identity(NamedTuple):
    """One name of one contact in one organization; the key under which a contact is found."""

    organization_id: UUID
    kind: Kind
    value: str


class Naming(NamedTuple):
    """The names a message gives its sender, exactly as it gives them, and the number it came to."""

    organization_id: UUID
    phone_number_id: str
    wa_id: str
    user_id: str


def contact_id_of(identity: Identity, not_before: int = 0) -> UUID:
    """The id of the contact that this identity creates: the same in every replica and on every try.

    Whoever was erased and writes again becomes another contact: nothing that is left of the former one is this one's.
    """
    life = f":{not_before}" if not_before else ""
    return uuid5(identity.organization_id, f"{identity.kind}:{identity.value}{life}")


def conversation_id_of(contact_id: UUID, phone_number_id: str) -> UUID:
    """The id of the conversation of a contact with a number."""
    return uuid5(contact_id, phone_number_id)


def identities_of(organization_id: UUID, message: Message) -> tuple[Identity, ...]:
    """The identities a message names, all of one contact, the newest of a kind last; empty when it names nobody.

    The id at the parent business is none of them: alone it does not identify (it joins several portfolios).
    """
    pairs: list[tuple[Kind, str]] = []
    if message.notice is not None:
        pairs.extend(_before(message.notice))
    if message.wa_id:
        pairs.append(("wa_id", message.wa_id))
    if message.user_id:
        pairs.append(("user_id", message.user_id))
    if message.notice is not None:
        pairs.extend(_after(message.notice))
    return tuple(Identity(organization_id, kind, value) for kind, value in dict.fromkeys(pairs))


def parent_of(organization_id: UUID, message: Message) -> Identity | None:
    """The id at the parent business, kept beside the identities."""
    if not message.parent_user_id:
        return None
    return Identity(organization_id, "parent_user_id", message.parent_user_id)


def read_identity(organization_id: UUID, text: str) -> Identity:
    """What a person wrote to name a contact: a phone number, with or without signs, or a user id."""
    digits = phone_digits(text)
    return Identity(organization_id, "wa_id", digits) if digits else Identity(organization_id, "user_id", text.strip())


def phone_digits(text: str) -> str:
    """The digits of a phone number such as +55 11 99999-9999; empty when it is none."""
    found = _PHONE.fullmatch(text.translate(_PUNCTUATION))
    return found[1] if found else ""


def _before(notice: Notice) -> list[tuple[Kind, str]]:
    return _changed(notice, notice.previous)


def _after(notice: Notice) -> list[tuple[Kind, str]]:
    pairs = _changed(notice, notice.current)
    # Only these two notices link identities; the others (a changed security key) change none.
    if notice.type in _KINDS:
        pairs.extend([("wa_id", notice.new_wa_id)] if notice.new_wa_id else [])
        pairs.extend([("user_id", notice.new_user_id)] if notice.new_user_id else [])
    return pairs


_KINDS: dict[str, Kind] = {"user_changed_number": "wa_id", "user_changed_user_id": "user_id"}


def _changed(notice: Notice, value: str) -> list[tuple[Kind, str]]:
    """`previous` and `current` are words of a sentence Meta wrote: a number must look like one to be believed."""
    kind = _KINDS.get(notice.type)
    if kind is None or not value:
        return []
    digits = phone_digits(value)
    if kind == "wa_id":
        return [("wa_id", digits)] if digits else []
    return [] if digits else [("user_id", value)]
