"""Webhooks, and the calls they come to: changes are turned into calls once, in the transaction that notes how far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import orjson

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query
from services.chassis.queue import Claim, Finish, Item, Lanes, LeaseLost, StoredItem
from services.chassis.sealing import SealBroken, SealedColumn, Sealer
from services.sender.domain.changes import Change, News
from services.sender.domain.desk import DeskEvent
from services.sender.domain.webhooks import Call, Webhook
from services.sender.ports.teams import Stored
from services.sender.store.changes import (
    Decode,
    changes_in,
    end_in,
    lanes_of,
    reached_in,
    reading_end,
    reading_since,
)

_TABLE = "sender.webhook"
SEALED = (SealedColumn(_TABLE, "sealed", "webhook_id", owners="sender.webhook_feed"),)
"""Where secrets lie."""

EncodeCall = Callable[[Call], bytes]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = "webhook_id, name, url, events, is_active, created_at"
_MINE = "organization_id = %(organization)b::uuid"

_ALL = Query(f"SELECT {_COLUMNS} FROM sender.webhook WHERE {_MINE} AND deleted_at IS NULL ORDER BY name")
_ONE = Query(f"""
    SELECT {_COLUMNS}, sealed FROM sender.webhook
    WHERE {_MINE} AND webhook_id = %(webhook)b::uuid AND deleted_at IS NULL""")
_NAMED = Query(f"""
    SELECT {_COLUMNS}, sealed FROM sender.webhook
    WHERE {_MINE} AND name = %(name)b::text AND deleted_at IS NULL FOR UPDATE""")
_PUT = Query(f"""
    INSERT INTO sender.webhook (organization_id, webhook_id, name, url, events, is_active, sealed)
    VALUES (%(organization)b::uuid, %(webhook)b::uuid, %(name)b::text, %(url)b::text, %(events)b::text[],
            %(is_active)b::bool, %(sealed)b::bytea)
    ON CONFLICT (organization_id, webhook_id) DO UPDATE SET
      url = excluded.url, events = excluded.events, is_active = excluded.is_active, sealed = excluded.sealed,
      created_at = CASE WHEN webhook.deleted_at IS NULL THEN webhook.created_at ELSE now() END, deleted_at = NULL
    RETURNING {_COLUMNS}""")
_DELETE = Query(f"""
    UPDATE sender.webhook SET deleted_at = now(), sealed = NULL WHERE {_MINE} AND webhook_id = %(webhook)b::uuid""")

# Who gets a first webhook is told what happens from here on.
_BEGIN_FEED = Query("""
    INSERT INTO sender.webhook_feed (organization_id, lanes, positions)
    VALUES (%(organization)b::uuid, %(lanes)b::uuid[], %(positions)b::bigint[])
    ON CONFLICT (organization_id) DO NOTHING""")
_END_FEED = Query("""
    DELETE FROM sender.webhook_feed f WHERE f.organization_id = %(organization)b::uuid
      AND NOT EXISTS (
        SELECT 1 FROM sender.webhook w WHERE w.organization_id = f.organization_id AND w.deleted_at IS NULL)""")
_DUE = Query("""
    SELECT f.organization_id FROM sender.webhook_feed f WHERE EXISTS (
      SELECT 1 FROM unnest(f.lanes, f.positions) t(k, p)
      JOIN sender.records_lane l ON (l.organization_id, l.lane_id) = (f.organization_id, t.k) WHERE l.tail > t.p)
    ORDER BY random() LIMIT %(limit)b::bigint""")
_LOCK_FEED = Query(f"SELECT positions FROM sender.webhook_feed WHERE {_MINE} FOR UPDATE SKIP LOCKED")
_MOVE_FEED = Query(f"UPDATE sender.webhook_feed SET positions = %(positions)b::bigint[] WHERE {_MINE}")
_NUMBERS = Query("""
    SELECT m.message_id, m.phone_number_id FROM unnest(%(ids)b::uuid[]) t(k)
    CROSS JOIN LATERAL (
      SELECT message_id, phone_number_id FROM sender.message
      WHERE organization_id = %(organization)b::uuid AND message_id = t.k AND erased_at IS NULL LIMIT 1) m""")


class PostgresWebhooks:
    """See ports.teams.WebhookStore."""

    def __init__(
        self, database: Database, sealer: Sealer, audit: AuditLog, calls: Lanes, *, decode: Decode, encode: EncodeCall
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._audit = audit
        self._calls = calls
        self._decode = decode
        self._encode = encode

    async def put(
        self, *, organization_id: UUID, wanted: Webhook, secret: str | None, spare_secret: str
    ) -> tuple[Stored, bool]:
        """See WebhookStore."""
        values: dict[str, object] = {"organization": organization_id, "name": wanted.name}
        async with self._database.journey([organization_id]) as journey:
            *_, rows, ends = await journey.run([
                *self._audit.locking([organization_id]), (_NAMED, values), reading_end(organization_id)
            ])  # fmt: skip
            before = _webhook(rows[0]) if rows else None
            kept = self._open(organization_id, before.webhook_id, rows[0][6]) if before and rows else None
            chosen = secret or kept or spare_secret
            webhook_id = before.webhook_id if before else wanted.webhook_id
            if before and chosen == kept and before.facts == wanted.facts:
                return Stored(before, False), False
            sealed = self._sealer.seal(chosen, table=_TABLE, organization_id=str(organization_id), row=str(webhook_id))
            put = {
                **values, "webhook": webhook_id, "url": wanted.url, "events": list(wanted.events),
                "is_active": wanted.is_active, "sealed": sealed,
            }  # fmt: skip
            entry = AuditEntry(
                organization_id, "webhook.put", f"webhook:{webhook_id}",
                before=_digest(before) if before else None, after=_digest(wanted, is_secret_new=chosen != kept),
            )  # fmt: skip
            begin = {
                "organization": organization_id, "lanes": lanes_of(organization_id),
                "positions": list(end_in(organization_id, ends)),
            }  # fmt: skip
            stored, *_ = await journey.commit([(_PUT, put), (_BEGIN_FEED, begin), *self._audit.steps([entry])])
        return Stored(_webhook(stored[0]), True), secret is None and kept is None

    async def all(self, *, organization_id: UUID) -> list[Webhook]:
        """See WebhookStore."""
        step = (_ALL, {"organization": organization_id})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return [_webhook(row) for row in rows]

    async def delete(self, *, organization_id: UUID, webhook_id: UUID) -> bool:
        """See WebhookStore."""
        values = {"organization": organization_id, "webhook": webhook_id}
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (_ONE, values)])
            if not rows:
                return False
            before = _webhook(rows[0])
            entry = AuditEntry(
                organization_id, "webhook.delete", f"webhook:{webhook_id}",
                before=_digest(before), after=None,
            )  # fmt: skip
            await journey.commit([(_DELETE, values), (_END_FEED, values), *self._audit.steps([entry])])
        return True

    async def secret_of(self, *, organization_id: UUID, webhook_id: UUID) -> tuple[Webhook, str] | None:
        """See WebhookStore."""
        step = (_ONE, {"organization": organization_id, "webhook": webhook_id})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        secret = self._open(organization_id, webhook_id, rows[0][6]) if rows else None
        return None if secret is None else (_webhook(rows[0]), secret)

    async def feed(self, *, limit: int) -> bool:
        """See WebhookStore."""
        # No organization is named yet: the feed's rows are ids and positions.
        (due,) = await self._database.batch((), [(_DUE, {"limit": limit})], durable=False)
        made = [await self._feed_one(organization_id) for (organization_id,) in due]
        return any(made)

    async def _feed_one(self, organization_id: UUID) -> bool:
        values: dict[str, object] = {"organization": organization_id}
        async with self._database.journey([organization_id]) as journey:
            locked, found = await journey.run([(_LOCK_FEED, values), (_ALL, values)])
            if not locked:
                return False
            after = tuple(locked[0][0])
            ends, rows = await journey.run(reading_since(organization_id, after))
            webhooks = [_webhook(row) for row in found]
            changes = [
                change
                for change in changes_in(rows, self._decode)
                if any(webhook.wants(change.event) for webhook in webhooks)
            ]
            ids = sorted({change.message_id for change in changes if isinstance(change, Change)})
            (told,) = await journey.run([(_NUMBERS, {**values, "ids": ids})])
            numbers: dict[UUID, str] = {row[0]: row[1] for row in told}
            items = [
                item
                for change in changes
                for body in _bodies(organization_id, change, numbers)
                for item in self._items(organization_id, change, body, webhooks)
            ]
            moved = {**values, "positions": list(reached_in(organization_id, after, ends, rows))}
            await journey.commit([(_MOVE_FEED, moved), *self._calls.enqueueing(items).steps])
        return bool(items)

    def _items(self, organization_id: UUID, change: News, body: bytes, webhooks: Sequence[Webhook]) -> list[Item]:
        return [
            Item(
                organization_id,
                lane_of(webhook.webhook_id, change.lane_id),
                f"{webhook.webhook_id}:{change.event_id}",
                self._encode(
                    Call(webhook_id=webhook.webhook_id, event=change.event, event_id=change.event_id, body=body)
                ),
            )
            for webhook in webhooks
            if webhook.wants(change.event)
        ]

    def _open(self, organization_id: UUID, webhook_id: UUID, sealed: bytes) -> str | None:
        place = {"table": _TABLE, "organization_id": str(organization_id), "row": str(webhook_id)}
        try:
            return self._sealer.open(bytes(sealed), **place)
        except SealBroken:
            return None


class PostgresCalls:
    """See ports.teams.CallBox."""

    def __init__(self, database: Database, lanes: Lanes, *, per_lane: int) -> None:
        self._database = database
        self._lanes = lanes
        self._per_lane = per_lane

    async def claim(self, *, limit: int) -> list[Claim]:
        """See CallBox."""
        return await self._lanes.claim(limit=limit, per_lane=self._per_lane)

    async def give_back(self, claim: Claim, *, head: int, delay: float | None, error: str | None) -> bool:
        """See CallBox. An error is told; blame, which keeps count, is for a lane that made nothing."""
        is_blamed = error is not None and head == claim.head
        return await self._lanes.give_back([Finish(claim, head, delay=delay, is_blamed=is_blamed, error=error)])

    async def bury(self, claim: Claim, item: StoredItem, error: str) -> bool:
        """See CallBox."""
        try:
            async with self._database.transaction([claim.group_id]) as connection:
                await self._lanes.bury(connection, claim, item, error)
                return await self._lanes.finish(connection, [Finish(claim, item.position)])
        except LeaseLost:
            return False


def _bodies(organization_id: UUID, change: News, numbers: Mapping[UUID, str]) -> list[bytes]:
    """The body of a change's calls; none of a message of somebody erased."""
    if isinstance(change, DeskEvent):
        return [orjson.dumps(_desk_body(organization_id, change))]
    if change.message_id not in numbers:
        return []
    told = {
        "event_id": change.event_id,
        "event": change.event,
        "organization_id": str(organization_id),
        "message_id": str(change.message_id),
        "conversation_id": str(change.lane_id),
        "phone_number_id": numbers[change.message_id],
        "status": change.status,
        "sequence": change.sequence,
        "error_code": change.error_code,
        "occurred_at": _moment(change.occurred_at_us),
    }
    return [orjson.dumps(told)]


