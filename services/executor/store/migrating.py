"""People who are taken along to another version of their flow, some at a time.

Each step is one transaction: states and how far it has come are stored together, so that a killed process leaves
nothing half done and nothing is done twice. A state's revision grows, as with a turn: a turn that read the state before
begins again. Nothing waits for a state that a turn holds: it is passed over, and found on the next walk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from services.chassis.db import Connection, Database, Query, Step, rescoping, run_counted
from services.chassis.queue import Lanes, bundles_of
from services.chassis.queue.lanes import LEASE_SECONDS
from services.executor.domain.closed import ClosedBy, ClosedSession
from services.executor.domain.publishing import Policy
from services.executor.store.boxes import RECORD_LANES, record_lane

MOST_MOVED = 500
# So many conversations of the organization, of whatever flow, are looked at for them: the key is walked once, in order,
# and needs no index of its own on the road of messages.
MOST_LOOKED_AT = 2_000
# A turn that began before the version was published may still be stored for as long as it holds its lane.
SETTLE = timedelta(seconds=2 * LEASE_SECONDS)
_AGAIN = timedelta(seconds=1)

# A state that somebody is in (Standing.is_live).
_IS_LIVE = "s.is_active AND (s.session_expires_at > now() OR s.session ?| ARRAY['is_taken', 'is_handed_over'])"

# Those of a flow. The condition on created_at is that of the lists' partial indexes; it holds for every state.
LIVE = f"""s.organization_id = %(organization_id)s AND s.flow_id = %(flow_id)s AND {_IS_LIVE}
    AND s.created_at > '2000-01-01Z'"""

# What of it is still to be done by migration m. Whoever stands where the version has no node stays where he is.
LEFT = f"""{_IS_LIVE} AND s.flow_version < m.version
    AND (m.policy <> 'move' OR s.current_node_id IS NULL
         OR coalesce(m.moves ->> s.current_node_id, s.current_node_id) = ANY (m.node_ids))"""

ANY_MIGRATION_DUE = Query("SELECT EXISTS (SELECT 1 FROM executor.flow_migration_due WHERE due_at <= now())")

_BEGIN = """
    WITH begun AS (
      INSERT INTO executor.flow_migration AS m (organization_id, flow_id, version, policy, moves, node_ids, variables)
      SELECT f.organization_id, f.flow_id,
        CASE WHEN %(policy)s = 'end' THEN 1 + coalesce(max(v.version), 0) ELSE max(v.version) END,
        %(policy)s, %(moves)s::jsonb, %(node_ids)s::text[], %(variables)s::jsonb
      FROM executor.flow f
      LEFT JOIN executor.flow_version v ON v.organization_id = f.organization_id AND v.flow_id = f.flow_id
      WHERE f.organization_id = %(organization_id)s AND f.flow_id = %(flow_id)s
      GROUP BY f.organization_id, f.flow_id
      ON CONFLICT (organization_id, flow_id, version) DO UPDATE SET
        policy = excluded.policy, moves = excluded.moves, node_ids = excluded.node_ids, variables = excluded.variables,
        place = DEFAULT, begun_at = now(), done_at = NULL
      WHERE m.done_at IS NOT NULL OR m.policy <> excluded.policy OR m.moves <> excluded.moves
      RETURNING organization_id, flow_id, version)
    INSERT INTO executor.flow_migration_due (organization_id, flow_id, version)
    SELECT organization_id, flow_id, version FROM begun
    ON CONFLICT (organization_id, flow_id, version) DO UPDATE SET due_at = now()"""

_TAKE = Query("""
    SELECT organization_id, flow_id, version FROM executor.flow_migration_due WHERE due_at <= now()
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED""")

_MINE = """organization_id = %(organization)b::uuid AND flow_id = %(flow)b::uuid AND version = %(version)b::int"""

# What a session knows of the node it leaves goes with it: its timers, its call, its wrong answers. Whoever is in the
# middle of a burst is passed over until it has become an answer.
_STEP = Query(f"""
    WITH m AS MATERIALIZED (SELECT * FROM executor.flow_migration WHERE {_MINE} FOR UPDATE),
    seen AS MATERIALIZED (
      SELECT s.conversation_id FROM executor.conversation_states s
      WHERE s.organization_id = %(organization)b::uuid AND s.conversation_id > (SELECT place FROM m)
      ORDER BY s.conversation_id LIMIT {MOST_LOOKED_AT}),
    bound AS (SELECT conversation_id FROM seen ORDER BY conversation_id DESC LIMIT 1),
    chosen AS MATERIALIZED (
      SELECT s.organization_id, s.conversation_id, s.flow_id,
        CASE m.policy WHEN 'move' THEN coalesce(m.moves ->> s.current_node_id, s.current_node_id) END AS node_id
      FROM m CROSS JOIN bound b CROSS JOIN executor.conversation_states s
      WHERE s.organization_id = %(organization)b::uuid AND s.flow_id = %(flow)b::uuid
        AND s.conversation_id > m.place AND s.conversation_id <= b.conversation_id AND {LEFT}
        AND (m.policy = 'end' OR NOT s.session ? 'gathered')
      ORDER BY s.conversation_id LIMIT {MOST_MOVED} FOR UPDATE OF s SKIP LOCKED),
    moved AS (
      UPDATE executor.conversation_states s SET
        flow_version = CASE m.policy WHEN 'end' THEN s.flow_version ELSE m.version END,
        current_node_id = c.node_id,
        is_active = m.policy <> 'end',
        variables = CASE m.policy WHEN 'move' THEN m.variables || s.variables ELSE s.variables END,
        session = CASE
          WHEN m.policy = 'move' AND c.node_id IS NOT DISTINCT FROM s.current_node_id THEN
            s.session || jsonb_build_object('flow_version', m.version)
          WHEN m.policy = 'move' THEN
            (s.session - ARRAY['timers', 'effect_id', 'is_blocked', 'is_handed_over']) || jsonb_build_object(
              'flow_version', m.version, 'current_node_id', c.node_id, 'attempts', 0, 'awaiting_input', true)
          ELSE
            (s.session - ARRAY['timers', 'effect_id', 'is_blocked', 'is_handed_over', 'is_taken', 'gathered', 'backlog',
                               'memo']) || jsonb_build_object(
              'flow_version', CASE m.policy WHEN 'end' THEN s.flow_version ELSE m.version END,
              'current_node_id', NULL, 'attempts', 0, 'awaiting_input', m.policy <> 'end',
              'is_active', m.policy <> 'end') END,
        updated_at = now(), revision = s.revision + 1
      FROM m CROSS JOIN chosen c
      WHERE (s.organization_id, s.conversation_id, s.flow_id) = (c.organization_id, c.conversation_id, c.flow_id)
      RETURNING s.conversation_id, coalesce(s.phone_number, '') AS phone, old.flow_version AS version,
        coalesce(old.current_node_id, '') AS node_id, s.updated_at AS at,
        coalesce(s.session #>> '{{line,time_zone}}', '') AS zone),
    left_it AS (
      SELECT array_agg(phone) AS phones, array_agg(conversation_id) AS conversations, array_agg(version) AS versions,
        array_agg(node_id) AS nodes, array_agg(at) AS times, array_agg(zone) AS zones
      FROM moved),
    walked AS (
      SELECT CASE WHEN (SELECT count(*) FROM chosen) = {MOST_MOVED}
        THEN (SELECT conversation_id FROM chosen ORDER BY conversation_id DESC LIMIT 1)
        ELSE (SELECT conversation_id FROM bound) END AS place)
    UPDATE executor.flow_migration f SET
      place = coalesce(w.place, '00000000-0000-0000-0000-000000000000'),
      people_moved = f.people_moved + (SELECT count(*) FROM moved)
    FROM walked w CROSS JOIN left_it l
    WHERE f.organization_id = %(organization)b::uuid AND f.flow_id = %(flow)b::uuid AND f.version = %(version)b::int
    RETURNING w.place IS NULL, f.policy, l.phones, l.conversations, l.versions, l.nodes, l.times, l.zones""")

# Whoever is restarted begins anew with the next message; until then nothing goes on.
_ENDS: Mapping[Policy, ClosedBy] = {"end": "flow_deleted", "restart": "restarted"}

# At the end of a walk: again soon when somebody was passed over, later when somebody may still come, or it is done.
_END = Query(f"""
    WITH found AS (
      SELECT m.begun_at, EXISTS (
        SELECT 1 FROM executor.conversation_states s
        WHERE s.organization_id = %(organization)b::uuid AND s.flow_id = %(flow)b::uuid
          AND s.created_at > '2000-01-01Z' AND {LEFT}) AS is_any_left
      FROM executor.flow_migration m WHERE {_MINE}),
    again AS (
      UPDATE executor.flow_migration_due d
      SET due_at = CASE WHEN f.is_any_left THEN now() + %(again)b::float8 * interval '1 s'
                   ELSE f.begun_at + %(settle)b::float8 * interval '1 s' END
      FROM found f
      WHERE d.organization_id = %(organization)b::uuid AND d.flow_id = %(flow)b::uuid AND d.version = %(version)b::int
        AND (f.is_any_left OR f.begun_at + %(settle)b::float8 * interval '1 s' > now())
      RETURNING 1),
    gone AS (
      DELETE FROM executor.flow_migration_due WHERE {_MINE} AND NOT EXISTS (SELECT 1 FROM again) RETURNING 1)
    UPDATE executor.flow_migration SET done_at = now() WHERE {_MINE} AND EXISTS (SELECT 1 FROM gone)""")


async def begin_migration(
    connection: Connection,
    values: Mapping[str, Any],
    policy: Policy,
    *,
    moves: Mapping[str, str] | None = None,
    node_ids: list[str] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> bool:
    """Have the people of a flow's older versions taken along to its newest, or out of it; tells whether that is new.

    It belongs into the transaction of what makes it necessary. What is under way already goes on.
    """
    given = {
        "policy": policy,
        "moves": orjson.dumps(dict(moves or {})).decode(),
        "node_ids": node_ids or [],
        "variables": orjson.dumps(dict(variables or {})).decode(),
    }
    return await run_counted(connection, _BEGIN, {**values, **given}) > 0


class PostgresMigrations:
    """See ports.Migrations."""

    def __init__(
        self,
        database: Database,
        records: Lanes,
        encode_closed: Callable[[ClosedSession], bytes],
        *,
        settle: timedelta = SETTLE,
    ) -> None:
        """`encode_closed` makes the record of a session that ends here."""
        self._database = database
        self._records = records
        self._encode_closed = encode_closed
        self._settle = settle

    async def go_on(self) -> bool:
        """Take up to MOST_MOVED people along; tells whether there may be more to do at once."""
        async with self._database.journey(()) as journey:
            (due,) = await journey.run([(_TAKE, {})])
            if not due:
                return False
            organization_id, flow_id, version = due[0]
            values = {"organization": organization_id, "flow": flow_id, "version": version}
            _, ((is_through, policy, *who),) = await journey.run([rescoping([organization_id]), (_STEP, values)])
            pauses = {"again": _AGAIN.total_seconds(), "settle": self._settle.total_seconds()}
            ending = [(_END, values | pauses)] if is_through else []
            await journey.commit([*self._telling(organization_id, flow_id, policy, who), *ending])
        return True

    def _telling(self, organization_id: UUID, flow_id: UUID, policy: Policy, who: Sequence[Any]) -> Sequence[Step]:
        """The steps that record that sessions ended; those of people who were moved go on."""
        reason = _ENDS.get(policy)
        if reason is None or who[0] is None:
            return ()
        closed = [
            ClosedSession(organization_id, phone, conversation_id, flow_id, version, node_id, at, zone, reason)
            for phone, conversation_id, version, node_id, at, zone in zip(*who, strict=True)
        ]
        lane = record_lane(organization_id, flow_id.int % RECORD_LANES)
        told = list(bundles_of(organization_id, lane, [self._encode_closed(each) for each in closed]))
        return self._records.enqueueing(told).steps
