"""Jobs and rooms of erasures in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import inf
from uuid import UUID, uuid4

from services.chassis.errors import NotFound, PytakeError
from services.ingress.domain.privacy import Answer, Job, Kind, Person, Report, Task
from services.ingress.privacy.ports import ExportedPage, Held, Retention
from services.pb.common.v1 import errors_pb2

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def person_of(*wa_ids: str, user_ids: Sequence[str] = (), **fields: object) -> Person:
    """Somebody known since yesterday."""
    known: dict[str, object] = {
        "contact_ids": (str(uuid4()),),
        "conversation_ids": (str(uuid4()),),
        "phone_number_ids": ("700800900",),
        "known_since": NOON - timedelta(days=1),
    }
    return Person(wa_ids=wa_ids, user_ids=tuple(user_ids), **(known | fields))  # type: ignore[arg-type]


@dataclass
class MemoryJobs:
    """privacy.ports.Jobs on a clock the test turns; `losses` is how many saves find that the lease was lost."""

    now: datetime = NOON
    jobs: dict[tuple[UUID, UUID], Job] = field(default_factory=dict)
    due_at: dict[tuple[UUID, UUID], datetime] = field(default_factory=dict)
    tokens: dict[tuple[UUID, UUID], UUID] = field(default_factory=dict)
    saves: int = 0
    losses: int = 0

    async def begin_erasure(self, *, organization_id: UUID, job_id: UUID, task: Task) -> Job:
        wanted = set(task.person.contact_ids) if task.person else set()
        for job in await self.open_erasures(organization_id=organization_id):
            if job.task and job.task.person and wanted & set(job.task.person.contact_ids):
                return job
        await self.begin(organization_id=organization_id, job_id=job_id, kind="erasure", task=task, report=Report())
        return self.jobs[organization_id, job_id]

    async def open_erasures(self, *, organization_id: UUID) -> Sequence[Job]:
        ours = [job for (owner, _), job in self.jobs.items() if owner == organization_id]
        return [job for job in ours if job.kind == "erasure" and job.state == "open"]

    async def begin(self, *, organization_id: UUID, job_id: UUID, kind: Kind, task: Task, report: Report) -> bool:
        key = (organization_id, job_id)
        if key in self.jobs:
            return False
        self.jobs[key] = Job(
            organization_id=str(organization_id), job_id=str(job_id), kind=kind, state="open", requested_by="",
            requested_at=self.now, finished_at=None, report=report, task=task,
        )  # fmt: skip
        if kind != "export":
            self.due_at[key] = self.now
        return True

    async def job(self, *, organization_id: UUID, job_id: UUID) -> Job | None:
        return self.jobs.get((organization_id, job_id))

    async def list_jobs(
        self, *, organization_id: UUID, limit: int, before: tuple[datetime, UUID] | None = None
    ) -> Sequence[Job]:
        def place(job: Job) -> tuple[float, int]:
            return -job.requested_at.timestamp(), UUID(job.job_id).int

        ours = [job for (owner, _), job in self.jobs.items() if owner == organization_id]
        behind = (-before[0].timestamp(), before[1].int) if before else (-inf, 0)
        return sorted((job for job in ours if place(job) > behind), key=place)[:limit]

    async def claim(self, *, lease_seconds: float) -> Held | None:
        due = [(at, key) for key, at in self.due_at.items() if at <= self.now]
        if not due:
            return None
        _, key = min(due)
        self.due_at[key] = self.now + timedelta(seconds=lease_seconds)
        self.tokens[key] = uuid4()
        return Held(self.jobs[key], self.tokens[key])

    async def save(self, held: Held, task: Task, report: Report, *, wait: float | None, lease_seconds: float) -> bool:
        key = (UUID(held.job.organization_id), UUID(held.job.job_id))
        self.saves += 1
        if self.losses or self.tokens.get(key) != held.token:
            self.losses = max(self.losses - 1, 0)
            return False
        job = replace(self.jobs[key], task=task, report=report)
        if wait is None:
            job = replace(job, task=None, state="done", finished_at=self.now)
            del self.due_at[key], self.tokens[key]
        else:
            self.due_at[key] = self.now + timedelta(seconds=wait or lease_seconds)
        self.jobs[key] = job
        return True

    async def renew(self, held: Held, *, lease_seconds: float) -> bool:
        return self.tokens.get((UUID(held.job.organization_id), UUID(held.job.job_id))) == held.token

    async def note_export(
        self, *, organization_id: UUID, job_id: UUID, rows: Mapping[str, Mapping[str, int]], is_done: bool
    ) -> bool:
        job = self.jobs.get((organization_id, job_id))
        if job is None or (job.kind, job.state) != ("export", "open"):
            return False
        total = {room: dict(kinds) for room, kinds in job.report.rows.items()}
        for room, kinds in rows.items():
            for kind, count in kinds.items():
                total.setdefault(room, {})[kind] = total.setdefault(room, {}).get(kind, 0) + count
        state, finished_at = ("done", self.now) if is_done else ("open", None)
        self.jobs[organization_id, job_id] = replace(
            job, report=Report(rows=total), state=state, finished_at=finished_at  # type: ignore[arg-type]
        )  # fmt: skip
        return True


@dataclass
class ScriptedRoom:
    """A room that says what the test wants, in order, and then that it is done; `failures` are raised first."""

    name: str
    told: list[str]
    answers: list[Answer] = field(default_factory=list)
    pages: list[ExportedPage] = field(default_factory=list)
    failures: list[PytakeError] = field(default_factory=list)

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person, cursor: str) -> Answer:
        return self._next(f"{self.name}:{cursor}" if cursor else self.name)

    async def expire(
        self, *, organization_id: UUID, job_id: UUID, before: datetime, phone_number_ids: Sequence[str], cursor: str
    ) -> Answer:
        return self._next(f"{self.name} before {before.date()}")

    async def export(self, *, organization_id: UUID, person: Person, cursor: str) -> ExportedPage:
        self.told.append(f"{self.name}:{cursor}" if cursor else self.name)
        return self.pages.pop(0) if self.pages else ExportedPage([])

    def _next(self, word: str) -> Answer:
        self.told.append(word)
        if self.failures:
            raise self.failures.pop(0)
        return self.answers.pop(0) if self.answers else Answer()


@dataclass
class Register:
    """privacy.ports.People: who is there, by any of their names."""

    people: list[Person] = field(default_factory=list)
    kept: list[Retention] = field(default_factory=list)

    async def find(self, *, organization_id: UUID, contact: str) -> Person:
        for person in self.people:
            if contact in person.names:
                return person
        raise NotFound("nobody", reason=errors_pb2.ERROR_REASON_CONTACT_NOT_FOUND)

    async def retentions(self) -> Sequence[Retention]:
        return self.kept
