"""Messages as rows, and everything that is written when they change: row, ids at Meta, delivery records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from psycopg.rows import TupleRow

from services.chassis import clock
from services.chassis.db import Connection, fetch_all, run
from services.chassis.queue import Item, Lanes
from services.sender import metrics
from services.sender.domain.delivery import Delivery, deliveries
from services.sender.domain.message import RANKS, Message, with_status
from services.sender.ports import StatusEvent
from services.sender.store import statements

Encode = Callable[[Delivery], bytes]
Key = tuple[UUID, UUID]
Found = dict[Key, Message]

# Records of one organization travel in a few lanes, so that analytics gets them in batches.
RECORD_SHARDS = 4
_SEPARATOR = "\x1f"


def message_of(row: TupleRow) -> Message:
    """A message from the columns of `statements.COLUMNS`."""
    return Message(
        organization_id=row[0], message_id=row[1], lane_id=row[2], phone_number_id=row[3], recipient_wa_id=row[4],
        flow_id=row[5], node_id=row[6], state=row[7], attempts=row[8], attempt_age=row[9], status=row[10],
        wamids=tuple(row[11]), resolved_by=row[12], is_maybe_duplicate=row[13], error_code=row[14], error_text=row[15],
    )  # fmt: skip


async def lock_messages(connection: Connection, keys: Sequence[Key]) -> Found:
    """Lock these messages until the transaction ends and give them; unknown ones are left out."""
    if not keys:
        return {}
    chosen = sorted(set(keys))
    values = {"groups": [key[0] for key in chosen], "ids": [key[1] for key in chosen]}
    rows = await fetch_all(connection, statements.LOCK_MESSAGES, values)
    return {message.key: message for message in map(message_of, rows)}


@dataclass(slots=True)
class Changes:
    """Changes of locked messages, collected in memory and written together."""

    found: Mapping[Key, Message]
    after: Found = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)

    def current(self, key: Key) -> Message:
        """The message as changed so far."""
        return self.after.get(key) or self.found[key]

    def put(self, message: Message, *, occurred_at_us: int = 0) -> bool:
        """Note a message's new form; tells whether it differs."""
        before = self.current(message.key)
        if before == message:
            return False
        self.after[message.key] = message
        self.deliveries += deliveries(before, message, occurred_at_us or int(clock.now().timestamp() * 1e6))
        return True

    def put_status(self, key: Key, event: StatusEvent) -> bool:
        """Apply a status to a message."""
        changed = with_status(self.current(key), event.status, event.wamid, event.error_code)
        return self.put(changed, occurred_at_us=event.occurred_at * 1_000_000)

    async def write(self, connection: Connection) -> None:
        """Write rows and ids; statuses that were parked for new ids are applied with them."""
        if not self.after:
            return
        named = [(m.organization_id, wamid, m.message_id) for m in self.after.values() for wamid in self._new_wamids(m)]
        if named:
            for event, message_id in await _name_wamids(connection, named):
                self.put_status((event.organization_id, message_id), event)
        await run(connection, statements.WRITE_MESSAGES, _values(list(self.after.values())))

    async def record(self, connection: Connection, records: Lanes, encode: Encode) -> None:
        """Put what happened into the lanes to analytics."""
        await records.enqueue(connection, [_item(delivery, encode) for delivery in self.deliveries])

    def count(self) -> None:
        """Tell the metrics, once the transaction is durable."""
        for message in self.after.values():
            before = self.found[message.key]
            if message.state != before.state:
                metrics.messages_total.labels(message.state).inc()
            if message.is_maybe_duplicate and not before.is_maybe_duplicate:
                metrics.resent_total.inc()
            if len(message.wamids) > max(len(before.wamids), 1):
                metrics.duplicates_total.inc(len(message.wamids) - max(len(before.wamids), 1))

    def _new_wamids(self, message: Message) -> list[str]:
        known = self.found[message.key].wamids
        return [wamid for wamid in message.wamids if wamid not in known]


async def _name_wamids(
    connection: Connection, named: Sequence[tuple[UUID, str, UUID]]
) -> list[tuple[StatusEvent, UUID]]:
    owners = {(organization_id, wamid): message_id for organization_id, wamid, message_id in named}
    values = {"groups": [key[0] for key in owners], "wamids": [key[1] for key in owners], "ids": list(owners.values())}
    await run(connection, statements.NAME_WAMIDS, values)
    # A new statement, a new snapshot: it sees what a status parked while we waited for its row.
    parked = await fetch_all(
        connection, statements.TAKE_PARKED, {"groups": values["groups"], "wamids": values["wamids"]}
    )
    events = [
        StatusEvent(
            organization_id=row[0],
            event_id=row[1],
            wamid=row[2],
            status=row[3],
            callback=None,
            error_code=row[4],
            occurred_at=row[5],
        )
        for row in parked
    ]
    events.sort(key=lambda event: RANKS.get(event.status, 0))
    return [(event, owners[event.organization_id, event.wamid]) for event in events]


def _values(messages: Sequence[Message]) -> dict[str, object]:
    ordered = sorted(messages, key=lambda message: message.key)
    return {
        "groups": [message.organization_id for message in ordered],
        "ids": [message.message_id for message in ordered],
        "states": [message.state for message in ordered],
        "attempts": [message.attempts for message in ordered],
        "statuses": [message.status for message in ordered],
        "resolved": [message.resolved_by for message in ordered],
        "wamids": [_SEPARATOR.join(message.wamids) for message in ordered],
        "maybe": [message.is_maybe_duplicate for message in ordered],
        "codes": [message.error_code for message in ordered],
        "errors": [message.error_text.replace("\x00", " ") for message in ordered],
        "nows": [message.is_attempted_now for message in ordered],
    }


def _item(delivery: Delivery, encode: Encode) -> Item:
    organization_id = delivery.message.organization_id
    lane_id = uuid5(organization_id, f"records:{delivery.message.message_id.int % RECORD_SHARDS}")
    return Item(organization_id, lane_id, delivery.record_id, encode(delivery))
