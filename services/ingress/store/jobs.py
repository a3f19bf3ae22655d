"""Erasures, exports and retention as jobs: what is due is seen over all organizations, a job only by its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Step, rescoping
from services.chassis.rpc import current_actor
from services.ingress.domain.privacy import Job, Kind, Person, Report, RoomStep, Task
from services.ingress.privacy.ports import Held

_MINE = "organization_id = %(organization)b::uuid"
_COLUMNS = """organization_id::text, job_id::text, kind, state, requested_by, requested_at, finished_at, report,
    CASE WHEN state = 'open' THEN task END"""

ANY_JOB_DUE = Query("SELECT EXISTS (SELECT 1 FROM ingress.privacy_due WHERE due_at <= now())")

_OPEN = Query(f"""
    SELECT {_COLUMNS} FROM ingress.privacy_job WHERE {_MINE} AND state = 'open' AND kind = 'erasure'
    ORDER BY requested_at, job_id""")
_INSERT = Query("""
    INSERT INTO ingress.privacy_job (organization_id, job_id, kind, requested_by, task, report)
    VALUES (%(organization)b::uuid, %(job)b::uuid, %(kind)b::text, %(by)b::text, %(task)b::text::jsonb,
            %(report)b::text::jsonb)
    ON CONFLICT (organization_id, job_id) DO NOTHING RETURNING 1""")
_MAKE_DUE = Query("""
    INSERT INTO ingress.privacy_due (organization_id, job_id) VALUES (%(organization)b::uuid, %(job)b::uuid)
    ON CONFLICT (organization_id, job_id) DO NOTHING""")
_ONE = Query(f"SELECT {_COLUMNS} FROM ingress.privacy_job WHERE {_MINE} AND job_id = %(job)b::uuid")
_LIST = Query(f"""
    SELECT {_COLUMNS} FROM ingress.privacy_job WHERE {_MINE}
      AND (%(at)b::timestamptz IS NULL OR requested_at < %(at)b::timestamptz
           OR (requested_at = %(at)b::timestamptz AND job_id > %(id)b::uuid))
    ORDER BY requested_at DESC, job_id LIMIT %(limit)b::bigint""")

_CLAIM = Query("""
    WITH next AS MATERIALIZED (
      SELECT organization_id, job_id FROM ingress.privacy_due WHERE due_at <= now()
      ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE ingress.privacy_due d SET due_at = now() + %(lease)b::float8 * interval '1 s', lease = %(token)b::uuid
    FROM next n WHERE (d.organization_id, d.job_id) = (n.organization_id, n.job_id)
    RETURNING d.organization_id, d.job_id""")
_HELD = f"{_MINE} AND job_id = %(job)b::uuid AND lease = %(token)b::uuid"
_RENEW = Query(f"""
    UPDATE ingress.privacy_due SET due_at = now() + %(lease)b::float8 * interval '1 s' WHERE {_HELD} RETURNING 1""")
_LET_GO = Query(f"""
    UPDATE ingress.privacy_due SET due_at = now() + %(wait)b::float8 * interval '1 s', lease = NULL
    WHERE {_HELD} RETURNING 1""")
_END = Query(f"DELETE FROM ingress.privacy_due WHERE {_HELD} RETURNING 1")
_WRITE = Query(f"""
    UPDATE ingress.privacy_job SET task = %(task)b::text::jsonb, report = %(report)b::text::jsonb,
      state = CASE WHEN %(done)b::bool THEN 'done' ELSE 'open' END,
      finished_at = CASE WHEN %(done)b::bool THEN now() END
    WHERE {_MINE} AND job_id = %(job)b::uuid AND state = 'open'""")
_OPEN_EXPORT = Query(f"""
    SELECT report FROM ingress.privacy_job
    WHERE {_MINE} AND job_id = %(job)b::uuid AND kind = 'export' AND state = 'open' FOR UPDATE""")


class PostgresJobs:
    """See privacy.ports.Jobs."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def begin_erasure(self, *, organization_id: UUID, job_id: UUID, task: Task) -> Job:
        """See privacy.ports.Jobs."""
        mine = {"organization": organization_id}
        wanted = set(task.person.contact_ids) if task.person else set()
        async with self._database.journey([organization_id]) as journey:
            # Whoever asks for the same erasure at the same moment waits for the audit log, and then finds it.
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (_OPEN, mine)])
            for job in map(_job, rows):
                if job.task and job.task.person and wanted & set(job.task.person.contact_ids):
                    return job
            entry = _entry(organization_id, job_id, "erasure.begin")
            steps = [*_beginning(organization_id, job_id, "erasure", task, Report()), *self._audit.steps([entry])]
            *_, (row,) = await journey.commit([*steps, (_ONE, mine | {"job": job_id})])
        return _job(row)

    async def open_erasures(self, *, organization_id: UUID) -> Sequence[Job]:
        """See privacy.ports.Jobs."""
        return await self._jobs(organization_id, _OPEN, {})

    async def begin(self, *, organization_id: UUID, job_id: UUID, kind: Kind, task: Task, report: Report) -> bool:
        """See privacy.ports.Jobs."""
        insert, *due = _beginning(organization_id, job_id, kind, task, report)
        # Retention begins by the clock: whoever wished for it is noted where its days are set.
        noted = [] if kind == "retention" else [_entry(organization_id, job_id, f"{kind}.begin")]
        async with self._database.journey([organization_id]) as journey:
            *_, inserted = await journey.run([*self._audit.locking([organization_id]), insert])
            if inserted:
                await journey.commit([*due, *self._audit.steps(noted)])
        return bool(inserted)

    async def job(self, *, organization_id: UUID, job_id: UUID) -> Job | None:
        """See privacy.ports.Jobs."""
        found = await self._jobs(organization_id, _ONE, {"job": job_id})
        return found[0] if found else None

    async def list_jobs(
        self, *, organization_id: UUID, limit: int, before: tuple[datetime, UUID] | None = None
    ) -> Sequence[Job]:
        """See privacy.ports.Jobs."""
        at, job_id = before or (None, None)
        return await self._jobs(organization_id, _LIST, {"limit": limit, "at": at, "id": job_id})

    async def claim(self, *, lease_seconds: float) -> Held | None:
        """See privacy.ports.Jobs."""
        token = uuid4()
        async with self._database.journey(()) as journey:
            (due,) = await journey.run([(_CLAIM, {"lease": lease_seconds, "token": token})])
            if not due:
                return None
            organization_id, job_id = due[0]
            _, rows = await journey.commit(
                [rescoping([organization_id]), (_ONE, {"organization": organization_id, "job": job_id})]
            )
        return Held(_job(rows[0]), token)

    async def save(self, held: Held, task: Task, report: Report, *, wait: float | None, lease_seconds: float) -> bool:
        """See privacy.ports.Jobs."""
        values = _held(held)
        due: Step = (_END, values) if wait is None else (_LET_GO, values | {"wait": wait})
        if wait == 0.0:
            due = (_RENEW, values | {"lease": lease_seconds})
        written = {"task": "{}" if wait is None else _task_text(task), "report": _report_text(report)}
        organization_id = values["organization"]
        async with self._database.journey([organization_id]) as journey:
            locking = self._audit.locking([organization_id]) if wait is None else []
            *_, is_held = await journey.run([*locking, due])
            if is_held:
                noted = [_ending(organization_id, values["job"], held.job.kind, report)] if wait is None else []
                write: Step = (_WRITE, values | written | {"done": wait is None})
                await journey.commit([write, *self._audit.steps(noted)])
        return bool(is_held)

    async def renew(self, held: Held, *, lease_seconds: float) -> bool:
        """See privacy.ports.Jobs."""
        values = _held(held)
        (rows,) = await self._database.batch([values["organization"]], [(_RENEW, values | {"lease": lease_seconds})])
        return bool(rows)

    async def note_export(
        self, *, organization_id: UUID, job_id: UUID, rows: Mapping[str, Mapping[str, int]], is_done: bool
    ) -> bool:
        """See privacy.ports.Jobs."""
        values = {"organization": organization_id, "job": job_id, "done": is_done, "task": "{}"}
        async with self._database.journey([organization_id]) as journey:
            locking = self._audit.locking([organization_id]) if is_done else []
            *_, found = await journey.run([*locking, (_OPEN_EXPORT, values)])
            if not found:
                return False
            report = _added(_report(found[0][0]), rows)
            noted = [_ending(organization_id, job_id, "export", report)] if is_done else []
            await journey.commit([(_WRITE, values | {"report": _report_text(report)}), *self._audit.steps(noted)])
        return True

    async def _jobs(self, organization_id: UUID, query: Query, values: Mapping[str, object]) -> list[Job]:
        step = (query, {"organization": organization_id, **values})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return [_job(row) for row in rows]


