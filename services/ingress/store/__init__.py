"""All SQL of ingress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Connection, Database, Query, Step, fetch_all, fetch_one, run, run_steps
from services.chassis.queue import Lanes, StoredItem
from services.chassis.queue.schema import KEEP_DAYS
from services.chassis.sealing import SealedColumn, Sealer
from services.ingress.domain.audit import Change
from services.ingress.entries import kept_key
from services.ingress.ports import Accepted, KeptEvent, MetaApp
from services.ingress.store.answers import PostgresAnswers
from services.ingress.store.boxes import MESSAGES, STATUSES
from services.ingress.store.jobs import ANY_JOB_DUE, PostgresJobs
from services.ingress.store.privacy import PostgresPrivacy
from services.pb.common.v1 import events_pb2

__all__ = [
    "ANY_JOB_DUE",
    "MESSAGES",
    "STATUSES",
    "PostgresAnswers",
    "PostgresJobs",
    "PostgresPrivacy",
    "PostgresStore",
    "merge_app",
]

_TABLE = "ingress.meta_app"
_SECRETS = ("app_secret", "previous_app_secret", "verify_token")
SEALED = tuple(SealedColumn(_TABLE, column, "name", row="{key}/" + column) for column in _SECRETS)
"""Where ingress keeps sealed values."""
ROTATION_DAYS = 7.0
# With more lanes than this waiting, ingress is behind and the exact age does not matter.
_WATERMARK_LANES = 500
_BEHIND_MS = 3_600_000

_KEEP = Query("""
    INSERT INTO ingress.event (event_key, disposition, type, phone_number_id, reason, fields)
    SELECT * FROM unnest(%(keys)b::text[], %(dispositions)b::text[], %(types)b::text[], %(numbers)b::text[],
                         %(reasons)b::text[], %(fields)b::text[]) t(k, d, y, n, r, f)
    ORDER BY 1
    ON CONFLICT (event_key) DO NOTHING""")

_OLDEST_STATUS = Query("""
    SELECT count(*), coalesce(extract(epoch FROM now() - min(i.received_at)) * 1000, 0)::bigint
    FROM (SELECT number_key, lane_id, head FROM ingress.status_lane WHERE wake_at IS NOT NULL
          ORDER BY wake_at LIMIT %(lanes)s::bigint) l
    CROSS JOIN LATERAL (
      SELECT received_at FROM ingress.status_item i
      WHERE i.number_key = l.number_key AND i.lane_id = l.lane_id AND i.pos > l.head ORDER BY i.pos LIMIT 1) i""")

# A door that was not seen for a moment may be down with statuses before it; after a while it is no door any more.
_NOTE_DOOR = Query("""
    INSERT INTO ingress.door (place, opened_at) VALUES (%(place)s::text, now() - %(open_ms)s::bigint * interval '1 ms')
    ON CONFLICT (place) DO UPDATE SET opened_at = excluded.opened_at, seen_at = now()""")
_DOORS_OPEN = Query("""
    SELECT min(CASE WHEN seen_at > now() - interval '6 s' THEN extract(epoch FROM now() - opened_at) * 1000
                    ELSE 0 END)::bigint
    FROM ingress.door WHERE seen_at > now() - interval '20 s'""")

# A rotation's days are counted from its beginning: what is put again without a new secret does not lengthen them.
_PUT_APP = """
    INSERT INTO ingress.meta_app AS a (organization_id, name, app_secret, previous_app_secret, verify_token,
                                       previous_until)
    VALUES (%(organization_id)s, %(name)s, %(secret)b, %(previous)b, %(token)b,
            now() + %(days)s::float8 * interval '1 day')
    ON CONFLICT (organization_id, name) DO UPDATE SET
      app_secret = excluded.app_secret, previous_app_secret = excluded.previous_app_secret,
      verify_token = excluded.verify_token, updated_at = now(),
      previous_until = CASE WHEN %(is_rotated)s OR excluded.previous_until IS NULL THEN excluded.previous_until
                            ELSE a.previous_until END"""

# What is over is not read, whether or not it has been cleared away yet.
_COLUMNS = """organization_id, name, app_secret, CASE WHEN previous_until > now() THEN previous_app_secret END,
    verify_token, updated_at, CASE WHEN previous_until > now() THEN previous_until END"""
_CLEAR_ENDED = """UPDATE ingress.meta_app SET previous_app_secret = NULL, previous_until = NULL
    WHERE previous_until <= now()"""


class PostgresStore:
    """ingress' tables in Postgres. They hold what came in before the tenant is known."""

    def __init__(
        self,
        database: Database,
        messages: Lanes,
        statuses: Lanes,
        *,
        sealer: Sealer,
        audit: AuditLog,
        rotation_days: float = ROTATION_DAYS,
    ) -> None:
        self._database = database
        self._audit = audit
        self._messages = messages
        self._statuses = statuses
        self._sealer = sealer
        self._rotation_days = rotation_days

    async def accept(self, entries: Sequence[Accepted]) -> Sequence[None]:
        """Make all entries durable in one transaction; repeats change nothing. Raises Unavailable."""
        messages = self._messages.entering([entry.message for entry in entries if entry.message])
        statuses = self._statuses.entering([entry.status for entry in entries if entry.status])
        kept = _keeping([entry.kept for entry in entries if entry.kept])
        rows = await self._database.batch((), [*messages.steps, *statuses.steps, *kept])
        count = len(messages.steps)
        self._messages.entered(messages, rows[:count])
        self._statuses.entered(statuses, rows[count:])
        return [None] * len(entries)

    async def keep_unroutable_message(self, connection: Connection, item: StoredItem, reason: str) -> None:
        """Keep a message that belongs to nobody here, in the transaction that finishes its lane."""
        message = events_pb2.InboundMessage.FromString(item.payload)
        fields = message.fields.decode()
        await run_steps(
            connection,
            _keeping(
                [KeptEvent(kept_key(item.event_id), "unroutable", "message", message.phone_number_id, reason, fields)]
            ),
        )

    async def keep_unroutable_status(self, connection: Connection, item: StoredItem, reason: str) -> None:
        """Keep a status of a number that belongs to nobody here."""
        status = events_pb2.MessageStatus.FromString(item.payload)
        fields = f'{{"type":"status","id":"{_plain(status.message_id)}","status":"{_plain(status.status)}"}}'
        await run_steps(
            connection,
            _keeping(
                [KeptEvent(kept_key(item.event_id), "unroutable", "status", status.phone_number_id, reason, fields)]
            ),
        )

    async def list_apps(self) -> list[MetaApp]:
        """All Meta apps, by organization and name. Raises Unavailable."""
        async with self._database.transaction((), durable=False) as connection:
            rows = await fetch_all(connection, f"SELECT {_COLUMNS} FROM {_TABLE} ORDER BY 1, 2")
        return [self._app(row) for row in rows]

    async def apps_of(self, *, organization_id: UUID) -> list[MetaApp]:
        """The Meta apps of one organization, by name. Raises Unavailable."""
        async with self._database.transaction([organization_id], durable=False) as connection:
            rows = await fetch_all(
                connection,
                f"SELECT {_COLUMNS} FROM {_TABLE} WHERE organization_id = %s ORDER BY name",
                (organization_id,),
            )
        return [self._app(row) for row in rows]

    async def put_app(self, app: MetaApp) -> bool:
        """Create or replace an app. A changed secret keeps the one before as previous, unless one is given."""
        async with self._database.transaction([app.organization_id]) as connection:
            await run_steps(connection, self._audit.locking([app.organization_id]))
            row = await fetch_one(
                connection,
                f"SELECT {_COLUMNS} FROM {_TABLE} WHERE organization_id = %s AND name = %s FOR UPDATE",
                (app.organization_id, app.name),
            )
            stored = self._app(row) if row else None
            merged = merge_app(stored, app)
            if merged is None:
                return False
            before = stored.previous_app_secret if stored else None
            window = {
                "days": self._rotation_days if merged.previous_app_secret else None,
                "is_rotated": merged.previous_app_secret != before,
            }
            await run(connection, _PUT_APP, self._sealed(merged) | window)
            await run_steps(connection, self._audit.steps([_entry(stored, merged)]))
        return True

    async def end_rotation(self, *, organization_id: UUID, name: str) -> bool | None:
        """Forget an app's previous secret; tells whether there was one, None when there is no such app."""
        place = (organization_id, name)
        async with self._database.transaction([organization_id]) as connection:
            await run_steps(connection, self._audit.locking([organization_id]))
            row = await fetch_one(
                connection,
                """SELECT previous_until > now() FROM ingress.meta_app
                   WHERE organization_id = %s AND name = %s FOR UPDATE""",
                place,
            )
            await run(
                connection,
                """UPDATE ingress.meta_app SET previous_app_secret = NULL, previous_until = NULL, updated_at = now()
                   WHERE organization_id = %s AND name = %s AND previous_until IS NOT NULL""",
                place,
            )
            if row and row[0]:
                await run_steps(connection, self._audit.steps([_ended(organization_id, name)]))
        return bool(row[0]) if row else None

    async def list_events(self, *, disposition: str, limit: int) -> list[KeptEvent]:
        """Kept events, newest first."""
        async with self._database.transaction((), durable=False) as connection:
            rows = await fetch_all(
                connection,
                """SELECT event_key, disposition, type, phone_number_id, reason, fields, received_at
                   FROM ingress.event WHERE %(disposition)s = '' OR disposition = %(disposition)s
                   ORDER BY received_at DESC, event_key LIMIT %(limit)s""",
                {"disposition": disposition, "limit": limit},
            )
        return [KeptEvent(*row) for row in rows]

    async def oldest_unapplied_status_ms(self) -> int:
        """Age of the oldest status that sender has not applied yet; an hour when very many wait."""
        step = (_OLDEST_STATUS, {"lanes": _WATERMARK_LANES})
        ((row,),) = await self._database.batch((), [step], durable=False)
        return _BEHIND_MS if row[0] >= _WATERMARK_LANES else int(row[1])

    async def note_door(self, *, place: str, open_ms: int) -> None:
        """Tell the other doors that this one is there, and how long it has been open."""
        await self._database.batch((), [(_NOTE_DOOR, {"place": place, "open_ms": open_ms})], durable=False)

    async def forget_door(self, *, place: str) -> None:
        """This door was closed on purpose."""
        async with self._database.transaction((), durable=False) as connection:
            await run(connection, "DELETE FROM ingress.door WHERE place = %s", (place,))

    async def doors_open_ms(self) -> int | None:
        """How long every known door has been open, 0 when one is missing; None when none was noted."""
        ((row,),) = await self._database.batch((), [(_DOORS_OPEN, {})], durable=False)
        return None if row[0] is None else int(row[0])

    async def prepare_partitions(self) -> None:
        """Have partitions for the weeks to come."""
        async with self._database.transaction(()) as connection:
            for box in (MESSAGES, STATUSES):
                await fetch_one(
                    connection, "SELECT app.ensure_partitions(%s::regclass, 'week', 3)", (f"{box.path}_item",)
                )

    async def drop_old(self) -> None:
        """Drop what is older than any repeat Meta may send, and secrets of rotations that are over."""
        async with self._database.transaction(()) as connection:
            await run(connection, _CLEAR_ENDED)
            for box in (MESSAGES, STATUSES):
                await fetch_one(
                    connection, "SELECT app.drop_old_items(%s::regclass, %s)", (f"{box.path}_item", KEEP_DAYS)
                )
            await run(
                connection, "DELETE FROM ingress.event WHERE received_at < now() - %s * interval '1 day'", (KEEP_DAYS,)
            )

    def _app(self, row: Sequence[object]) -> MetaApp:
        organization_id, name, secret, previous, token, updated_at, previous_until = row

        def opened(sealed: object, field: str) -> str:
            assert isinstance(sealed, bytes)
            return self._sealer.open(sealed, table=_TABLE, organization_id=str(organization_id), row=f"{name}/{field}")

        return MetaApp(
            organization_id,  # type: ignore[arg-type]  # the table's types
            str(name),
            opened(secret, "app_secret"),
            opened(previous, "previous_app_secret") if previous else None,
            opened(token, "verify_token"),
            updated_at,  # type: ignore[arg-type]  # the table's types
            previous_until,  # type: ignore[arg-type]  # the table's types
        )

    def _sealed(self, app: MetaApp) -> dict[str, object]:
        def sealed(value: str, field: str) -> bytes:
            return self._sealer.seal(
                value, table=_TABLE, organization_id=str(app.organization_id), row=f"{app.name}/{field}"
            )

        return {
            "organization_id": app.organization_id,
            "name": app.name,
            "secret": sealed(app.app_secret, "app_secret"),
            "previous": sealed(app.previous_app_secret, "previous_app_secret") if app.previous_app_secret else None,
            "token": sealed(app.verify_token, "verify_token"),
        }


