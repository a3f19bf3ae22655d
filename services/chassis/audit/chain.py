"""What an audit entry says, how it is hashed, and how damage to a chain of them is found. Pure.

A chain belongs to one room and one organization. Entry n has `seq` n, `prev_hash` is the hash of entry n - 1 (32 zero
bytes for the first), and `hash` = sha256(prev_hash || entry as UTF-8). `entry` is the canonical JSON of every column
but the hashes, so a column that was changed no longer agrees with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

HOUSE = UUID(int=0)
"""The organization of what concerns none: the chain of the whole house."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A change to be noted. It says that something changed, never what it holds: no secrets, no personal data.

    `action` is a resource and a verb ("number.put"), `object` what was changed ("number:10654…"), by ids only. `before`
    and `after` are digests (`digest_of`) of what was there and what is there now; None where there was or is nothing.
    Do not digest what can be guessed, such as a phone number alone: all of them can be tried. An empty `actor` is
    whoever stands behind the call that is being worked on.
    """

    organization_id: UUID
    action: str
    object: str
    before: bytes | None = None
    after: bytes | None = None
    actor: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry as it is stored. `at` is the time of the database in UTC, ISO 8601 with microseconds and Z."""

    seq: int
    at: str
    actor: str
    action: str
    object: str
    before: bytes | None
    after: bytes | None
    entry: str
    prev_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a chain: the entry with this number has this hash. Whoever keeps it elsewhere can ask for it again."""

    seq: int
    hash: bytes


START = Link(0, bytes(32))
"""Before the first entry."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a chain holds.

    `link` is the last entry that does. `flaw` says what is wrong with the entry numbered `flawed_seq`; empty and 0 when
    nothing is. `has_more` when there may be entries beyond `link` that were not looked at.
    """

    link: Link
    has_more: bool = False
    flawed_seq: int = 0
    flaw: str = ""


def digest_of(value: object) -> bytes:
    """sha256 of a value's canonical JSON. Takes JSON values, UUIDs, times, dataclasses; raises TypeError otherwise."""
    return hashlib.sha256(canonical_json(value).encode()).digest()


def canonical_json(value: object) -> str:
    """One text for equal values: sorted keys, no spaces, no escapes that are not needed."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_as_json
    )


def parts_of(entry: AuditEntry, *, room: str, actor: str) -> tuple[str, str]:
    """An entry's canonical JSON in two parts: the time goes between them; the number and a brace come last.

    Only the database knows time and number, for it alone knows what is written at the same moment.
    """
    first = {"action": entry.action, "actor": actor, "after": _hex(entry.after)}
    last = {
        "before": _hex(entry.before),
        "object": entry.object,
        "organization_id": str(entry.organization_id),
        "room": room,
    }
    return canonical_json(first)[:-1] + ',"at":"', '",' + canonical_json(last)[1:-1] + ',"seq":'


def text_of(record: AuditRecord, *, room: str, organization_id: UUID) -> str:
    """The canonical JSON that a record's columns stand for."""
    return canonical_json(
        {
            "action": record.action,
            "actor": record.actor,
            "after": _hex(record.after),
            "at": record.at,
            "before": _hex(record.before),
            "object": record.object,
            "organization_id": str(organization_id),
            "room": room,
            "seq": record.seq,
        }
    )


def hash_of(prev_hash: bytes, entry: str) -> bytes:
    """The hash of an entry that follows the one with `prev_hash`."""
    return hashlib.sha256(prev_hash + entry.encode()).digest()


def flaw_of(record: AuditRecord, after: Link, *, room: str, organization_id: UUID) -> str:
    """What is wrong with the record that should follow `after`, as a part of a sentence; empty when nothing is."""
    if record.seq != after.seq + 1:
        return "the entry is missing"
    if record.prev_hash != after.hash:
        return "prev_hash is not the hash of the entry before"
    if record.hash != hash_of(record.prev_hash, record.entry):
        return "hash is not that of the entry: one of them was changed"
    if record.entry != text_of(record, room=room, organization_id=organization_id):
        return "the columns are not what the entry says: they were changed, or moved from another chain"
    return ""


def verdict_on(
    records: Iterable[AuditRecord], after: Link, *, room: str, organization_id: UUID, has_more: bool
) -> Verdict:
    """How far records hold that should follow `after` in order; ends at the first flaw."""
    link = after
    for record in records:
        flaw = flaw_of(record, link, room=room, organization_id=organization_id)
        if flaw:
            return Verdict(link, flawed_seq=link.seq + 1, flaw=flaw)
        link = Link(record.seq, record.hash)
    return Verdict(link, has_more=has_more)


def _hex(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()


def _as_json(value: Any) -> object:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON")