def _beginning(organization_id: UUID, job_id: UUID, kind: Kind, task: Task, report: Report) -> list[Step]:
    """An export is read, not worked on: it is never due."""
    values = {
        "organization": organization_id,
        "job": job_id,
        "kind": kind,
        "by": current_actor() or "service:ingress",
        "task": _task_text(task),
        "report": _report_text(report),
    }
    return [(_INSERT, values), *([] if kind == "export" else [(_MAKE_DUE, values)])]


def _entry(organization_id: UUID, job_id: UUID, action: str, after: bytes | None = None) -> AuditEntry:
    return AuditEntry(organization_id, action, f"privacy_job:{job_id}", after=after)


def _ending(organization_id: UUID, job_id: UUID, kind: Kind, report: Report) -> AuditEntry:
    """That a job is done; the digest is that of its report, which holds nothing personal."""
    return _entry(organization_id, job_id, f"{kind}.end", digest_of(report))


def _held(held: Held) -> dict[str, Any]:
    return {"organization": UUID(held.job.organization_id), "job": UUID(held.job.job_id), "token": held.token}


def _added(report: Report, rows: Mapping[str, Mapping[str, int]]) -> Report:
    total = {room: dict(kinds) for room, kinds in report.rows.items()}
    for room, kinds in rows.items():
        for kind, count in kinds.items():
            known = total.setdefault(room, {})
            known[kind] = known.get(kind, 0) + count
    return Report(rows=total)


