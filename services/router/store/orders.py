"""Orders of flows, applied in order within a conversation, each once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from services.chassis.db import Database, Query, Step
from services.chassis.rpc import current_actor
from services.router.domain.order import ContactChange, Fate, HandOver, Order
from services.router.store.queues.merging import finding_moved, hearing, in_its_place, moved_in
from services.router.store.queues.placing import placing

# As long as executor may bring an order again (its items are kept for nine days), and some.
_KEEP_DAYS = 14.0
# Characters of a contact's attributes together, and tags: what is beyond changes nothing.
_MOST_ATTRIBUTES = 16 * 1024
_MOST_TAGS = 100

_NOTE = Query("""
    INSERT INTO router.applied_order (organization_id, order_id)
    SELECT * FROM unnest(%(organizations)b::uuid[], %(orders)b::uuid[]) ORDER BY 1, 2
    ON CONFLICT (organization_id, order_id) DO NOTHING RETURNING organization_id, order_id""")

_FORGET = Query("""
    DELETE FROM router.applied_order
    WHERE organization_id = ANY (%(organizations)b::uuid[])
      AND applied_at < now() - %(days)b::float8 * interval '1 day'""")

# A contact that was merged away is by now another one.
_CHANGE = Query(f"""
    WITH who AS MATERIALIZED (
      SELECT coalesce(merged_into, contact_id) AS id FROM router.contact
      WHERE organization_id = %(organization)b::uuid AND contact_id = %(contact)b::uuid),
    wanted AS MATERIALIZED (
      SELECT c.contact_id, jsonb_strip_nulls(c.attributes || %(attributes)b::text::jsonb) AS attributes, ARRAY(
          SELECT tag FROM unnest(c.tags || %(added)b::text[]) WITH ORDINALITY t(tag, n)
          WHERE tag <> ALL (%(removed)b::text[]) GROUP BY tag ORDER BY min(n) LIMIT {_MOST_TAGS}) AS tags
      FROM who JOIN router.contact c ON c.organization_id = %(organization)b::uuid AND c.contact_id = who.id
      FOR NO KEY UPDATE OF c)
    UPDATE router.contact c SET
      attributes = CASE WHEN length(w.attributes::text) <= {_MOST_ATTRIBUTES} THEN w.attributes ELSE c.attributes END,
      tags = w.tags,
      language = coalesce(NULLIF(%(language)b::text, ''), c.language),
      opted_in = CASE %(opted)b::text WHEN 'yes' THEN true WHEN 'no' THEN false ELSE c.opted_in END,
      profile_version = c.profile_version + 1
    FROM wanted w WHERE c.organization_id = %(organization)b::uuid AND c.contact_id = w.contact_id
    RETURNING 1""")

_NAMES = Query("""
    SELECT t.o, t.c, n.wa_id, n.user_id FROM unnest(%(organizations)b::uuid[], %(contacts)b::uuid[]) t(o, c)
    JOIN router.contact w ON (w.organization_id, w.contact_id) = (t.o, t.c)
    JOIN router.contact n ON (n.organization_id, n.contact_id) = (t.o, coalesce(w.merged_into, w.contact_id))
    WHERE n.wa_id <> '' OR n.user_id <> ''""")

_GIVE = Query("""
    UPDATE router.conversation SET
      owner_changed_at = CASE WHEN owner = %(owner)b::text THEN owner_changed_at ELSE now() END,
      owner = %(owner)b::text, handover = NULLIF(%(handover)b::text, '')::jsonb
    WHERE organization_id = %(organization)b::uuid AND conversation_id = %(conversation)b::uuid
    RETURNING 1""")


class PostgresOrders:
    """See ports.OrderStore."""

    def __init__(self, database: Database, actor: Callable[[], str] = current_actor) -> None:
        """`actor` says who stands behind what is being done."""
        self._database = database
        self._actor = actor

    async def names_of(self, contacts: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], tuple[str, str]]:
        """See ports.OrderStore."""
        ordered = sorted(contacts)
        values = {"organizations": [each[0] for each in ordered], "contacts": [each[1] for each in ordered]}
        (rows,) = await self._database.batch({each[0] for each in ordered}, [(_NAMES, values)], durable=False)
        return {(row[0], row[1]): (row[2], row[3]) for row in rows}

    async def apply(self, orders: Sequence[Order], *, now: datetime) -> Sequence[Fate]:
        """See ports.OrderStore."""
        organization_ids = {order.organization_id for order in orders}
        async with self._database.journey(organization_ids) as journey:
            noted, _, *others = await journey.run([_noting(orders), (_FORGET, _old(orders)), *finding_moved(orders)])
            moved = moved_in(others[0]) if others else {}
            in_place = [in_its_place(order, moved) for order in orders]
            fresh = {(row[0], row[1]) for row in noted}
            # By contact, so that batches that meet lock in one order; a conversation keeps its own.
            chosen: list[int] = []
            for index, order in enumerate(orders):
                key = (order.organization_id, order.order_id)
                if key in fresh:
                    fresh.discard(key)
                    chosen.append(index)
            chosen.sort(key=lambda index: (in_place[index].organization_id, in_place[index].contact_id))
            fresh_orders = [in_place[index] for index in chosen]
            # Queues and agents are locked before conversations, as in store/queues.
            placed = await placing(journey, fresh_orders, now, actor=self._actor())
            heard = [step for index in chosen for step in hearing(orders[index], moved, now, actor=self._actor())]
            rows = await journey.commit([*map(_applying, fresh_orders), *placed, *heard])
        fates: list[Fate] = ["repeated"] * len(orders)
        for index, found in zip(chosen, rows, strict=False):
            fates[index] = "applied" if found else "gone"
        return fates


def _noting(orders: Sequence[Order]) -> Step:
    return _NOTE, {
        "organizations": [order.organization_id for order in orders],
        "orders": [order.order_id for order in orders],
    }


def _old(orders: Sequence[Order]) -> dict[str, object]:
    return {"organizations": sorted({order.organization_id for order in orders}), "days": _KEEP_DAYS}


def _applying(order: Order) -> Step:
    change = order.change
    if isinstance(change, ContactChange):
        opted = {None: "", True: "yes", False: "no"}[change.is_opted_in]
        return _CHANGE, {
            "organization": order.organization_id,
            "contact": order.contact_id,
            "attributes": change.attributes or "{}",
            "added": list(change.add_tags),
            "removed": list(change.remove_tags),
            "language": change.language,
            "opted": opted,
        }
    return _GIVE, {
        "organization": order.organization_id,
        "conversation": order.conversation_id,
        "owner": "person" if isinstance(change, HandOver) else "bot",
        "handover": _written(change) if isinstance(change, HandOver) else "",
    }


def _written(hand: HandOver) -> str:
    parts = {
        "queue_id": hand.queue_id,
        "department": hand.department,
        "agent": hand.agent,
        "priority": hand.priority,
        "context": hand.context,
    }
    return orjson.dumps(parts).decode()
