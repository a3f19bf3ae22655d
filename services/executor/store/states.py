"""Conversation states, timers, and the one transaction of a turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from uuid import UUID

import psycopg

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import (
    Database,
    Query,
    Rows,
    Step,
    Transaction,
    fetch_all,
    fetch_one,
    is_fenced,
    rescoping,
    run_steps,
)
from services.chassis.queue import Item, Lanes, bundles_of
from services.chassis.queue.schema import KEEP_DAYS
from services.executor.domain.closed import ClosedSession
from services.executor.domain.effects import Timer
from services.executor.domain.standing import Standing
from services.executor.ports import Passage, Place, Published, Save, Snapshot, StateChanged, StateView
from services.executor.store.boxes import BOXES, RECORD_LANES, record_lane
from services.executor.store.flows import load_flow
from services.executor.store.rows import COLUMNS, dropped_timers, standing_of, state_values, timer_values, view_of

# The condition of the lists' partial indexes; it holds for every state.
_LISTED = "s.created_at > '2000-01-01Z'"

_NOW = Query("SELECT now()")

# OFFSET 0 makes it one descent of a key for each conversation. Joined plainly, a plan made while the table was young
# reads the tenant: row-level security's own condition on organization_id invites the planner to it.
_SNAPSHOT_STATES = Query(f"""
    SELECT s.* FROM unnest(%(organizations)b::uuid[], %(conversations)b::uuid[]) t(o, c)
    CROSS JOIN LATERAL (
      SELECT {COLUMNS} FROM executor.conversation_states s
      WHERE s.organization_id = t.o AND s.conversation_id = t.c OFFSET 0) s""")

_SNAPSHOT_FLOWS = Query("""
    SELECT f.organization_id, f.flow_id, f.published_version, f.published_digest
    FROM unnest(%(organizations)b::uuid[], %(flows)b::uuid[]) t(o, f_id)
    JOIN executor.flow f ON f.organization_id = t.o AND f.flow_id = t.f_id""")

# The revision read is the revision written over: whoever changed the row meanwhile (a person closed it) makes this
# batch start again. A new row must still be absent.
_SAVE_STATES = Query("""
    WITH saved AS (INSERT INTO executor.conversation_states AS s
      (organization_id, id, conversation_id, contact_id, phone_number, user_id, flow_id, flow_version, current_node_id,
       variables, execution_path, is_active, session, messages_count, closed_at, last_message_at, session_expires_at,
       created_at, updated_at, revision)
    SELECT o, i, c, k, p, u, f, v, n, x::jsonb, e::jsonb, a, j::jsonb, m, cl, l, ex, cr, now(), r + 1
    FROM unnest(%(o)b::uuid[], %(i)b::uuid[], %(c)b::uuid[], %(k)b::uuid[], %(p)b::text[], %(u)b::text[], %(f)b::uuid[],
                %(v)b::int[], %(n)b::text[], %(x)b::text[], %(e)b::text[], %(a)b::bool[], %(j)b::text[], %(m)b::int[],
                %(cl)b::timestamptz[], %(l)b::timestamptz[], %(ex)b::timestamptz[], %(cr)b::timestamptz[],
                %(r)b::bigint[]) t(o, i, c, k, p, u, f, v, n, x, e, a, j, m, cl, l, ex, cr, r)
    ORDER BY a, o, i
    ON CONFLICT (organization_id, conversation_id, flow_id) DO UPDATE SET
      contact_id = excluded.contact_id, phone_number = excluded.phone_number, user_id = excluded.user_id,
      flow_version = excluded.flow_version, current_node_id = excluded.current_node_id,
      variables = excluded.variables, execution_path = excluded.execution_path, is_active = excluded.is_active,
      session = excluded.session, messages_count = excluded.messages_count, closed_at = excluded.closed_at,
      last_message_at = excluded.last_message_at, session_expires_at = excluded.session_expires_at,
      created_at = excluded.created_at, updated_at = now(), revision = excluded.revision
    WHERE s.revision = excluded.revision - 1 RETURNING 1)
    SELECT app.fence(count(*), %(wanted)s::bigint) FROM saved""")

_SAVE_TIMERS = Query("""
    INSERT INTO executor.timer (organization_id, lane_id, kind, scope, fire_at)
    SELECT * FROM unnest(%(o)b::uuid[], %(l)b::uuid[], %(k)b::text[], %(s)b::uuid[], %(f)b::timestamptz[])
      t(o, l, k, s, f)
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (organization_id, lane_id, kind, scope) DO UPDATE SET fire_at = excluded.fire_at""")

_DROP_TIMERS = Query("""
    DELETE FROM executor.timer t USING unnest(%(o)b::uuid[], %(l)b::uuid[], %(k)b::text[], %(s)b::uuid[]) d(o, l, k, s)
    WHERE t.organization_id = d.o AND t.lane_id = d.l AND t.kind = d.k AND t.scope = d.s""")

ANY_TIMER_DUE = Query("SELECT EXISTS (SELECT 1 FROM executor.timer WHERE fire_at <= now())")

# Of one conversation the earlier fires first, though several processes fire: who finds an earlier one that another
# process has in hand leaves the later one for the next time.
_TAKE_TIMERS = Query("""
    WITH due AS MATERIALIZED (
      SELECT organization_id, lane_id, kind, scope, fire_at FROM executor.timer WHERE fire_at <= now()
      ORDER BY fire_at LIMIT %(limit)s::bigint FOR UPDATE SKIP LOCKED),
    mine AS MATERIALIZED (
      SELECT d.* FROM due d WHERE NOT EXISTS (
        SELECT 1 FROM executor.timer e
        WHERE e.organization_id = d.organization_id AND e.lane_id = d.lane_id AND e.fire_at < d.fire_at
          AND (e.organization_id, e.lane_id, e.kind, e.scope) NOT IN (
            SELECT organization_id, lane_id, kind, scope FROM due)))
    DELETE FROM executor.timer t USING mine m
    WHERE (t.organization_id, t.lane_id, t.kind, t.scope) = (m.organization_id, m.lane_id, m.kind, m.scope)
    RETURNING t.organization_id, t.lane_id, t.kind, t.scope, t.fire_at""")


class PostgresStates:
    """States in Postgres."""

    def __init__(
        self,
        database: Database,
        inbox: Lanes,
        outbox: Lanes,
        records: Lanes,
        effects: Lanes,
        notices: Lanes,
        *,
        audit: AuditLog,
        on_queued: Callable[[], None],
        encode_closed: Callable[[ClosedSession], bytes],
    ) -> None:
        """`on_queued` is told when something was left in the inbox; `encode_closed` makes the record of a closing."""
        self._database = database
        self._audit = audit
        self._on_queued = on_queued
        self._encode_closed = encode_closed
        self._turn = 0
        self._inbox = inbox
        self._outbox = outbox
        self._records = records
        self._effects = effects
        self._notices = notices

    async def enqueue(self, items: Sequence[Item]) -> Sequence[bool]:
        """Take events into the inbox; tells per item whether it is new."""
        enqueueing = self._inbox.enqueueing(items)
        is_new = enqueueing.read(await self._database.batch({item.group_id for item in items}, enqueueing.steps))
        if any(is_new):
            self._on_queued()
        return is_new

    async def snapshot(
        self, conversations: Sequence[tuple[UUID, UUID]], flows: Sequence[tuple[UUID, UUID]]
    ) -> Snapshot:
        """Read what a batch needs, with Postgres' time (hosts' clocks may differ, storm F9)."""
        organizations = {pair[0] for pair in conversations}
        steps = _snapshot_steps(conversations, flows)
        return _snapshot(await self._database.batch(organizations, steps, durable=False))

    async def save(self, save: Save) -> bool:
        """Store a batch's effects and move its heads in one transaction (invariant I2).

        Tells whether any of the lanes has more to do at once. Raises LeaseLost or StateChanged.
        """
        async with self._database.journey(save.organization_ids) as journey:
            # The lanes first: whoever enters an item locks its lane before anything else, too.
            with self._inbox.fence():
                (((_, has_more),),) = await journey.run([self._inbox.finishing(save.finishes)])
            for claim, item, error in save.buried:
                await self._inbox.bury(journey.connection, claim, item, error)
            await self._write(journey, save)
        return bool(has_more)

    async def pass_on(
        self, items: Sequence[Item], flows: Sequence[tuple[UUID, UUID]], work: Callable[[Passage], Awaitable[Save]]
    ) -> Sequence[bool]:
        """Take events in and work off those of idle lanes, in one transaction; tells per item whether it is new.

        `work` is given what passed and the snapshot to work on; its finishes are those of lanes that fall behind.
        Raises StateChanged: nothing was taken in.
        """
        passing = self._inbox.passing(items)
        async with self._database.journey({item.group_id for item in items}) as journey:
            conversations = sorted({(item.group_id, item.lane_id) for item in items})
            count = len(passing.steps)
            rows = await journey.run([*passing.steps, *_snapshot_steps(conversations, flows)])
            passed = passing.passed(rows[:count])
            is_queued = passing.has_queued(rows[:count])
            save = await work(Passage(passed, _snapshot(rows[count:]), partial(load_flow, journey.connection)))
            is_behind = bool(save.finishes)
            behind = [self._inbox.falling_behind(save.finishes)] if is_behind else []
            await self._write(journey, save, behind)
        if is_queued or is_behind:
            self._on_queued()
        return passing.read(rows[:count])

    async def _write(self, journey: Transaction, save: Save, lanes: Sequence[Step] = ()) -> None:
        """The last journey of a transaction: what a batch came to."""
        steps = list(lanes)
        if save.standings:
            steps.append((_SAVE_STATES, {**state_values(save.standings), "wanted": len(save.standings)}))
        if save.timers:
            steps += _timer_steps(save.timers)
        entering = [
            (self._outbox, self._outbox.entering(save.outbox)),
            (self._records, self._records.entering(self._bundles_of(save.records))),
        ]
        if save.effects:
            entering.append((self._effects, self._effects.entering(save.effects)))
        if save.notices:
            entering.append((self._notices, self._notices.entering(save.notices)))
        before = len(steps)
        steps += [step for _, items in entering for step in items.steps]
        try:
            rows = await journey.commit(steps)
        except psycopg.DatabaseError as error:
            if is_fenced(error):
                raise StateChanged from error
            raise
        rest = iter(rows[before:])
        for lanes_of, items in entering:
            lanes_of.entered(items, list(islice(rest, len(items.steps))))

    def _bundles_of(self, records: Sequence[tuple[UUID, bytes]]) -> list[Item]:
        """An organization's records as few items, in one of its few lanes: the log needs no order between them."""
        by_organization: dict[UUID, list[bytes]] = {}
        for organization_id, payload in records:
            by_organization.setdefault(organization_id, []).append(payload)
        self._turn = (self._turn + 1) % RECORD_LANES
        return [
            item
            for organization_id, payloads in by_organization.items()
            for item in bundles_of(organization_id, record_lane(organization_id, self._turn), payloads)
        ]

    async def fire_timers(self, limit: int, to_item: Callable[[Timer], Item]) -> int:
        """Turn due timers into items of their lanes, in one transaction; gives how many."""
        async with self._database.journey(()) as journey:
            (rows,) = await journey.run([(_TAKE_TIMERS, {"limit": limit})])
            if rows:
                ordered = sorted(rows, key=lambda row: row[4])
                enqueueing = self._inbox.enqueueing([to_item(Timer(*row)) for row in ordered])
                await journey.commit([rescoping({row[0] for row in rows}), *enqueueing.steps])
        if rows:
            self._on_queued()
        return len(rows)

    async def list_states(
        self,
        *,
        organization_id: UUID,
        skip: int,
        limit: int,
        flow_id: UUID | None,
        is_active: bool | None,
        after: Place | None,
    ) -> tuple[int, list[StateView]]:
        """States, latest message first, those after a place, and how many fit wherever they are."""
        values = {
            "organization_id": organization_id,
            "flow_id": flow_id,
            "is_active": is_active,
            "skip": skip,
            "limit": limit,
            "after_at": after and after.last_message_at,
            "after_id": after and after.state_id,
        }
        where = f"""WHERE s.organization_id = %(organization_id)s AND {_LISTED}
            AND (%(flow_id)s::uuid IS NULL OR s.flow_id = %(flow_id)s)
            AND (%(is_active)s::bool IS NULL OR (s.is_active AND s.session_expires_at > now()) = %(is_active)s)"""
        async with self._database.transaction([organization_id], durable=False) as connection:
            total = await fetch_one(connection, f"SELECT count(*) FROM executor.conversation_states s {where}", values)
            rows = await fetch_all(
                connection,
                f"""SELECT {COLUMNS}, f.name FROM executor.conversation_states s {_JOIN_FLOW} {where}
                      AND (%(after_at)s::timestamptz IS NULL OR s.last_message_at < %(after_at)s
                           OR (s.last_message_at = %(after_at)s AND s.id > %(after_id)s::uuid))
                    ORDER BY s.last_message_at DESC, s.id OFFSET %(skip)s LIMIT %(limit)s""",
                values,
            )
        assert total is not None
        return int(total[0]), [view_of(row) for row in rows]

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
            await run_steps(connection, self._audit.locking([organization_id]))
            rows = await fetch_all(
                connection,
                """UPDATE executor.conversation_states SET is_active = false, current_node_id = NULL, closed_at = now(),
                     updated_at = now(), revision = revision + 1,
                     session = session || '{"is_active": false, "current_node_id": null, "awaiting_input": false}'
                   WHERE organization_id = %s AND phone_number = %s AND is_active AND created_at > '2000-01-01Z'
                   RETURNING conversation_id, flow_id, flow_version, coalesce(old.current_node_id, ''), closed_at,
                     coalesce(session #>> '{line,time_zone}', '')""",
                (organization_id, phone_number),
            )
            closed = [ClosedSession(organization_id, phone_number, *row) for row in rows]
            told = self._bundles_of([(organization_id, self._encode_closed(each)) for each in closed])
            steps = self._audit.steps([_closing(each) for each in closed])
            await run_steps(connection, [*steps, *self._records.enqueueing(told).steps])
        return closed[0].closed_at if closed else None

    async def prepare_partitions(self) -> None:
        """Have partitions for the weeks to come."""
        async with self._database.transaction(()) as connection:
            for box in BOXES:
                table = f"{box.path}_item"
                await fetch_one(connection, "SELECT app.ensure_partitions(%s::regclass, 'week', 3)", (table,))

    async def drop_old(self) -> None:
        """Drop items older than any repeat may be."""
        async with self._database.transaction(()) as connection:
            for box in BOXES:
                table = f"{box.path}_item"
                await fetch_one(connection, "SELECT app.drop_old_items(%s::regclass, %s)", (table, KEEP_DAYS))

    async def _first(self, organization_id: UUID, condition: str, value: object) -> StateView | None:
        async with self._database.transaction([organization_id], durable=False) as connection:
            row = await fetch_one(
                connection,
                f"""SELECT {COLUMNS}, f.name FROM executor.conversation_states s {_JOIN_FLOW}
                    WHERE s.organization_id = %(organization_id)s AND {_LISTED} AND {condition}
                    ORDER BY s.is_active DESC, s.last_message_at DESC, s.id LIMIT 1""",
                {"organization_id": organization_id, "value": value},
            )
        return view_of(row) if row else None


