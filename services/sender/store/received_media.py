"""Contacts' files as rows: noted once, claimed for a while, brought to one end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query
from services.sender.domain.media import kind_of
from services.sender.ports.media import Arrived, Due, Fetched, MediaPolicy, Received, ReceivedState

# Longer than the longest fetch (usecases.received_media): a claim that is older is of a process that died.
_CLAIMED = "interval '5 minutes'"
_MINE = "organization_id = %(organization)b::uuid"
_COLUMNS = """organization_id, media_id, lane_id, phone_number_id, meta_id, kind, mime_type, announced_sha256,
    state, reason, size, sha256, object_key, received_at"""

_POLICY = Query(f"SELECT max_bytes, kinds FROM sender.media_policy WHERE {_MINE}")
_PUT_POLICY = Query("""
    INSERT INTO sender.media_policy (organization_id, max_bytes, kinds)
    VALUES (%(organization)b::uuid, %(max_bytes)b::bigint, %(kinds)b::text[])
    ON CONFLICT (organization_id) DO UPDATE SET max_bytes = excluded.max_bytes, kinds = excluded.kinds""")
_NO_POLICY = Query(f"DELETE FROM sender.media_policy WHERE {_MINE}")

_ADD = Query("""
    WITH came AS (
      SELECT * FROM unnest(%(groups)b::uuid[], %(ids)b::uuid[], %(lanes)b::uuid[], %(numbers)b::text[],
        %(metas)b::text[], %(kinds)b::text[], %(types)b::text[], %(digests)b::text[])
        AS t(organization_id, media_id, lane_id, phone_number_id, meta_id, kind, mime_type, announced_sha256)),
    added AS (
      INSERT INTO sender.received_media
        (organization_id, media_id, lane_id, phone_number_id, meta_id, kind, mime_type, announced_sha256)
      SELECT c.* FROM came c JOIN sender.media_policy p USING (organization_id) WHERE c.kind = ANY (p.kinds)
      ORDER BY c.organization_id, c.media_id
      ON CONFLICT (organization_id, media_id) DO NOTHING RETURNING organization_id, media_id)
    INSERT INTO sender.received_media_due (organization_id, media_id)
    SELECT organization_id, media_id FROM added ORDER BY 1, 2
    ON CONFLICT (organization_id, media_id) DO NOTHING RETURNING organization_id, media_id""")
_CLAIM = Query(f"""
    WITH due AS MATERIALIZED (
      SELECT organization_id, media_id FROM sender.received_media_due WHERE due_at <= now()
      ORDER BY due_at LIMIT %(limit)b::bigint FOR UPDATE SKIP LOCKED)
    UPDATE sender.received_media_due d SET due_at = now() + {_CLAIMED}, attempts = d.attempts + 1 FROM due
    WHERE (d.organization_id, d.media_id) = (due.organization_id, due.media_id)
    RETURNING d.organization_id, d.media_id, d.attempts""")
_GET = Query(f"SELECT {_COLUMNS} FROM sender.received_media WHERE {_MINE} AND media_id = %(media)b::uuid")
_OF_LANE = Query(f"""
    SELECT {_COLUMNS} FROM sender.received_media WHERE {_MINE} AND lane_id = %(lane)b::uuid
      AND (%(at)b::timestamptz IS NULL OR received_at < %(at)b::timestamptz
           OR (received_at = %(at)b::timestamptz AND media_id > %(id)b::uuid))
    ORDER BY received_at DESC, media_id LIMIT %(limit)b::bigint""")
_END = Query(f"""
    UPDATE sender.received_media SET state = %(state)b::text, reason = %(reason)b::text, size = %(size)b::bigint,
      sha256 = %(sha256)b::bytea, object_key = %(key)b::text
    WHERE {_MINE} AND media_id = %(media)b::uuid AND state = 'pending' RETURNING 1""")
_NOT_DUE = Query(f"DELETE FROM sender.received_media_due WHERE {_MINE} AND media_id = %(media)b::uuid")
_IS_KEPT = Query(f"""
    SELECT 1 FROM sender.received_media WHERE {_MINE} AND object_key = %(key)b::text AND state = 'stored' LIMIT 1""")
_GIVE_UP = Query(f"""
    UPDATE sender.received_media SET state = 'refused', reason = 'the contact was erased'
    WHERE {_MINE} AND lane_id = ANY (%(lanes)b::uuid[]) AND state = 'pending'""")
_KEYS_OF = Query(f"""
    SELECT DISTINCT object_key FROM sender.received_media
    WHERE {_MINE} AND lane_id = ANY (%(lanes)b::uuid[]) AND object_key <> ''""")
_OLD_KEYS = Query(f"""
    SELECT DISTINCT o.object_key FROM (
      SELECT organization_id, lane_id, object_key FROM sender.received_media
      WHERE {_MINE} AND received_at < %(before)b::timestamptz AND object_key <> ''
      ORDER BY received_at LIMIT %(limit)b::bigint) o
    WHERE NOT EXISTS (
      SELECT 1 FROM sender.received_media n
      WHERE (n.organization_id, n.lane_id, n.object_key) = (o.organization_id, o.lane_id, o.object_key)
        AND n.received_at >= %(before)b::timestamptz)""")
_FORGET_KEYS = Query(f"""
    UPDATE sender.received_media SET object_key = '', state = 'expired'
    WHERE {_MINE} AND object_key = ANY (%(keys)b::text[])""")
_REASON = Query(f"""
    UPDATE sender.received_media SET reason = %(reason)b::text
    WHERE {_MINE} AND media_id = %(media)b::uuid AND state = 'pending'""")
_POSTPONE = Query(f"""
    UPDATE sender.received_media_due SET due_at = now() + make_interval(secs => %(seconds)b::float8)
    WHERE {_MINE} AND media_id = %(media)b::uuid""")


class PostgresReceivedMedia:
    """See ports.media.ReceivedBook."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def put_policy(self, *, organization_id: UUID, policy: MediaPolicy | None) -> bool:
        """See ReceivedBook."""
        values: dict[str, object] = {"organization": organization_id}
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (_POLICY, values)])
            before = _policy_of(rows[0]) if rows else None
            if before == policy:
                return False
            entry = AuditEntry(
                organization_id, "media_policy.put", "media_policy", before=_digest(before), after=_digest(policy)
            )
            step = (_NO_POLICY, values)
            if policy is not None:
                step = (_PUT_POLICY, {**values, "max_bytes": policy.max_bytes, "kinds": sorted(policy.kinds)})
            await journey.commit([step, *self._audit.steps([entry])])
        return True

    async def policy(self, *, organization_id: UUID) -> MediaPolicy | None:
        """See ReceivedBook."""
        step = (_POLICY, {"organization": organization_id})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return _policy_of(rows[0]) if rows else None

    async def add(self, arrived: Sequence[Arrived]) -> list[bool]:
        """See ReceivedBook."""
        values = {
            "groups": [each.organization_id for each in arrived],
            "ids": [each.media_id for each in arrived],
            "lanes": [each.lane_id for each in arrived],
            "numbers": [each.phone_number_id for each in arrived],
            "metas": [each.meta_id for each in arrived],
            "kinds": [each.kind for each in arrived],
            "types": [each.mime_type for each in arrived],
            "digests": [each.announced_sha256 for each in arrived],
        }
        (rows,) = await self._database.batch({each.organization_id for each in arrived}, [(_ADD, values)])
        added = {(row[0], row[1]) for row in rows}
        return [(each.organization_id, each.media_id) in added for each in arrived]

    async def claim(self, *, limit: int) -> list[Due]:
        """See ReceivedBook."""
        (rows,) = await self._database.batch([], [(_CLAIM, {"limit": limit})])
        return [Due(row[0], row[1], row[2]) for row in rows]

    async def get(self, *, organization_id: UUID, media_id: UUID) -> Received | None:
        """See ReceivedBook."""
        values = {"organization": organization_id, "media": media_id}
        (rows,) = await self._database.batch([organization_id], [(_GET, values)], durable=False)
        return _received_of(rows[0]) if rows else None

    async def of_lane(
        self, *, organization_id: UUID, lane_id: UUID, limit: int, before: tuple[datetime, UUID] | None
    ) -> list[Received]:
        """See ReceivedBook."""
        at, media_id = before or (None, None)
        values = {"organization": organization_id, "lane": lane_id, "limit": limit, "at": at, "id": media_id}
        (rows,) = await self._database.batch([organization_id], [(_OF_LANE, values)], durable=False)
        return [_received_of(row) for row in rows]

    async def end(
        self,
        received: Received,
        *,
        state: ReceivedState,
        reason: str = "",
        fetched: Fetched | None = None,
        key: str = "",
    ) -> bool:
        """See ReceivedBook."""
        arrived = received.arrived
        values = {
            "organization": arrived.organization_id, "media": arrived.media_id, "state": state, "reason": reason,
            "size": fetched.size if fetched else 0, "sha256": fetched.sha256 if fetched else b"", "key": key,
        }  # fmt: skip
        ended, _ = await self._database.batch([arrived.organization_id], [(_END, values), (_NOT_DUE, values)])
        return bool(ended)

    async def is_kept(self, *, organization_id: UUID, key: str) -> bool:
        """See ReceivedBook."""
        step = (_IS_KEPT, {"organization": organization_id, "key": key})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return bool(rows)

    async def give_up(self, *, organization_id: UUID, lane_ids: Sequence[UUID]) -> None:
        """See ReceivedBook."""
        values = {"organization": organization_id, "lanes": list(lane_ids)}
        await self._database.batch([organization_id], [(_GIVE_UP, values)])

    async def keys_of(self, *, organization_id: UUID, lane_ids: Sequence[UUID]) -> Sequence[str]:
        """See ReceivedBook."""
        values = {"organization": organization_id, "lanes": list(lane_ids)}
        (rows,) = await self._database.batch([organization_id], [(_KEYS_OF, values)], durable=False)
        return [row[0] for row in rows]

    async def old_keys(self, *, organization_id: UUID, before: datetime, limit: int) -> Sequence[str]:
        """See ReceivedBook."""
        values = {"organization": organization_id, "before": before, "limit": limit}
        (rows,) = await self._database.batch([organization_id], [(_OLD_KEYS, values)], durable=False)
        return [row[0] for row in rows]

    async def forget_keys(self, *, organization_id: UUID, keys: Sequence[str]) -> None:
        """See ReceivedBook."""
        values = {"organization": organization_id, "keys": list(keys)}
        await self._database.batch([organization_id], [(_FORGET_KEYS, values)])

    async def postpone(self, received: Received, *, seconds: float, reason: str) -> None:
        """See ReceivedBook."""
        arrived = received.arrived
        values = {
            "organization": arrived.organization_id, "media": arrived.media_id, "seconds": seconds, "reason": reason,
        }  # fmt: skip
        await self._database.batch([arrived.organization_id], [(_REASON, values), (_POSTPONE, values)])


def _digest(policy: MediaPolicy | None) -> bytes | None:
    if policy is None:
        return None
    return digest_of({"max_bytes": policy.max_bytes, "kinds": sorted(policy.kinds)})


def _policy_of(row: tuple[Any, ...]) -> MediaPolicy:
    return MediaPolicy(max_bytes=row[0], kinds=frozenset(row[1]))


def _received_of(row: tuple[Any, ...]) -> Received:
    kind = kind_of(row[5])
    if kind is None:
        raise ValueError("a file is of a kind that this release does not know")
    arrived = Arrived(
        organization_id=row[0], media_id=row[1], lane_id=row[2], phone_number_id=row[3], meta_id=row[4], kind=kind,
        mime_type=row[6], announced_sha256=row[7],
    )  # fmt: skip
    return Received(
        arrived=arrived, state=row[8], reason=row[9], size=row[10], sha256=bytes(row[11]), object_key=row[12],
        received_at=row[13],
    )  # fmt: skip
