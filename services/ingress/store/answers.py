"""Answers kept for repeats, for a day. Which organizations have any is known apart, for clearing."""

from __future__ import annotations

from uuid import UUID, uuid4

import orjson

from services.chassis.db import Database, Query
from services.ingress.domain.idempotency import KEEP_HOURS, LEASE_SECONDS, KeptAnswer
from services.ingress.ports.answers import Held, Taken

_KEY = "organization_id = %(organization)b::uuid AND key_hash = %(key)b::bytea"

_NOTE_OWNER = Query("""
    INSERT INTO ingress.kept_answer_owner (organization_id) VALUES (%(organization)b::uuid)
    ON CONFLICT (organization_id) DO NOTHING""")
# What is over, or was left by a process that died, is as if it had never been.
_TAKE = Query(f"""
    INSERT INTO ingress.kept_answer AS a (organization_id, key_hash, request_hash, lease)
    VALUES (%(organization)b::uuid, %(key)b::bytea, %(request)b::bytea, %(lease)b::uuid)
    ON CONFLICT (organization_id, key_hash) DO UPDATE
    SET request_hash = excluded.request_hash, lease = excluded.lease, begun_at = now(),
        status = NULL, headers = NULL, body = NULL
    WHERE a.begun_at < now() - interval '{KEEP_HOURS} hours'
      OR (a.status IS NULL AND a.request_hash = excluded.request_hash
          AND a.begun_at < now() - interval '{LEASE_SECONDS} seconds')
    RETURNING 1""")
_FIND = Query(f"SELECT request_hash, status, headers::text, body FROM ingress.kept_answer WHERE {_KEY}")
_KEEP = Query(f"""
    UPDATE ingress.kept_answer SET status = %(status)b::int, headers = %(headers)b::text::jsonb, body = %(body)b::bytea
    WHERE {_KEY} AND lease = %(lease)b::uuid""")
_FORGET = Query(f"DELETE FROM ingress.kept_answer WHERE {_KEY} AND lease = %(lease)b::uuid")

_OWNERS = Query("SELECT organization_id FROM ingress.kept_answer_owner ORDER BY 1")
_CLEAR = Query(f"""
    DELETE FROM ingress.kept_answer
    WHERE organization_id = %(organization)b::uuid AND begun_at < now() - interval '{KEEP_HOURS} hours'""")
_LEAVE = Query("""
    DELETE FROM ingress.kept_answer_owner o WHERE o.organization_id = %(organization)b::uuid
      AND NOT EXISTS (SELECT 1 FROM ingress.kept_answer a WHERE a.organization_id = o.organization_id)""")


class PostgresAnswers:
    """See ports.answers.Answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, *, organization_id: UUID, key_hash: bytes, request_hash: bytes) -> Held | KeptAnswer | Taken:
        """See Answers."""
        held = Held(uuid4())
        key = {"organization": organization_id, "key": key_hash}
        take = key | {"request": request_hash, "lease": held.lease}
        _, taken, found = await self._database.batch(
            [organization_id], [(_NOTE_OWNER, key), (_TAKE, take), (_FIND, key)]
        )
        if taken:
            return held
        if not found or bytes(found[0][0]) != request_hash:
            # Not found: it was let go at this moment, and the next try takes it.
            return "other" if found else "running"
        _, status, headers, body = found[0]
        if status is None:
            return "running"
        return KeptAnswer(status, tuple((name, value) for name, value in orjson.loads(headers)), bytes(body))

    async def keep(self, *, organization_id: UUID, key_hash: bytes, held: Held, answer: KeptAnswer) -> None:
        """See Answers."""
        values = {
            "organization": organization_id,
            "key": key_hash,
            "lease": held.lease,
            "status": answer.status,
            "headers": orjson.dumps(answer.headers).decode(),
            "body": answer.body,
        }
        await self._database.batch([organization_id], [(_KEEP, values)])

    async def forget(self, *, organization_id: UUID, key_hash: bytes, held: Held) -> None:
        """See Answers."""
        values = {"organization": organization_id, "key": key_hash, "lease": held.lease}
        await self._database.batch([organization_id], [(_FORGET, values)])

    async def clear_old(self) -> None:
        """Let go of what is over, of every organization. Raises Unavailable."""
        (rows,) = await self._database.batch((), [(_OWNERS, {})])
        for (organization_id,) in rows:
            key = {"organization": organization_id}
            await self._database.batch([organization_id], [(_CLEAR, key), (_LEAVE, key)])
