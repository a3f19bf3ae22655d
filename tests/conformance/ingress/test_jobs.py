"""Jobs of erasures, exports and retention: one suite for those in memory and those in Postgres."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.audit import AuditLog
from services.chassis.db import Database
from services.ingress.domain.privacy import Report, RoomStep, Task
from services.ingress.privacy.ports import Jobs
from services.ingress.store import PostgresJobs
from tests.fakes.ingress_privacy import MemoryJobs, person_of

LEASE = 60.0
ANA = "5581900000001"
REPORT = Report(
    looks=1,
    rows={"router": {"router.contact": 1}},
    steps=(RoomStep(look=1, room="router", ended_at=datetime(2026, 3, 4, tzinfo=UTC)),),
    waiting_for="executor: events",
    erased_at=datetime(2026, 3, 4, 1, tzinfo=UTC),
)


@pytest.fixture(params=["memory", "postgres"])
async def jobs(request: pytest.FixtureRequest) -> AsyncIterator[Jobs]:
    if request.param == "memory":
        yield MemoryJobs()
        return
    database = await Database.open(request.getfixturevalue("database").url_of("ingress"), size=4, name="jobs")
    yield PostgresJobs(database, AuditLog("ingress", database))
    await database.close()


async def erasure(jobs: Jobs, organization_id: UUID, task: Task | None = None) -> UUID:
    task = task or Task(person=person_of(ANA))
    job = await jobs.begin_erasure(organization_id=organization_id, job_id=uuid4(), task=task)
    return UUID(job.job_id)


async def test_an_erasure_of_the_same_contact_is_the_same_job_until_it_is_done(jobs: Jobs) -> None:
    organization_id, task = uuid4(), Task(person=person_of(ANA))
    first = await erasure(jobs, organization_id, task)
    assert await erasure(jobs, organization_id, task) == first

    held = await jobs.claim(lease_seconds=LEASE)
    assert held is not None
    assert await jobs.save(held, task, Report(), wait=None, lease_seconds=LEASE)

    assert await erasure(jobs, organization_id, task) != first


async def test_a_job_is_read_as_it_was_written(jobs: Jobs) -> None:
    organization_id, task = uuid4(), Task(person=person_of(ANA, user_ids=["US.1"]))
    job_id = await erasure(jobs, organization_id, task)
    held = await jobs.claim(lease_seconds=LEASE)
    assert held is not None
    assert held.job.task == task
    moved = replace(task, place=2, cursor="3:100", waits=2, has_found=True)

    assert await jobs.save(held, moved, REPORT, wait=0.0, lease_seconds=LEASE)

    job = await jobs.job(organization_id=organization_id, job_id=job_id)
    assert job is not None
    assert (job.task, job.report) == (moved, REPORT)
    assert (job.kind, job.state, job.finished_at) == ("erasure", "open", None)


async def test_a_job_that_is_done_names_nobody_and_is_not_due(jobs: Jobs) -> None:
    organization_id = uuid4()
    job_id = await erasure(jobs, organization_id)
    held = await jobs.claim(lease_seconds=0.0)
    assert held is not None
    assert held.job.task is not None

    assert await jobs.save(held, held.job.task, REPORT, wait=None, lease_seconds=LEASE)

    job = await jobs.job(organization_id=organization_id, job_id=job_id)
    assert job is not None
    assert (job.task, job.report, job.state) == (None, REPORT, "done")
    assert job.finished_at is not None
    assert await jobs.open_erasures(organization_id=organization_id) == []
    assert await jobs.claim(lease_seconds=LEASE) is None


async def test_a_held_job_is_nobody_elses_until_the_lease_ends(jobs: Jobs) -> None:
    await erasure(jobs, uuid4())
    assert await jobs.claim(lease_seconds=LEASE) is not None
    assert await jobs.claim(lease_seconds=LEASE) is None


async def test_whoever_lost_the_lease_writes_nothing(jobs: Jobs) -> None:
    organization_id = uuid4()
    job_id = await erasure(jobs, organization_id)
    slow = await jobs.claim(lease_seconds=0.0)
    quick = await jobs.claim(lease_seconds=LEASE)
    assert slow is not None
    assert quick is not None
    assert slow.job.task is not None

    assert not await jobs.renew(slow, lease_seconds=LEASE)
    assert not await jobs.save(slow, slow.job.task, REPORT, wait=None, lease_seconds=LEASE)

    job = await jobs.job(organization_id=organization_id, job_id=job_id)
    assert job is not None
    assert (job.state, job.report) == ("open", Report())
    assert await jobs.renew(quick, lease_seconds=LEASE)


async def test_a_job_that_waits_is_due_later(jobs: Jobs) -> None:
    await erasure(jobs, uuid4())
    held = await jobs.claim(lease_seconds=LEASE)
    assert held is not None
    assert held.job.task is not None

    assert await jobs.save(held, held.job.task, Report(), wait=3600.0, lease_seconds=LEASE)

    assert await jobs.claim(lease_seconds=LEASE) is None


async def test_the_job_that_is_due_for_longest_comes_first(jobs: Jobs) -> None:
    made = [await erasure(jobs, uuid4()) for _ in range(3)]

    held = [await jobs.claim(lease_seconds=LEASE) for _ in range(4)]

    assert {UUID(each.job.job_id) for each in held if each} == set(made)
    assert held[3] is None


async def test_retention_of_a_day_begins_once(jobs: Jobs) -> None:
    organization_id, job_id = uuid4(), uuid4()
    before = datetime(2026, 3, 4, tzinfo=UTC)
    task, report = Task(before=before, phone_number_ids=("700",)), Report(before=before)

    begun = [
        await jobs.begin(organization_id=organization_id, job_id=job_id, kind="retention", task=task, report=report)
        for _ in range(2)
    ]

    assert begun == [True, False]
    held = await jobs.claim(lease_seconds=LEASE)
    assert held is not None
    assert (held.job.kind, held.job.task, held.job.report) == ("retention", task, report)


async def test_an_export_is_noted_page_by_page_and_is_never_worked_on(jobs: Jobs) -> None:
    organization_id, job_id = uuid4(), uuid4()
    await jobs.begin(organization_id=organization_id, job_id=job_id, kind="export", task=Task(), report=Report())

    async def note(rows: dict[str, dict[str, int]], *, is_done: bool) -> bool:
        return await jobs.note_export(organization_id=organization_id, job_id=job_id, rows=rows, is_done=is_done)

    assert await jobs.claim(lease_seconds=LEASE) is None
    assert await note({"router": {"contact": 1}}, is_done=False)
    assert await note({"router": {"contact": 1}, "executor": {"reply": 2}}, is_done=True)
    assert not await note({"router": {"contact": 1}}, is_done=False)

    job = await jobs.job(organization_id=organization_id, job_id=job_id)
    assert job is not None
    assert job.report.rows == {"router": {"contact": 2}, "executor": {"reply": 2}}
    assert job.state == "done"


async def test_an_erasure_cannot_be_ended_as_if_it_were_an_export(jobs: Jobs) -> None:
    organization_id = uuid4()
    job_id = await erasure(jobs, organization_id)

    assert not await jobs.note_export(organization_id=organization_id, job_id=job_id, rows={}, is_done=True)

    (job,) = await jobs.open_erasures(organization_id=organization_id)
    assert job.task is not None


async def test_jobs_are_listed_for_their_organization_alone(jobs: Jobs) -> None:
    organization_id = uuid4()
    mine = {await erasure(jobs, organization_id, Task(person=person_of(str(n)))) for n in range(3)}
    await erasure(jobs, uuid4())

    listed = await jobs.list_jobs(organization_id=organization_id, limit=10)

    assert {UUID(job.job_id) for job in listed} == mine
    first = await jobs.list_jobs(organization_id=organization_id, limit=2)
    behind = (first[-1].requested_at, UUID(first[-1].job_id))
    rest = await jobs.list_jobs(organization_id=organization_id, limit=2, before=behind)
    assert [*first, *rest] == listed
    assert await jobs.job(organization_id=uuid4(), job_id=next(iter(mine))) is None
    assert all(job.requested_at - listed[0].requested_at < timedelta(minutes=1) for job in listed)
