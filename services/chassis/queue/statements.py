"""The SQL of a box. Every text names its keys in the same order: group, lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.chassis.db import Query
from services.chassis.queue.box import Box
from services.chassis.rpc.sizes import MOST_LISTED_BYTES

Which = Literal["any", "fresh", "suspect", "spared"]


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements of one box, made once."""

    add_to_lanes: Query
    add_and_hold: Query
    add_to_pass: Query
    fall_behind: Query
    add_items: Query
    is_any_ready: Query
    claim_oldest: Query
    claim_fair: Query
    read_items: Query
    finish: Query
    renew: Query
    wake: Query
    bury: Query
    forget: Query
    depth: Query
    groups: Query
    list_dead: Query
    take_dead: Query


def statements_of(box: Box, *, which: Which = "any") -> Statements:
    """Build the statements; `which` lanes are claimed.

    any; fresh (never tried); suspect (a holder died or failed before); spared (of none of the groups in `without`).
    """
    g, path = box.group, box.path
    tried = {
        "any": "",
        "fresh": "AND attempts = 0",
        "suspect": "AND attempts > 0",
        "spared": f"AND {g} <> ALL (%(without)b::uuid[])",
    }[which]
    solo = "solo + 1" if which == "suspect" else "solo"
    return Statements(
        # The upsert takes each lane's row lock, sorted so that two batches cannot deadlock. The next statement gets a
        # new snapshot (READ COMMITTED) and so sees every earlier event of the lane: repeats need no unique index.
        add_to_lanes=Query(f"""
            INSERT INTO {path}_lane AS l ({g}, lane_id, tail, wake_at)
            SELECT o, k, count(*), now() FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[]) t(o, k)
            GROUP BY 1, 2 ORDER BY 1, 2
            ON CONFLICT ({g}, lane_id)
            DO UPDATE SET tail = l.tail + excluded.tail, wake_at = coalesce(l.wake_at, now())"""),
        # The same, and an idle lane is held at once by who inserts ("insert and hold"): nobody has to claim what he
        # just put in. A lane with something in it, or held, is left to its queue.
        add_and_hold=Query(f"""
            INSERT INTO {path}_lane AS l ({g}, lane_id, tail, wake_at, lease, attempts)
            SELECT o, k, count(*), now() + %(lease)s::float8 * interval '1 s', %(token)s::uuid, 1
            FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[]) t(o, k)
            GROUP BY 1, 2 ORDER BY 1, 2
            ON CONFLICT ({g}, lane_id)
            DO UPDATE SET tail = l.tail + excluded.tail,
              wake_at = coalesce(l.wake_at, excluded.wake_at),
              lease = CASE WHEN l.wake_at IS NULL THEN excluded.lease ELSE l.lease END,
              attempts = CASE WHEN l.wake_at IS NULL THEN 1 ELSE l.attempts END
            RETURNING l.{g}, l.lane_id, l.head, l.tail, l.lease = %(token)s::uuid"""),
        # What is worked off in the very transaction that inserts it: an idle lane stays idle and its head comes along,
        # which changes no indexed column. Its row lock keeps everybody else out until the commit.
        add_to_pass=Query(f"""
            INSERT INTO {path}_lane AS l ({g}, lane_id, tail, head)
            SELECT o, k, count(*), count(*) FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[]) t(o, k)
            GROUP BY 1, 2 ORDER BY 1, 2
            ON CONFLICT ({g}, lane_id)
            DO UPDATE SET tail = l.tail + excluded.tail,
              head = CASE WHEN l.wake_at IS NULL THEN l.tail + excluded.tail ELSE l.head END
            RETURNING l.{g}, l.lane_id, l.tail, l.wake_at IS NULL"""),
        # IS NOT DISTINCT FROM keeps the planner from answering "is it new?" with the primary key's first column: on a
        # young table it read every item of the organization, 594 a message (performance.md). received_at leaves out
        # partitions of weeks to come; a day, for a writer whose lock was waited for may have begun later than this.
        add_items=Query(f"""
            INSERT INTO {path}_item ({g}, lane_id, pos, event_id, payload)
            SELECT i.o, i.k, l.tail - i.n + i.rn, i.e, i.p
            FROM (SELECT o, k, e, p,
                         row_number() OVER (PARTITION BY o, k ORDER BY ord) rn,
                         count(*) OVER (PARTITION BY o, k) n,
                         row_number() OVER (PARTITION BY o, e ORDER BY ord) repeat
                  FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[], %(events)b::text[], %(payloads)b::bytea[])
                       WITH ORDINALITY t(o, k, e, p, ord)) i
            JOIN {path}_lane l ON (l.{g}, l.lane_id) = (i.o, i.k)
            WHERE i.repeat = 1
              AND NOT EXISTS (SELECT 1 FROM {path}_item x WHERE x.event_id = i.e AND x.{g} IS NOT DISTINCT FROM i.o
                                AND x.received_at < now() + interval '1 day')
            RETURNING {g}, lane_id, event_id, pos, received_at"""),
        is_any_ready=Query(f"SELECT EXISTS (SELECT 1 FROM {path}_lane WHERE wake_at <= now() {tried})"),
        claim_oldest=Query(f"""
            WITH c AS MATERIALIZED (
              SELECT {g}, lane_id FROM {path}_lane WHERE wake_at <= now() {tried}
              ORDER BY wake_at LIMIT %(limit)s::bigint FOR UPDATE SKIP LOCKED)
            {_take(box, solo)}"""),
        # Tenants first, then lanes: a loose index scan names groups with work after the cursor, each gives a few lanes.
        claim_fair=Query(f"""
            WITH RECURSIVE t(o) AS (
              (SELECT {g} FROM {path}_lane WHERE wake_at IS NOT NULL AND {g} > %(cursor)s::uuid ORDER BY 1 LIMIT 1)
              UNION ALL
              SELECT (SELECT l.{g} FROM {path}_lane l WHERE l.wake_at IS NOT NULL AND l.{g} > t.o ORDER BY 1 LIMIT 1)
              FROM t WHERE t.o IS NOT NULL),
            s AS MATERIALIZED (SELECT o FROM t WHERE o IS NOT NULL LIMIT 64),
            c AS MATERIALIZED (
              SELECT x.* FROM s CROSS JOIN LATERAL (
                SELECT {g}, lane_id FROM {path}_lane l WHERE l.{g} = s.o AND l.wake_at <= now() {tried}
                ORDER BY wake_at LIMIT 16 FOR UPDATE SKIP LOCKED) x LIMIT %(limit)s::bigint)
            {_take(box, solo)}"""),
        read_items=Query(f"""
            SELECT c.n, i.pos, i.event_id, i.payload, i.received_at
            FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[], %(heads)b::bigint[], %(tails)b::bigint[])
                 WITH ORDINALITY c(o, k, h, t, n)
            CROSS JOIN LATERAL (
              SELECT pos, event_id, payload, received_at FROM {path}_item i
              WHERE i.{g} = c.o AND i.lane_id = c.k AND i.pos > c.h AND i.pos <= c.t
              ORDER BY i.pos LIMIT %(per_lane)s::bigint) i
            ORDER BY c.n, i.pos"""),
        finish=Query(f"""
            WITH given AS (
              UPDATE {path}_lane l SET head = t.h, lease = NULL, solo = 0,
                attempts = CASE WHEN t.blamed THEN l.attempts ELSE 0 END,
                last_error = t.e,
                wake_at = CASE WHEN t.d IS NOT NULL THEN now() + t.d * interval '1 s' WHEN t.h < l.tail THEN now() END
              FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[], %(tokens)b::uuid[], %(heads)b::bigint[],
                          %(delays)b::float8[], %(blamed)b::bool[], %(errors)b::text[]) t(o, k, token, h, d, blamed, e)
              WHERE (l.{g}, l.lane_id) = (t.o, t.k) AND l.lease = t.token
              RETURNING l.wake_at <= now() AS is_ready)
            SELECT app.fence(count(*), %(wanted)s::bigint), coalesce(bool_or(is_ready), false) FROM given"""),
        # A lane that was passed (add_to_pass) but could not be worked off: as if it had been claimed and had failed.
        fall_behind=Query(f"""
            UPDATE {path}_lane l SET head = t.h, attempts = 1, last_error = t.e,
              wake_at = now() + t.d * interval '1 s'
            FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[], %(heads)b::bigint[], %(delays)b::float8[],
                        %(errors)b::text[]) t(o, k, h, d, e)
            WHERE (l.{g}, l.lane_id) = (t.o, t.k)"""),
        renew=Query(f"""
            UPDATE {path}_lane l SET wake_at = now() + %(lease)s::float8 * interval '1 s'
            FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[], %(tokens)b::uuid[]) t(o, k, token)
            WHERE (l.{g}, l.lane_id) = (t.o, t.k) AND l.lease = t.token
            RETURNING l.{g}, l.lane_id"""),
        wake=Query(f"""
            UPDATE {path}_lane l SET wake_at = now()
            FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[]) t(o, k)
            WHERE (l.{g}, l.lane_id) = (t.o, t.k) AND l.lease IS NULL AND coalesce(l.wake_at, now()) > now()
            RETURNING true"""),
        bury=Query(f"""
            INSERT INTO {path}_dead ({g}, lane_id, event_id, received_at, payload, attempts, error)
            VALUES (%(group)s::uuid, %(lane)s::uuid, %(event)s::text, %(received_at)s::timestamptz, %(payload)s::bytea,
                    %(attempts)s::int, %(error)s::text)"""),
        forget=Query(f"""
            DELETE FROM {path}_item i
            USING unnest(%(groups)b::uuid[], %(lanes)b::uuid[], %(positions)b::bigint[], %(times)b::timestamptz[])
                  t(o, k, pos, at)
            WHERE (i.{g}, i.lane_id, i.pos, i.received_at) = (t.o, t.k, t.pos, t.at)"""),
        depth=Query(f"""
            SELECT count(*), coalesce(extract(epoch FROM now() - min(wake_at)), 0)::float8
            FROM {path}_lane WHERE wake_at <= now()"""),
        groups=Query(f"""
            WITH RECURSIVE t(o) AS (
              (SELECT {g} FROM {path}_lane ORDER BY 1 LIMIT 1)
              UNION ALL
              SELECT (SELECT l.{g} FROM {path}_lane l WHERE l.{g} > t.o ORDER BY 1 LIMIT 1)
              FROM t WHERE t.o IS NOT NULL)
            SELECT o FROM t WHERE o IS NOT NULL"""),
        # Payloads are large: what does not fit into one answer is not even read.
        list_dead=Query(f"""
            SELECT {g}, dead_id, lane_id, event_id, attempts, error, died_at, payload, replays
            FROM (
              SELECT d.*, row_number() OVER newest AS place, sum(octet_length(payload)) OVER newest AS bytes
              FROM (
                SELECT * FROM {path}_dead
                WHERE {g} = ANY(%(groups)b::uuid[]) AND (%(dead_id)s::bigint = 0 OR dead_id = %(dead_id)s::bigint)
                ORDER BY died_at DESC, dead_id DESC LIMIT %(limit)s::bigint) d
              WINDOW newest AS (ORDER BY died_at DESC, dead_id DESC)) d
            WHERE place = 1 OR bytes <= {MOST_LISTED_BYTES} ORDER BY place"""),
        take_dead=Query(f"""
            UPDATE {path}_dead SET replays = replays + 1
            WHERE {g} = ANY(%(groups)b::uuid[]) AND dead_id = ANY(%(dead_ids)b::bigint[])
            RETURNING {g}, lane_id, event_id, payload, replays, dead_id"""),
    )


def _take(box: Box, solo: str) -> str:
    # MATERIALIZED above: without it the planner may run the locking SELECT again and take more than LIMIT lanes.
    g = box.group
    return f"""
            UPDATE {box.path}_lane l
            SET wake_at = now() + %(lease)s::float8 * interval '1 s', lease = %(token)s::uuid,
              attempts = attempts + 1, solo = {solo}
            FROM c WHERE (l.{g}, l.lane_id) = (c.{g}, c.lane_id)
            RETURNING l.{g}, l.lane_id, l.head, l.tail, l.attempts, l.solo, l.last_error"""
