"""Messages as rows, and everything that is written when they change: row, ids at Meta, delivery records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from services.chassis import clock
from services.chassis.db import Rows, Step
from services.chassis.queue import Item, Lanes, bundles_of
from services.sender import metrics
from services.sender.domain.codes import Action
from services.sender.domain.delivery import Delivery, deliveries
from services.sender.domain.message import RANKS, Key, Message, Price, key_of, with_status
from services.sender.ports import StatusEvent
from services.sender.store import statements
from services.sender.store.aliases import Alias, noting

Encode = Callable[[Delivery], bytes]
"""A delivery as another room takes it."""
Found = dict[Key, Message]
Named = dict[tuple[UUID, str], UUID]
"""Messages by the ids Meta gave them (organization, wamid)."""
Ids = tuple[UUID, UUID]

# Records of one organization travel in a few lanes, so that transactions which meet rarely wait for each other.
RECORD_SHARDS = 4
_SEPARATOR = "\x1f"


def message_of(row: tuple[Any, ...]) -> Message:
    """A message from the columns every locking statement gives."""
    return Message(
        organization_id=row[0], message_id=row[1], lane_id=row[2], phone_number_id=row[3], recipient_wa_id=row[4],
        flow_id=row[5], node_id=row[6], state=row[7], attempts=row[8], attempt_age=row[9], status=row[10],
        wamids=tuple(row[11]), resolved_by=row[12], is_maybe_duplicate=row[13], error_code=row[14], error_text=row[15],
        error_action=row[16], retries=row[17], is_erased=row[18], price=Price(row[19], row[20]), arrived_at_us=row[21],
        campaign_id=row[22], campaign_try=row[23],
    )  # fmt: skip


def locking(ids: Sequence[Ids]) -> Step:
    """The step that locks these messages until the transaction ends and gives them; unknown ones are left out."""
    chosen = {key_of(*pair): pair for pair in ids}
    ordered = [chosen[key] for key in sorted(chosen)]
    return statements.LOCK_MESSAGES, {"groups": [pair[0] for pair in ordered], "ids": [pair[1] for pair in ordered]}


def naming(named: Named) -> list[Step]:
    """The steps that note ids of Meta and take what was parked for them (`parked_of` reads the second's rows).

    Two statements, two snapshots: the second sees what a status parked while the first waited for its row.
    """
    ordered = sorted(named)
    values = {"groups": [key[0] for key in ordered], "wamids": [key[1] for key in ordered]}
    return [
        (statements.NAME_WAMIDS, {**values, "ids": [named[key] for key in ordered]}),
        (statements.TAKE_PARKED, values),
    ]


def parked_of(rows: Rows) -> list[StatusEvent]:
    """Parked statuses, in the order in which they happened."""
    events = [
        StatusEvent(
            organization_id=row[0],
            event_id=row[1],
            wamid=row[2],
            status=row[3],
            callback=None,
            error_code=row[4],
            occurred_at=row[5],
            price=Price(row[6], row[7]),
        )
        for row in rows
    ]
    events.sort(key=lambda event: RANKS.get(event.status, 0))
    return events


@dataclass(frozen=True, slots=True)
class Telling:
    """Where what happened to messages goes: all of it to analytics, what did not arrive to the flow that said it."""

    records: Lanes
    encode_record: Encode
    failures: Lanes
    encode_failure: Encode

    def steps(self, deliveries: Sequence[Delivery]) -> list[Step]:
        """The steps that put deliveries into the lanes of both; none for none."""
        failing = self._failing(failures_in(deliveries))
        return [*self.records.enqueueing(self._records_of(deliveries)).steps, *failing]

    def _records_of(self, deliveries: Sequence[Delivery]) -> list[Item]:
        """One item per organization and transaction."""
        told: dict[UUID, list[Delivery]] = {}
        for delivery in deliveries:
            told.setdefault(delivery.message.organization_id, []).append(delivery)
        items: list[Item] = []
        for organization_id, steps in told.items():
            shard = steps[0].message.message_id.int % RECORD_SHARDS
            lane_id = uuid5(organization_id, f"records:{shard}")
            items += bundles_of(organization_id, lane_id, [self.encode_record(step) for step in steps])
        return items

    def _failing(self, failed: Sequence[Delivery]) -> list[Step]:
        """A failure counts once for its message, in the order of its conversation."""
        items = [
            Item(
                delivery.message.organization_id,
                delivery.message.lane_id,
                f"failed:{delivery.message.message_id}",
                self.encode_failure(delivery),
            )
            for delivery in failed
        ]
        return self.failures.enqueueing(items).steps


def failures_in(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Those that a flow is told: what it said did not arrive."""
    return [delivery for delivery in deliveries if delivery.status == "failed" and delivery.is_of_flow]


@dataclass(slots=True)
class Changes:
    """Changes of locked messages, collected in memory and written together."""

    found: Mapping[Key, Message]
    after: Found = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    aliases: set[Alias] = field(default_factory=set)

    def current(self, key: Key) -> Message:
        """The message as changed so far."""
        return self.after.get(key) or self.found[key]

    def put(self, message: Message, *, occurred_at_us: int = 0) -> bool:
        """Note a message's new form; tells whether it differs."""
        key = message.key
        before = self.current(key)
        if before == message:
            return False
        self.after[key] = message
        self.deliveries += deliveries(before, message, occurred_at_us or _now_us())
        return True

    def put_alias(self, key: Key, wa_id: str) -> None:
        """Meta has this number for the message's recipient."""
        message = self.found[key]
        written = message.recipient_wa_id.removeprefix("+")
        if wa_id and written and wa_id != written and wa_id.isascii() and wa_id.isdigit():
            self.aliases.add((message.organization_id, written, wa_id))

    def put_status(self, key: Key, event: StatusEvent) -> bool:
        """Apply a status to a message."""
        self.put_alias(key, event.recipient_wa_id)
        told_at_us = event.occurred_at * 1_000_000 or _now_us()
        changed = with_status(
            self.current(key), event.status, event.wamid, event.error_code, price=event.price, told_at_us=told_at_us
        )
        return self.put(changed, occurred_at_us=told_at_us)

    def put_parked(self, named: Named, rows: Rows) -> None:
        """Apply what was parked for ids that have their messages now (the rows of `naming`'s second step)."""
        for event in parked_of(rows):
            key = key_of(event.organization_id, named[event.organization_id, event.wamid])
            if key in self.found:
                self.put_status(key, event)

    def newly_named(self) -> Named:
        """The ids of Meta that the changed messages did not have."""
        return {
            (message.organization_id, wamid): message.message_id
            for key, message in self.after.items()
            for wamid in message.wamids
            if wamid not in self.found[key].wamids
        }

    def writing(self) -> list[Step]:
        """The steps that write the rows, if any changed, who wants no marketing any more, and other names of people."""
        if not self.after:
            return noting(self.aliases)
        rows = _values(list(self.after.values()))
        return [(statements.WRITE_MESSAGES, rows), *self._suppressing(), *noting(self.aliases)]

    def _suppressing(self) -> list[Step]:
        action = Action.SUPPRESS_MARKETING.value
        told = [m for key, m in self.after.items() if m.error_action == action != self.found[key].error_action]
        if not told:
            return []
        values = {
            "groups": [message.organization_id for message in told],
            "ids": [message.message_id for message in told],
            "sources": [f"meta:{message.error_code}" for message in told],
        }
        return [(statements.SUPPRESS_MARKETING, values)]

    def count(self) -> None:
        """Tell the metrics, once the transaction is durable."""
        for key, message in self.after.items():
            before = self.found[key]
            if message.state != before.state:
                metrics.messages_by_state[message.state].inc()
            if message.is_maybe_duplicate and not before.is_maybe_duplicate:
                metrics.resent_total.inc()
            if len(message.wamids) > max(len(before.wamids), 1):
                metrics.duplicates_total.inc(len(message.wamids) - max(len(before.wamids), 1))


def _now_us() -> int:
    return int(clock.now().timestamp() * 1e6)


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
        "actions": [message.error_action for message in ordered],
        "retries": [message.retries for message in ordered],
        "nows": [message.is_attempted_now for message in ordered],
        "categories": [message.price.category for message in ordered],
        "types": [message.price.type for message in ordered],
        "arrivals": [message.arrived_at_us or None for message in ordered],
    }
