"""Conversation states, timers, and the one transaction of a turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.chassis.db import Database, fetch_all, fetch_one, rescope, run, run_counted
from services.chassis.queue import Item, Lanes
from services.chassis.queue.schema import KEEP_DAYS
from services.executor.domain.advance import Timer
from services.executor.domain.arrival import Contact
from services.executor.domain.identifiers import recurring_id
from services.executor.domain.session import Session
from services.executor.domain.standing import Standing
from services.executor.ports import Save, Snapshot, StateChanged, StateView
from services.executor.store.boxes import INBOX, OUTBOX, RECORDS

_COLUMNS = """s.organization_id, s.id, s.conversation_id, s.contact_id, s.phone_number, s.user_id, s.session,
    s.variables, s.execution_path, s.messages_count, s.last_message_at, s.session_expires_at, s.created_at,
    s.closed_at, s.revision"""

_SNAPSHOT_STATES = f"""
    SELECT now(), {_COLUMNS}
    FROM unnest(%(organizations)b::uuid[], %(conversations)b::uuid[]) t(o, c)
    JOIN executor.conversation_states s ON s.organization_id = t.o AND s.conversation_id = t.c"""

_SNAPSHOT_FLOWS = """
    SELECT now(), f.organization_id, f.flow_id, f.published_version
    FROM unnest(%(organizations)b::uuid[], %(flows)b::uuid[]) t(o, f_id)
    JOIN executor.flow f ON f.organization_id = t.o AND f.flow_id = t.f_id"""

# The revision read is the revision written over: whoever changed the row meanwhile (a person closed it) makes this
# batch start again. A new row must still be absent.
_SAVE_STATES = """
    INSERT INTO executor.conversation_states AS s
      (organization_id, id, conversation_id, contact_id, phone_number, user_id, flow_id, flow_version, current_node_id,
       variables, execution_path, is_active, session, messages_count, closed_at, last_message_at, session_expires_at,
       created_at, updated_at, revision)
    SELECT o, i, c, k, p, u, f, v, n, x::jsonb, e::jsonb, a, j::jsonb, m, cl, l, ex, cr, now(), r + 1
    FROM unnest(%(o)b::uuid[], %(i)b::uuid[], %(c)b::uuid[], %(k)b::uuid[], %(p)b::text[], %(u)b::text[], %(f)b::uuid[],
                %(v)b::int[], %(n)b::text[], %(x)b::text[], %(e)b::text[], %(a)b::bool[], %(j)b::text[], %(m)b::int[],
                %(cl)b::timestamptz[], %(l)b::timestamptz[], %(ex)b::timestamptz[], %(cr)b::timestamptz[],
                %(r)b::bigint[]) t(o, i, c, k, p, u, f, v, n, x, e, a, j, m, cl, l, ex, cr, r)
    ORDER BY a, o, i
    ON CONFLICT (organization_id, id) DO UPDATE SET
      contact_id = excluded.contact_id, phone_number = excluded.phone_number, user_id = excluded.user_id,
      flow_version = excluded.flow_version, current_node_id = excluded.current_node_id,
      variables = excluded.variables, execution_path = excluded.execution_path, is_active = excluded.is_active,
      session = excluded.session, messages_count = excluded.messages_count, closed_at = excluded.closed_at,
      last_message_at = excluded.last_message_at, session_expires_at = excluded.session_expires_at,
      created_at = excluded.created_at, updated_at = now(), revision = excluded.revision
    WHERE s.revision = excluded.revision - 1"""

_SAVE_TIMERS = """
    INSERT INTO executor.timer (organization_id, lane_id, kind, scope, fire_at)
    SELECT * FROM unnest(%(o)b::uuid[], %(l)b::uuid[], %(k)b::text[], %(s)b::uuid[], %(f)b::timestamptz[])
      t(o, l, k, s, f)
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (organization_id, lane_id, kind, scope) DO UPDATE SET fire_at = excluded.fire_at"""

_TAKE_TIMERS = """
    DELETE FROM executor.timer WHERE (organization_id, lane_id, kind, scope) IN (
      SELECT organization_id, lane_id, kind, scope FROM executor.timer WHERE fire_at <= now()
      ORDER BY fire_at LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING organization_id, lane_id, kind, scope, fire_at"""


class PostgresStates:
    """States in Postgres."""

    def __init__(self, database: Database, inbox: Lanes, outbox: Lanes, records: Lanes) -> None:
        self._database = database
        self._inbox = inbox
        self._outbox = outbox
        self._records = records

    async def enqueue(self, items: Sequence[Item]) -> Sequence[bool]:
        """Take events into the inbox; tells per item whether it is new."""
        async with self._database.transaction({item.group_id for item in items}) as connection:
            return await self._inbox.enqueue(connection, items)

    async def snapshot(
        self, conversations: Sequence[tuple[UUID, UUID]], flows: Sequence[tuple[UUID, UUID]]
    ) -> Snapshot:
        """Read what a batch needs, with Postgres' time (hosts' clocks may differ, storm F9)."""
        organizations = {pair[0] for pair in conversations}
        async with self._database.transaction(organizations, durable=False) as connection:
            moment = await fetch_one(connection, "SELECT now()")
            rows = await fetch_all(
                connection,
                _SNAPSHOT_STATES,
                {"organizations": [pair[0] for pair in conversations], "conversations": [p[1] for p in conversations]},
            )
            flow_rows = []
            if flows:
                flow_rows = await fetch_all(
                    connection,
                    _SNAPSHOT_FLOWS,
                    {"organizations": [pair[0] for pair in flows], "flows": [pair[1] for pair in flows]},
                )
        assert moment is not None
        standings: dict[UUID, dict[UUID, Standing]] = {}
        for row in rows:
            standing = _standing(row[1:])
            standings.setdefault(standing.conversation_id, {})[standing.state_id] = standing
        return Snapshot(moment[0], standings, {(row[1], row[2]): row[3] for row in flow_rows})

    async def save(self, save: Save) -> bool:
        """Store a batch: states, outbox, records, timers, dead letters, and the lanes' heads (invariant I2).

        Tells whether any of the lanes has more to do at once. Raises LeaseLost or StateChanged.
        """
        async with self._database.transaction(save.organization_ids) as connection:
            for claim, item, error in save.buried:
                await self._inbox.bury(connection, claim, item, error)
            if save.standings:
                touched = await run_counted(connection, _SAVE_STATES, _state_values(save.standings))
                if touched != len(save.standings):
                    raise StateChanged
            await self._outbox.enqueue(connection, save.outbox)
            await self._records.enqueue(connection, save.records)
            if save.timers:
                await run(connection, _SAVE_TIMERS, _timer_values(save.timers))
            return await self._inbox.finish(connection, save.finishes)

    async def fire_timers(self, limit: int, to_item: Callable[[Timer], Item]) -> int:
        """Turn due timers into items of their lanes, in one transaction; gives how many."""
        async with self._database.transaction(()) as connection:
            rows = await fetch_all(connection, _TAKE_TIMERS, (limit,))
            if rows:
                await rescope(connection, {row[0] for row in rows})
                await self._inbox.enqueue(connection, [to_item(Timer(*row)) for row in rows])
        return len(rows)

    async def list_states(
        self, *, organization_id: UUID, skip: int, limit: int, flow_id: UUID | None, is_active: bool | None
    ) -> tuple[int, list[StateView]]:
        """States, latest message first, and how many fit."""
        values = {
            "organization_id": organization_id,
            "flow_id": flow_id,
            "is_active": is_active,
            "skip": skip,
            "limit": limit,
        }
        where = """WHERE s.organization_id = %(organization_id)s
            AND (%(flow_id)s::uuid IS NULL OR s.flow_id = %(flow_id)s)
            AND (%(is_active)s::bool IS NULL OR (s.is_active AND s.session_expires_at > now()) = %(is_active)s)"""
        async with self._database.transaction([organization_id], durable=False) as connection:
            total = await fetch_one(connection, f"SELECT count(*) FROM executor.conversation_states s {where}", values)
            rows = await fetch_all(
                connection,
                f"""SELECT {_COLUMNS}, f.name FROM executor.conversation_states s {_JOIN_FLOW} {where}
                    ORDER BY s.last_message_at DESC, s.id OFFSET %(skip)s LIMIT %(limit)s""",
                values,
            )
        assert total is not None
        return int(total[0]), [_view(row) for row in rows]

    async def latest(self, *, organization_id: UUID, phone_number: str) -> StateView | None:
        """The state with the latest message of a phone number."""
        return await self._first(organization_id, "s.phone_number = %(value)s", phone_number)

    async def of_conversation(self, *, organization_id: UUID, conversation_id: UUID) -> StateView | None:
        """The state with the latest message of a conversation."""
        return await self._first(organization_id, "s.conversation_id = %(value)s", conversation_id)

    async def turn(
        self, *, organization_id: UUID, conversation_id: UUID, event_id: str, message_ids: Sequence[str]
    ) -> tuple[bool, list[bytes]] | None:
        """Whether an event is finished, and the outbox payloads under these ids, in their order."""
        async with self._database.transaction([organization_id], durable=False) as connection:
            row = await fetch_one(
                connection,
                """SELECT l.head >= i.pos FROM executor.inbox_item i
                   JOIN executor.inbox_lane l ON l.organization_id = i.organization_id AND l.lane_id = i.lane_id
                   WHERE i.organization_id = %s AND i.event_id = %s AND i.lane_id = %s""",
                (organization_id, event_id, conversation_id),
            )
            if row is None:
                return None
            rows = await fetch_all(
                connection,
                """SELECT payload FROM executor.outbox_item
                   WHERE organization_id = %(organization_id)s AND event_id = ANY(%(ids)s)
                   ORDER BY array_position(%(ids)s, event_id)""",
                {"organization_id": organization_id, "ids": list(message_ids)},
            )
        return bool(row[0]), [bytes(found[0]) for found in rows]

    async def close(self, *, organization_id: UUID, phone_number: str) -> datetime | None:
        """Close the active session of a phone number; None when there is none."""
        async with self._database.transaction([organization_id]) as connection:
            row = await fetch_one(
                connection,
                """UPDATE executor.conversation_states SET is_active = false, current_node_id = NULL, closed_at = now(),
                     updated_at = now(), revision = revision + 1,
                     session = session || '{"is_active": false, "current_node_id": null, "awaiting_input": false}'
                   WHERE organization_id = %s AND phone_number = %s AND is_active RETURNING closed_at""",
                (organization_id, phone_number),
            )
        return row[0] if row else None

    async def prepare_partitions(self) -> None:
        """Have partitions for the weeks to come."""
        async with self._database.transaction(()) as connection:
            for box in (INBOX, OUTBOX, RECORDS):
                table = f"{box.path}_item"
                await fetch_one(connection, "SELECT app.ensure_partitions(%s::regclass, 'week', 3)", (table,))

    async def drop_old(self) -> None:
        """Drop items older than any repeat may be."""
        async with self._database.transaction(()) as connection:
            for box in (INBOX, OUTBOX, RECORDS):
                table = f"{box.path}_item"
                await fetch_one(connection, "SELECT app.drop_old_items(%s::regclass, %s)", (table, KEEP_DAYS))

    async def _first(self, organization_id: UUID, condition: str, value: object) -> StateView | None:
        async with self._database.transaction([organization_id], durable=False) as connection:
            row = await fetch_one(
                connection,
                f"""SELECT {_COLUMNS}, f.name FROM executor.conversation_states s {_JOIN_FLOW}
                    WHERE s.organization_id = %(organization_id)s AND {condition}
                    ORDER BY s.is_active DESC, s.last_message_at DESC, s.id LIMIT 1""",
                {"organization_id": organization_id, "value": value},
            )
        return _view(row) if row else None


_JOIN_FLOW = "JOIN executor.flow f ON f.organization_id = s.organization_id AND f.flow_id = s.flow_id"


def _standing(row: Sequence[Any]) -> Standing:
    return Standing(
        organization_id=row[0],
        state_id=row[1],
        conversation_id=row[2],
        contact=Contact(row[3], row[4], row[5], ""),
        session=Session.from_parts(row[6], row[7], row[8]),
        messages_count=row[9],
        last_message_at=row[10],
        session_expires_at=row[11],
        created_at=row[12],
        closed_at=row[13],
        revision=row[14],
    )


def _view(row: Sequence[Any]) -> StateView:
    return StateView(_standing(row[:15]), row[15])


def _rest_of(session: Session) -> str:
    """What the seed's columns do not hold."""
    return orjson.dumps(session.place()).decode()


