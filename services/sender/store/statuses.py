"""Statuses: whose they are, what they change, and what is kept for later."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.db import Connection, fetch_all, run
from services.chassis.queue import Lanes
from services.sender.ports import StatusEvent
from services.sender.store import statements
from services.sender.store.rows import Changes, Encode, lock_messages

_NIL = UUID(int=0)
# As long as Meta repeats webhooks, and some (facts: 7 days + margin).
_KEEP_DAYS = 9


async def apply_statuses(
    connection: Connection, events: Sequence[StatusEvent], *, inbox: Lanes, records: Lanes, encode: Encode
) -> tuple[list[bool], Changes]:
    """Apply each status to its message, park the others, wake the lanes of settled messages; tells what changed."""
    owners = await _resolve(connection, events)
    found = await lock_messages(connection, [(events[n].organization_id, owner) for n, owner in owners.items()])
    strangers = [n for n in range(len(events)) if n not in owners]
    if strangers:
        later = await _expect(connection, [events[n] for n in strangers])
        named = {strangers[n]: owner for n, owner in later.items()}
        found |= await lock_messages(connection, [(events[n].organization_id, owner) for n, owner in named.items()])
        owners |= named
        await _park(connection, [events[n] for n in strangers if n not in named])
    changes = Changes(found)
    changed = [n in owners and changes.put_status((e.organization_id, owners[n]), e) for n, e in enumerate(events)]
    await changes.write(connection)
    await changes.record(connection, records, encode)
    await inbox.wake(connection, _settled_lanes(changes))
    return changed, changes


async def _resolve(connection: Connection, events: Sequence[StatusEvent]) -> dict[int, UUID]:
    values = {
        "groups": [event.organization_id for event in events],
        "callbacks": [event.callback or _NIL for event in events],
        "wamids": [event.wamid for event in events],
    }
    return {row[0] - 1: row[1] for row in await fetch_all(connection, statements.RESOLVE, values)}


async def _expect(connection: Connection, events: Sequence[StatusEvent]) -> dict[int, UUID]:
    """Leave a row for each unknown id: an answer that names it meanwhile is waited for, and then seen."""
    values = {
        "groups": [event.organization_id for event in events],
        "wamids": [event.wamid for event in events],
    }
    await run(connection, statements.EXPECT_WAMIDS, values)
    return await _resolve(connection, events)


async def _park(connection: Connection, events: Sequence[StatusEvent]) -> None:
    if not events:
        return
    groups = [event.organization_id for event in events]
    await run(connection, statements.PARK, {
        "groups": groups,
        "events": [event.event_id for event in events],
        "wamids": [event.wamid for event in events],
        "statuses": [event.status for event in events],
        "codes": [event.error_code for event in events],
        "times": [event.occurred_at for event in events],
    })  # fmt: skip
    await run(connection, statements.FORGET_PARKED, {"groups": sorted(set(groups)), "days": _KEEP_DAYS})


def _settled_lanes(changes: Changes) -> list[tuple[UUID, UUID]]:
    """Lanes that may have waited for these messages."""
    settled = (m for key, m in changes.after.items() if m.is_settled and not changes.found[key].is_settled)
    return sorted({(message.organization_id, message.lane_id) for message in settled})
