"""Files as rows: what they are, their pieces while they come, and Meta's ids of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog
from services.chassis.db import Database, Query
from services.sender.domain.media import kind_of
from services.sender.ports.media import KeptMedia, MetaId

# Meta keeps an upload for 30 days; one day is left for a message that waits.
_KEPT = "interval '29 days'"
# Longer than the longest upload (usecases.media): a claim that is older is of a process that died.
_CLAIMED = "interval '3 minutes'"
_UNFINISHED = "interval '1 day'"
# Whatever many messages are refused for, a file is given to Meta anew for it no more often than this.
_DOUBTED = "interval '1 minute'"

_MINE = "organization_id = %(organization)b::uuid"
_COLUMNS = "organization_id, media_id, kind, mime_type, size, sha256, object_key, created_at"

_GET = Query(f"SELECT {_COLUMNS} FROM sender.media WHERE {_MINE} AND media_id = %(media)b::uuid")
_PUT = Query(f"""
    INSERT INTO sender.media ({_COLUMNS})
    VALUES (%(organization)b::uuid, %(media)b::uuid, %(kind)b::text, %(mime_type)b::text, %(size)b::bigint,
            %(sha256)b::bytea, %(object_key)b::text, %(created_at)b::timestamptz)
    ON CONFLICT (organization_id, media_id) DO NOTHING""")
_FORGET_PIECES = Query(f"""
    DELETE FROM sender.media_piece
    WHERE {_MINE} AND (media_id = %(media)b::uuid OR created_at < now() - {_UNFINISHED})""")

_PUT_PIECE = Query("""
    INSERT INTO sender.media_piece (organization_id, media_id, position, content)
    VALUES (%(organization)b::uuid, %(media)b::uuid, %(position)b::bigint, %(content)b::bytea)
    ON CONFLICT (organization_id, media_id, position) DO NOTHING""")
_PIECE_SIZES = Query(f"""
    SELECT position, length(content)::bigint FROM sender.media_piece
    WHERE {_MINE} AND media_id = %(media)b::uuid ORDER BY position""")
_PIECE = Query(f"""
    SELECT content FROM sender.media_piece
    WHERE {_MINE} AND media_id = %(media)b::uuid AND position = %(position)b::bigint""")

_ONE_UPLOAD = f"{_MINE} AND sha256 = %(sha256)b::bytea AND phone_number_id = %(number)b::text"
_UPLOADED_ID = Query(f"""
    SELECT meta_id FROM sender.media_upload WHERE {_ONE_UPLOAD} AND uploaded_at > now() - {_KEPT}""")
_CLAIM = Query(f"""
    INSERT INTO sender.media_upload (organization_id, sha256, phone_number_id, claimed_until)
    VALUES (%(organization)b::uuid, %(sha256)b::bytea, %(number)b::text, now() + {_CLAIMED})
    ON CONFLICT (organization_id, sha256, phone_number_id) DO UPDATE SET claimed_until = excluded.claimed_until
      WHERE media_upload.claimed_until < now()
        AND (media_upload.uploaded_at IS NULL OR media_upload.uploaded_at <= now() - {_KEPT})
    RETURNING 1""")
_UPLOADED = Query(f"""
    UPDATE sender.media_upload SET meta_id = %(meta_id)b::text, claimed_until = now(),
      uploaded_at = CASE WHEN %(meta_id)b::text = '' THEN NULL ELSE now() END
    WHERE {_ONE_UPLOAD}""")

_SHARED = Query(f"""
    SELECT 1 FROM sender.media
    WHERE {_MINE} AND object_key = %(object_key)b::text AND media_id <> %(media)b::uuid LIMIT 1""")
_UPLOADS_OF = Query(f"""
    SELECT phone_number_id, meta_id FROM sender.media_upload
    WHERE {_MINE} AND sha256 = %(sha256)b::bytea AND meta_id <> '' ORDER BY phone_number_id""")
_REMOVE = Query(f"DELETE FROM sender.media WHERE {_MINE} AND media_id = %(media)b::uuid")
_FORGET_UPLOADS = Query(f"DELETE FROM sender.media_upload WHERE {_MINE} AND sha256 = %(sha256)b::bytea")
_DOUBT = Query(f"""
    UPDATE sender.media_upload SET meta_id = '', uploaded_at = NULL, doubted_at = now()
    WHERE {_ONE_UPLOAD} AND meta_id <> '' AND %(meta_id)b::text IN ('', meta_id)
      AND (doubted_at IS NULL OR doubted_at < now() - {_DOUBTED})""")
_STANDS = Query(f"""
    SELECT 1 FROM sender.media_upload
    WHERE {_ONE_UPLOAD} AND meta_id <> '' AND %(meta_id)b::text IN ('', meta_id)""")


class PostgresMedia:
    """See ports.media.MediaBook."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def get(self, *, organization_id: UUID, media_id: UUID) -> KeptMedia | None:
        """See MediaBook."""
        values = {"organization": organization_id, "media": media_id}
        (rows,) = await self._database.batch([organization_id], [(_GET, values)], durable=False)
        return _media_of(rows[0]) if rows else None

    async def put_piece(self, *, organization_id: UUID, media_id: UUID, position: int, content: bytes) -> None:
        """See MediaBook."""
        values = {"organization": organization_id, "media": media_id, "position": position, "content": content}
        await self._database.batch([organization_id], [(_PUT_PIECE, values)])

    async def piece_sizes(self, *, organization_id: UUID, media_id: UUID) -> Sequence[tuple[int, int]]:
        """See MediaBook."""
        values = {"organization": organization_id, "media": media_id}
        (rows,) = await self._database.batch([organization_id], [(_PIECE_SIZES, values)], durable=False)
        return [(row[0], row[1]) for row in rows]

    async def piece(self, *, organization_id: UUID, media_id: UUID, position: int) -> bytes:
        """See MediaBook."""
        values = {"organization": organization_id, "media": media_id, "position": position}
        (rows,) = await self._database.batch([organization_id], [(_PIECE, values)], durable=False)
        return bytes(rows[0][0]) if rows else b""

    async def put(self, media: KeptMedia) -> KeptMedia:
        """See MediaBook."""
        values = {
            "organization": media.organization_id, "media": media.media_id, "kind": media.kind,
            "mime_type": media.mime_type, "size": media.size, "sha256": media.sha256, "object_key": media.object_key,
            "created_at": media.created_at,
        }  # fmt: skip
        steps = [(_PUT, values), (_FORGET_PIECES, values), (_GET, values)]
        *_, rows = await self._database.batch([media.organization_id], steps)
        return _media_of(rows[0])

    async def is_shared(self, media: KeptMedia) -> bool:
        """See MediaBook."""
        (rows,) = await self._database.batch([media.organization_id], [(_SHARED, _named(media))], durable=False)
        return bool(rows)

    async def uploads_of(self, media: KeptMedia) -> Sequence[tuple[str, str]]:
        """See MediaBook."""
        (rows,) = await self._database.batch([media.organization_id], [(_UPLOADS_OF, _named(media))], durable=False)
        return [(row[0], row[1]) for row in rows]

    async def remove(self, media: KeptMedia, *, with_uploads: bool) -> bool:
        """See MediaBook."""
        values = _named(media)
        entry = AuditEntry(media.organization_id, "media.delete", f"media:{media.media_id}", before=media.sha256)
        async with self._database.journey([media.organization_id]) as journey:
            *_, found = await journey.run([*self._audit.locking([media.organization_id]), (_GET, values)])
            if not found:
                return False
            steps = [(_REMOVE, values), *([(_FORGET_UPLOADS, values)] if with_uploads else [])]
            await journey.commit([*steps, *self._audit.steps([entry])])
        return True

    async def claim_upload(self, *, organization_id: UUID, sha256: bytes, phone_number_id: str) -> MetaId:
        """See MediaBook; claimed first, so that an id noted meanwhile is seen."""
        values = {"organization": organization_id, "sha256": sha256, "number": phone_number_id}
        steps = [(_CLAIM, values), (_UPLOADED_ID, values)]
        claimed, uploaded = await self._database.batch([organization_id], steps)
        return MetaId(uploaded[0][0] if uploaded else "", is_ours=bool(claimed))

    async def doubt_upload(self, *, organization_id: UUID, sha256: bytes, phone_number_id: str, meta_id: str) -> bool:
        """See MediaBook."""
        values = {"organization": organization_id, "sha256": sha256, "number": phone_number_id, "meta_id": meta_id}
        _, standing = await self._database.batch([organization_id], [(_DOUBT, values), (_STANDS, values)])
        return not standing

    async def uploaded(self, *, organization_id: UUID, sha256: bytes, phone_number_id: str, meta_id: str) -> None:
        """See MediaBook."""
        values = {"organization": organization_id, "sha256": sha256, "number": phone_number_id, "meta_id": meta_id}
        await self._database.batch([organization_id], [(_UPLOADED, values)])


def _named(media: KeptMedia) -> dict[str, object]:
    return {
        "organization": media.organization_id,
        "media": media.media_id,
        "sha256": media.sha256,
        "object_key": media.object_key,
    }


def _media_of(row: tuple[Any, ...]) -> KeptMedia:
    kind = kind_of(row[2])
    if kind is None:
        raise ValueError("a file is of a kind that this release does not know")
    return KeptMedia(
        organization_id=row[0], media_id=row[1], kind=kind, mime_type=row[3], size=row[4], sha256=bytes(row[5]),
        object_key=row[6], created_at=row[7],
    )  # fmt: skip
