"""Pauses in Postgres: one row for what Meta refuses as a whole, gone when it takes a message again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Step
from services.sender.domain.codes import Scope
from services.sender.domain.pausing import PauseName
from services.sender.ports import Pause
from services.sender.store.statements import WAKE_ORGANIZATION

_KEY = "organization_id = %(organization_id)s::uuid AND scope = %(scope)s::text AND name = %(name)s::text"
_COLUMNS = """organization_id, scope, name, phone_number_id, error_code, error_text, since, probes,
    greatest(extract(epoch FROM probe_at - now()), 0)::float8"""

# Refusals of calls that were under way together are one; the first of them says when to probe.
_PUT = Query("""
    INSERT INTO sender.pause AS p (organization_id, scope, name, phone_number_id, error_code, error_text, probe_at)
    VALUES (%(organization_id)s::uuid, %(scope)s::text, %(name)s::text, %(phone_number_id)s::text, %(code)s::int,
            %(text)s::text, now() + %(seconds)s::float8 * interval '1 s')
    ON CONFLICT (organization_id, scope, name) DO UPDATE SET
      error_code = excluded.error_code, error_text = excluded.error_text
    RETURNING p.since = now()""")
_TAKE_PROBE = Query(f"""
    UPDATE sender.pause SET probes = probes + 1, probe_at = now() + %(seconds)s::float8 * interval '1 s'
    WHERE {_KEY} AND probe_at <= now() RETURNING 1""")
_IS_PAUSED = Query(f"SELECT 1 FROM sender.pause WHERE {_KEY}")
_END = Query("""
    DELETE FROM sender.pause p USING unnest(%(groups)b::uuid[], %(scopes)b::text[], %(names)b::text[]) t(o, s, n)
    WHERE (p.organization_id, p.scope, p.name) = (t.o, t.s, t.n)
    RETURNING p.organization_id, p.scope, p.name""")
_WAKE_DEFERRED = Query("""
    UPDATE sender.deferred d SET due_at = now(), template = ''
    FROM unnest(%(groups)b::uuid[], %(scopes)b::text[], %(names)b::text[]) t(o, s, n)
    WHERE t.s = 'template' AND d.organization_id = t.o AND d.template = t.n AND d.template <> ''""")
_READ_ALL = Query(f"SELECT {_COLUMNS} FROM sender.pause")
_LIST = Query(f"""
    SELECT {_COLUMNS} FROM sender.pause
    WHERE organization_id = %(organization_id)s::uuid ORDER BY since, scope, name""")


class PostgresPauses:
    """See ports.PauseStore."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def put_pause(self, name: PauseName, *, phone_number_id: str, code: int, text: str, seconds: float) -> bool:
        """See ports.PauseStore."""
        put = {"phone_number_id": phone_number_id, "code": code, "text": text.replace("\x00", " "), "seconds": seconds}
        (rows,) = await self._database.batch([name.organization_id], [(_PUT, _values(name) | put)])
        return bool(rows[0][0])

    async def take_probe(self, name: PauseName, *, seconds: float) -> bool:
        """See ports.PauseStore."""
        values = _values(name) | {"seconds": seconds}
        taken, paused = await self._database.batch(
            [name.organization_id], [(_TAKE_PROBE, values), (_IS_PAUSED, _values(name))]
        )
        return bool(taken) or not paused

    async def end_pauses(self, names: Sequence[PauseName]) -> list[PauseName]:
        """See ports.PauseStore."""
        ended, *_ = await self._database.batch({name.organization_id for name in names}, _ending(names))
        return [PauseName(row[0], Scope(row[1]), row[2]) for row in ended]

    async def resume(self, *, organization_id: UUID, names: Sequence[PauseName]) -> list[PauseName]:
        """See ports.PauseStore."""
        async with self._database.journey([organization_id]) as journey:
            locking = self._audit.locking([organization_id])
            rows = await journey.run([*locking, *_ending(names)])
            ended = [PauseName(row[0], Scope(row[1]), row[2]) for row in rows[len(locking)]]
            await journey.commit(self._audit.steps([_entry(name) for name in ended]))
        return ended

    async def read_pauses(self) -> list[Pause]:
        """See ports.PauseStore."""
        (rows,) = await self._database.batch([], [(_READ_ALL, {})], durable=False)
        return [_pause(row) for row in rows]

    async def list_pauses(self, *, organization_id: UUID) -> list[Pause]:
        """See ports.PauseStore."""
        listed = (_LIST, {"organization_id": organization_id})
        (rows,) = await self._database.batch([organization_id], [listed], durable=False)
        return [_pause(row) for row in rows]


def _ending(names: Sequence[PauseName]) -> list[Step]:
    """The steps that end pauses (the first tells which there were) and wake what waited."""
    ordered = sorted(names, key=lambda name: (name.organization_id, name.scope.value, name.name))
    values = {
        "groups": [name.organization_id for name in ordered],
        "scopes": [name.scope.value for name in ordered],
        "names": [name.name for name in ordered],
    }
    organizations = sorted({name.organization_id for name in ordered})
    waking = [(WAKE_ORGANIZATION, {"organization_id": each}) for each in organizations]
    return [(_END, values), (_WAKE_DEFERRED, values), *waking]


def _entry(name: PauseName) -> AuditEntry:
    before = digest_of({"scope": name.scope.value, "name": name.name})
    return AuditEntry(name.organization_id, "pause.end", f"pause:{name.scope.value}", before=before, after=None)


def _values(name: PauseName) -> dict[str, object]:
    return {"organization_id": name.organization_id, "scope": name.scope.value, "name": name.name}


def _pause(row: tuple[Any, ...]) -> Pause:
    return Pause(
        name=PauseName(row[0], Scope(row[1]), row[2]),
        phone_number_id=row[3],
        code=row[4],
        text=row[5],
        since=row[6],
        probes=row[7],
        probe_in=row[8],
    )
