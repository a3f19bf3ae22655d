"""The SQL of a room's audit log."""

from __future__ import annotations

from dataclasses import dataclass

from services.chassis.db import Query

# Postgres writes the time into the hashed text, and writes it again, from the column, for whoever verifies.
_TIME = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""
_COLUMNS = f"""
    seq, to_char(at AT TIME ZONE 'UTC', {_TIME}), actor, action, object, before_digest, after_digest, entry, prev_hash,
    hash"""


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements of one room's log, made once."""

    lock: Query
    append: Query
    newest: Query
    following: Query


def statements_of(room: str) -> Statements:
    """Build the statements for `<room>.audit_event`."""
    table = f"{room}.audit_event"
    return Statements(
        lock=Query("SELECT pg_advisory_xact_lock(hashtextextended(%(chain)b::text, 0))"),
        # clock_timestamp(): the transaction's own time is that of before it waited for the lock.
        append=Query(f"""
            INSERT INTO {table} (organization_id, seq, at, actor, action, object, before_digest, after_digest, entry,
                                 prev_hash, hash)
            SELECT %(organization)b::uuid, e.seq, e.at, %(actor)b::text, %(action)b::text, %(object)b::text,
                   %(before)b::bytea, %(after)b::bytea, e.entry, e.prev_hash,
                   sha256(e.prev_hash || convert_to(e.entry, 'UTF8'))
            FROM (
              SELECT n.seq, n.at, n.prev_hash,
                     %(opening)b::text || to_char(n.at AT TIME ZONE 'UTC', {_TIME}) || %(middle)b::text
                       || n.seq || '}}' AS entry
              FROM (
                SELECT coalesce(last.seq, 0) + 1 AS seq, clock_timestamp() AS at,
                       coalesce(last.hash, decode(repeat('00', 32), 'hex')) AS prev_hash
                FROM (VALUES (1)) one LEFT JOIN LATERAL (
                  SELECT seq, hash FROM {table} WHERE organization_id = %(organization)b::uuid
                  ORDER BY seq DESC LIMIT 1) last ON true) n) e"""),
        newest=Query(f"""
            SELECT {_COLUMNS} FROM {table}
            WHERE organization_id = %(organization)b::uuid
              AND seq < CASE WHEN %(before)b::bigint = 0 THEN 9223372036854775807 ELSE %(before)b::bigint END
            ORDER BY seq DESC LIMIT %(limit)b::bigint"""),
        following=Query(f"""
            SELECT {_COLUMNS} FROM {table}
            WHERE organization_id = %(organization)b::uuid AND seq > %(after)b::bigint
            ORDER BY seq LIMIT %(limit)b::bigint"""),
    )
