"""What becomes of who waits when contacts turn out to be one: one entry goes on, and the flows of all hear its end.

A flow stays in the conversation in which it handed over. Where that was one of a contact who was merged away, the entry
remembers it (`merged_conversation_ids`): when the entry ends, that flow is told too (usecases/desk_telling.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.chassis.db import Query, Rows, Step
from services.router.domain.order import ContactChange, HandBack, Order

_ACTOR = "service:router"
_MINE = "organization_id = %(organization)b::uuid"

# Who is with an agent goes on, else who has waited longest: the others end, and their flows hear what that one's hears.
_JOIN = Query(f"""
    WITH pair AS MATERIALIZED (
      SELECT t.o, v.conversation_id AS l, n.conversation_id AS n
      FROM unnest(%(organizations)b::uuid[], %(losers)b::uuid[], %(winners)b::uuid[]) t(o, l, w)
      JOIN router.conversation v ON (v.organization_id, v.contact_id) = (t.o, t.l)
      JOIN router.conversation n
        ON (n.organization_id, n.contact_id, n.phone_number_id) = (t.o, t.w, v.phone_number_id)),
    theirs AS MATERIALIZED (SELECT o, n, l AS c FROM pair UNION SELECT o, n, n FROM pair),
    open AS MATERIALIZED (
      SELECT t.o, t.n, e.entry_id, e.conversation_id, e.merged_conversation_ids,
             row_number() OVER (PARTITION BY t.o, t.n
                                ORDER BY e.state = 'assigned' DESC, e.queued_at, e.entry_id) AS place
      FROM theirs t JOIN router.queue_entry e ON (e.organization_id, e.conversation_id) = (t.o, t.c)
      WHERE e.state <> 'ended'),
    gone AS (
      UPDATE router.queue_entry e SET state = 'ended', ended_at = now(), end_reason = 'merged', is_notice_due = false,
        merged_conversation_ids = '{{}}'
      FROM open x WHERE x.place > 1 AND e.organization_id = x.o AND e.entry_id = x.entry_id
      RETURNING e.organization_id, e.entry_id, e.contact_id, e.queue_id, e.agent_id),
    heirs AS (
      UPDATE router.queue_entry e SET merged_conversation_ids = ARRAY(
        SELECT DISTINCT waiting FROM open x
        CROSS JOIN LATERAL unnest(x.merged_conversation_ids || x.conversation_id) waiting
        WHERE x.o = first.o AND x.n = first.n
          AND (waiting <> first.conversation_id OR waiting <> first.n) ORDER BY waiting)
      FROM open first
      WHERE first.place = 1 AND e.organization_id = first.o AND e.entry_id = first.entry_id)
    INSERT INTO router.queue_change
      (organization_id, entry_id, contact_id, at, kind, queue_id, agent_id, actor, reason)
    SELECT organization_id, entry_id, contact_id, now(), 'merged', queue_id, agent_id, '{_ACTOR}', '' FROM gone""")
# The one that goes on is the winner's from here on.
_FOLLOW = Query("""
    UPDATE router.queue_entry e SET conversation_id = n.conversation_id, contact_id = t.w
    FROM unnest(%(organizations)b::uuid[], %(losers)b::uuid[], %(winners)b::uuid[]) t(o, l, w)
    JOIN router.conversation v ON (v.organization_id, v.contact_id) = (t.o, t.l)
    JOIN router.conversation n
      ON (n.organization_id, n.contact_id, n.phone_number_id) = (t.o, t.w, v.phone_number_id)
    WHERE e.organization_id = t.o AND e.conversation_id = v.conversation_id AND e.state <> 'ended'""")

_MOVED = Query("""
    SELECT t.o, t.v, n.contact_id, n.conversation_id
    FROM unnest(%(organizations)b::uuid[], %(conversations)b::uuid[]) t(o, v)
    JOIN router.conversation v ON (v.organization_id, v.conversation_id) = (t.o, t.v)
    JOIN router.contact c ON (c.organization_id, c.contact_id) = (t.o, v.contact_id)
    JOIN router.conversation n
      ON (n.organization_id, n.contact_id, n.phone_number_id) = (t.o, c.merged_into, v.phone_number_id)""")
_HEAR = Query(f"""
    UPDATE router.queue_entry SET merged_conversation_ids = merged_conversation_ids || %(lost)b::uuid
    WHERE {_MINE} AND conversation_id = %(conversation)b::uuid AND state <> 'ended'
      AND %(lost)b::uuid <> ALL (merged_conversation_ids)""")
_END_FOR = Query(f"""
    WITH gone AS (
      UPDATE router.queue_entry SET state = 'ended', ended_at = %(now)b::timestamptz, end_reason = 'released',
        is_notice_due = false, merged_conversation_ids = array_remove(merged_conversation_ids, %(lost)b::uuid)
      WHERE {_MINE} AND conversation_id = %(conversation)b::uuid AND state <> 'ended'
        AND %(lost)b::uuid = ANY (merged_conversation_ids)
      RETURNING organization_id, entry_id, contact_id, conversation_id, queue_id, agent_id),
    owned AS (
      UPDATE router.conversation v SET owner = 'bot', handover = NULL,
        owner_changed_at = CASE WHEN owner = 'bot' THEN owner_changed_at ELSE now() END
      FROM gone WHERE v.organization_id = gone.organization_id AND v.conversation_id = gone.conversation_id)
    INSERT INTO router.queue_change
      (organization_id, entry_id, contact_id, at, kind, queue_id, agent_id, actor, reason)
    SELECT organization_id, entry_id, contact_id, %(now)b::timestamptz, 'ended', queue_id, agent_id, %(actor)b::text, ''
    FROM gone""")

Moved = Mapping[tuple[UUID, UUID], tuple[UUID, UUID]]
"""Organization and conversation of a contact who was merged away → contact and conversation in its place."""


def following(merges: Mapping[str, Sequence[UUID]]) -> list[Step]:
    """The steps after contacts were merged (`organizations`, `losers`, `winners`), their conversations included."""
    return [(_JOIN, merges), (_FOLLOW, merges)]


def finding_moved(orders: Iterable[Order]) -> list[Step]:
    """The step that asks which conversations of these orders are others' by now; none where nobody changes owners."""
    keys = sorted(
        {(each.organization_id, each.conversation_id) for each in orders if not isinstance(each.change, ContactChange)}
    )
    if not keys:
        return []
    return [(_MOVED, {"organizations": [key[0] for key in keys], "conversations": [key[1] for key in keys]})]


def moved_in(rows: Rows) -> Moved:
    """What that step read."""
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def in_its_place(order: Order, moved: Moved) -> Order:
    """The order as it is for who the contact turned out to be; what a flow gives back is its own conversation."""
    there = moved.get((order.organization_id, order.conversation_id))
    if there is None or isinstance(order.change, ContactChange | HandBack):
        return order
    return replace(order, contact_id=there[0], conversation_id=there[1])


def hearing(order: Order, moved: Moved, now: datetime, *, actor: str) -> list[Step]:
    """The steps after those of an order whose conversation is another by now: its flow hears of the entry's end.

    A flow that goes on by itself waits for nobody any more: the entry ends, and other flows hear of that.
    """
    there = moved.get((order.organization_id, order.conversation_id))
    if there is None or isinstance(order.change, ContactChange):
        return []
    values = {
        "organization": order.organization_id,
        "conversation": there[1],
        "lost": order.conversation_id,
        "now": now,
        "actor": actor,
    }
    return [(_END_FOR if isinstance(order.change, HandBack) else _HEAR, values)]