def _state_values(standings: Sequence[Standing]) -> dict[str, list[object]]:
    return {
        "o": [standing.organization_id for standing in standings],
        "i": [standing.state_id for standing in standings],
        "c": [standing.conversation_id for standing in standings],
        "k": [standing.contact.contact_id for standing in standings],
        "p": [standing.contact.wa_id[:20] for standing in standings],
        "u": [standing.contact.user_id for standing in standings],
        "f": [recurring_id(standing.session.flow_id) for standing in standings],
        "v": [standing.session.flow_version for standing in standings],
        "n": [standing.session.current_node_id for standing in standings],
        "x": [orjson.dumps(dict(standing.session.variables)).decode() for standing in standings],
        "e": [orjson.dumps(standing.session.execution_path).decode() for standing in standings],
        "a": [standing.session.is_active for standing in standings],
        "j": [_rest_of(standing.session) for standing in standings],
        "m": [standing.messages_count for standing in standings],
        "cl": [standing.closed_at for standing in standings],
        "l": [standing.last_message_at for standing in standings],
        "ex": [standing.session_expires_at for standing in standings],
        "cr": [standing.created_at for standing in standings],
        "r": [standing.revision for standing in standings],
    }


def _timer_values(timers: Sequence[Timer]) -> dict[str, list[object]]:
    latest = {(timer.organization_id, timer.conversation_id, timer.kind, timer.scope): timer for timer in timers}
    return {
        "o": [timer.organization_id for timer in latest.values()],
        "l": [timer.conversation_id for timer in latest.values()],
        "k": [timer.kind for timer in latest.values()],
        "s": [timer.scope for timer in latest.values()],
        "f": [timer.fire_at for timer in latest.values()],
    }