class OwnTrail:
    """ingress' own audit log, as its REST side reads it."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def changes(self, *, organization_id: UUID, limit: int, before: int) -> list[Change]:
        """Changes of an organization, newest first. Raises Unavailable."""
        records = await self._audit.read(organization_id=organization_id, limit=limit, before=before)
        return [
            Change(
                room=self._audit.room,
                seq=record.seq,
                at=datetime.fromisoformat(record.at),
                actor=record.actor,
                action=record.action,
                object=record.object,
                before_digest=record.before.hex() if record.before else None,
                after_digest=record.after.hex() if record.after else None,
                hash=record.hash.hex(),
            )
            for record in records
        ]


def merge_app(stored: MetaApp | None, wanted: MetaApp) -> MetaApp | None:
    """What to store: None when nothing changes; the former secret stays valid after a rotation."""
    if stored is None:
        return wanted
    previous = wanted.previous_app_secret or (
        stored.app_secret if stored.app_secret != wanted.app_secret else stored.previous_app_secret
    )
    same = (stored.app_secret, stored.previous_app_secret, stored.verify_token) == (
        wanted.app_secret,
        previous,
        wanted.verify_token,
    )
    if same:
        return None
    return MetaApp(wanted.organization_id, wanted.name, wanted.app_secret, previous, wanted.verify_token)


def _entry(stored: MetaApp | None, merged: MetaApp) -> AuditEntry:
    # Every digest holds the app secret, which Meta made: so the verify token, which somebody chose, cannot be guessed.
    return AuditEntry(
        merged.organization_id,
        "app.put",
        f"app:{merged.name}",
        before=digest_of(replace(stored, updated_at=None, previous_until=None)) if stored else None,
        after=digest_of(merged),
    )


def _ended(organization_id: UUID, name: str) -> AuditEntry:
    return AuditEntry(
        organization_id,
        "app.end_rotation",
        f"app:{name}",
        before=digest_of({"has_previous_secret": True}),
        after=digest_of({"has_previous_secret": False}),
    )


def _keeping(events: Sequence[KeptEvent]) -> list[Step]:
    if not events:
        return []
    values = {
        "keys": [event.key for event in events],
        "dispositions": [event.disposition for event in events],
        "types": [event.type for event in events],
        "numbers": [event.phone_number_id for event in events],
        "reasons": [event.reason for event in events],
        "fields": [event.fields for event in events],
    }
    return [(_KEEP, values)]


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