def _task_text(task: Task) -> str:
    return orjson.dumps(task).decode()


def _report_text(report: Report) -> str:
    return orjson.dumps(report).decode()


def _job(row: tuple[Any, ...]) -> Job:
    *columns, report, task = row
    organization_id, job_id, kind, state, requested_by, requested_at, finished_at = columns
    return Job(
        organization_id=organization_id,
        job_id=job_id,
        kind=kind,
        state=state,
        requested_by=requested_by,
        requested_at=requested_at,
        finished_at=finished_at,
        report=_report(report),
        task=_task(task) if task is not None else None,
    )


def _task(value: Mapping[str, Any]) -> Task:
    known = dict(value)
    person = known.get("person")
    return Task(
        **known
        | {
            "person": _person(person) if person else None,
            "before": _moment(known.get("before")),
            "phone_number_ids": tuple(known.get("phone_number_ids", ())),
        }
    )


def _person(value: Mapping[str, Any]) -> Person:
    lists = {name: tuple(each) for name, each in value.items() if isinstance(each, list)}
    known_since = datetime.fromisoformat(value["known_since"])
    erased_at, forgotten_at = _moment(value.get("erased_at")), _moment(value.get("forgotten_at"))
    return Person(**lists, known_since=known_since, erased_at=erased_at, forgotten_at=forgotten_at)


def _report(value: Mapping[str, Any]) -> Report:
    steps = tuple(
        RoomStep(look=step["look"], room=step["room"], ended_at=datetime.fromisoformat(step["ended_at"]))
        for step in value.get("steps", ())
    )
    moments = {name: _moment(value.get(name)) for name in ("erased_at", "before")}
    return Report(**dict(value) | {"steps": steps} | moments)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