def _closing(closed: ClosedSession) -> AuditEntry:
    return AuditEntry(
        closed.organization_id,
        "conversation.close",
        f"conversation:{closed.conversation_id}",
        before=digest_of({"flow_id": closed.flow_id, "is_active": True}),
        after=digest_of({"flow_id": closed.flow_id, "is_active": False}),
    )


def _timer_steps(timers: Sequence[Timer]) -> list[Step]:
    """Set and drop; of two for the same thing the later counts."""
    latest = {(timer.organization_id, timer.conversation_id, timer.kind, timer.scope): timer for timer in timers}
    values, dropped = timer_values(latest.values()), dropped_timers(latest.values())
    return [(query, rows) for query, rows in ((_SAVE_TIMERS, values), (_DROP_TIMERS, dropped)) if rows["o"]]


def _snapshot_steps(conversations: Sequence[tuple[UUID, UUID]], flows: Sequence[tuple[UUID, UUID]]) -> list[Step]:
    return [
        (_NOW, {}),
        (
            _SNAPSHOT_STATES,
            {"organizations": [pair[0] for pair in conversations], "conversations": [p[1] for p in conversations]},
        ),
        (_SNAPSHOT_FLOWS, {"organizations": [pair[0] for pair in flows], "flows": [pair[1] for pair in flows]}),
    ]


def _snapshot(rows: Sequence[Rows]) -> Snapshot:
    ((now,),), state_rows, flow_rows = rows
    standings: dict[tuple[UUID, UUID], dict[UUID, Standing]] = {}
    for row in state_rows:
        standing = standing_of(row)
        key = (standing.organization_id, standing.conversation_id)
        standings.setdefault(key, {})[standing.state_id] = standing
    return Snapshot(now, standings, {(row[0], row[1]): Published(row[2], row[3]) for row in flow_rows})


_JOIN_FLOW = "JOIN executor.flow f ON f.organization_id = s.organization_id AND f.flow_id = s.flow_id"
