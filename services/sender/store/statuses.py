"""Statuses: whose they are, what they change, and what is kept for later. Two journeys when every message is known.

What is of somebody erased leaves no trace: their messages change no more, and a status that no message is known for is
not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.db import Rows, Step, Transaction
from services.chassis.queue import Lanes
from services.chassis.sealing import NameHasher
from services.sender.domain.message import Message, key_of
from services.sender.ports import StatusEvent, StatusFate
from services.sender.store import statements
from services.sender.store.rows import Changes, Telling, message_of, naming

_NIL = UUID(int=0)
# As long as Meta repeats webhooks, and some (facts: 7 days + margin).
_KEEP_DAYS = 9.0

Owned = dict[int, Message]
"""Messages by the number of their status in the batch."""


async def apply_statuses(
    journey: Transaction,
    events: Sequence[StatusEvent],
    *,
    inbox: Lanes,
    tell: Telling,
    names: NameHasher,
) -> tuple[list[StatusFate], Changes]:
    """Apply each status to its message, park the others, wake the lanes of settled messages; tells their fates."""
    (rows,) = await journey.run([_locking_owners(events)])
    owners = _owned(rows, range(len(events)))
    strangers = [n for n in range(len(events)) if n not in owners]
    erased: set[int] = set()
    if strangers:
        erased = await _of_erased(journey, events, strangers, names)
        strangers = [n for n in strangers if n not in erased]
    if strangers:
        owners |= await _expect(journey, events, strangers)
    changes = Changes({message.key: message for message in owners.values()})
    changed = [n in owners and changes.put_status(owners[n].key, event) for n, event in enumerate(events)]
    erased |= {n for n, message in owners.items() if message.is_erased}
    named = changes.newly_named()
    if named:
        _, parked = await journey.run(naming(named))
        changes.put_parked(named, parked)
    await journey.commit([
        *_parking([events[n] for n in strangers if n not in owners]),
        *changes.writing(),
        *_waking(inbox, changes),
        *tell.steps(changes.deliveries),
    ])  # fmt: skip
    fates: list[StatusFate] = [
        "erased" if n in erased else "applied" if is_changed else "nothing" for n, is_changed in enumerate(changed)
    ]
    return fates, changes


async def _of_erased(
    journey: Transaction, events: Sequence[StatusEvent], strangers: Sequence[int], names: NameHasher
) -> set[int]:
    """Of the statuses no message is known for, those to somebody who was erased."""
    hashes = {n: _hashes(events[n], names) for n in strangers}
    asked = [(events[n].organization_id, each) for n in strangers for each in hashes[n]]
    if not asked:
        return set()
    values = {"groups": [pair[0] for pair in asked], "hashes": [pair[1] for pair in asked]}
    (rows,) = await journey.run([(statements.FIND_ERASED, values)])
    found = {bytes(row[0]) for row in rows}
    return {n for n in strangers if not found.isdisjoint(hashes[n])}


def _hashes(event: StatusEvent, names: NameHasher) -> list[bytes]:
    recipients = {"wa_id": event.recipient_wa_id, "user_id": event.recipient_user_id}
    return [names.hash_of(event.organization_id, kind, value) for kind, value in recipients.items() if value]


def _locking_owners(events: Sequence[StatusEvent]) -> Step:
    return statements.LOCK_OWNERS, {
        "groups": [event.organization_id for event in events],
        "callbacks": [event.callback or _NIL for event in events],
        "wamids": [event.wamid for event in events],
    }


def _owned(rows: Rows, numbers: Sequence[int]) -> Owned:
    return {numbers[row[0] - 1]: message_of(row[1:]) for row in rows}


async def _expect(journey: Transaction, events: Sequence[StatusEvent], strangers: Sequence[int]) -> Owned:
    """Leave a row for each unknown id: an answer that names it meanwhile is waited for, and then seen."""
    unknown = [events[n] for n in strangers]
    values = {"groups": [event.organization_id for event in unknown], "wamids": [event.wamid for event in unknown]}
    _, rows = await journey.run([(statements.EXPECT_WAMIDS, values), _locking_owners(unknown)])
    return _owned(rows, strangers)


def _parking(events: Sequence[StatusEvent]) -> list[Step]:
    if not events:
        return []
    groups = [event.organization_id for event in events]
    parked = {
        "groups": groups,
        "events": [event.event_id for event in events],
        "wamids": [event.wamid for event in events],
        "statuses": [event.status for event in events],
        "codes": [event.error_code for event in events],
        "times": [event.occurred_at for event in events],
        "categories": [event.price.category for event in events],
        "types": [event.price.type for event in events],
    }
    forgotten = {"groups": sorted(set(groups)), "days": _KEEP_DAYS}
    return [(statements.PARK, parked), (statements.FORGET_PARKED, forgotten)]


def _waking(inbox: Lanes, changes: Changes) -> list[Step]:
    """The step that wakes the lanes that may have waited for messages which are settled now."""
    settled = (m for key, m in changes.after.items() if m.is_settled and not changes.found[key].is_settled)
    lanes = {key_of(m.organization_id, m.lane_id): (m.organization_id, m.lane_id) for m in settled}
    return [inbox.waking(list(lanes.values()))] if lanes else []