def _desk_body(organization_id: UUID, event: DeskEvent) -> dict[str, object]:
    return {
        "event_id": event.event_id,
        "event": event.event,
        "organization_id": str(organization_id),
        "conversation_id": str(event.lane_id),
        "phone_number_id": event.phone_number_id,
        "entry_id": event.entry_id,
        "queue_id": event.queue_id or None,
        "department_id": event.department_id or None,
        "from_queue_id": event.from_queue_id or None,
        "agent_id": event.agent_id or None,
        "how": event.how,
        "sla_due_at": _moment(event.sla_due_at_us) if event.sla_due_at_us else None,
        "sequence": event.sequence,
        "occurred_at": _moment(event.occurred_at_us),
    }


def _moment(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()


def lane_of(webhook_id: UUID, conversation_id: UUID) -> UUID:
    """The lane in which a webhook's calls about a conversation wait for each other."""
    return uuid5(webhook_id, str(conversation_id))


def _webhook(row: tuple[Any, ...]) -> Webhook:
    webhook_id, name, url, events, is_active, created_at = row[:6]
    return Webhook(
        webhook_id=webhook_id, name=name, url=url, events=tuple(events), is_active=is_active, created_at=created_at
    )


def _digest(webhook: Webhook, *, is_secret_new: bool = False) -> bytes:
    """Without the secret: who chose it may have chosen one that can be guessed."""
    return digest_of({
        "url": webhook.url, "events": list(webhook.events), "is_active": webhook.is_active,
        "is_secret_new": is_secret_new,
    })  # fmt: skip
