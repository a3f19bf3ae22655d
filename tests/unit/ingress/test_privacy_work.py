"""Jobs that are begun, worked off, lost, taken up again and told of; exports line by line."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound, Unavailable
from services.ingress.domain.privacy import EXPORT_ROOMS, ROOMS, Answer, Job, Person
from services.ingress.privacy import Exports, Requests, Work
from services.ingress.privacy.exports import Lines
from services.ingress.privacy.ports import ExportedPage, ExportedRow, Held, Retention
from services.pb.common.v1 import errors_pb2
from tests.fakes.ingress_privacy import NOON, MemoryJobs, Register, ScriptedRoom, person_of

ORGANIZATION = UUID("1b1a4e43-6d3c-4bd5-8f4e-51a4c5b9f002")
AWAY = Unavailable("away", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)


@dataclass
class House:
    """All rooms, who is known, and the jobs."""

    told: list[str] = field(default_factory=list)
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    register: Register = field(default_factory=Register)
    rung: int = 0
    lease_seconds: float = 15.0

    def __post_init__(self) -> None:
        self.rooms = {name: ScriptedRoom(name, self.told) for name in ROOMS}
        self.requests = Requests(
            jobs=self.jobs, people=self.register, new_id=uuid4, now=lambda: self.jobs.now, on_begun=self._ring
        )
        self.exports = Exports(
            jobs=self.jobs, people=self.register, rooms=self.rooms, new_id=uuid4, now=lambda: self.jobs.now
        )
        self.work = Work(
            jobs=self.jobs,
            rooms=self.rooms,
            now=lambda: self.jobs.now,
            settle_seconds=30.0,
            lease_seconds=self.lease_seconds,
        )

    def _ring(self) -> None:
        self.rung += 1

    def meet(self, *wa_ids: str) -> Person:
        person = person_of(*wa_ids)
        self.register.people.append(person)
        return person

    async def erase(self, contact: str) -> Job:
        return await self.requests.erase(organization_id=ORGANIZATION, contact=contact)

    async def job(self, job: Job) -> Job:
        return await self.requests.job(organization_id=ORGANIZATION, job_id=UUID(job.job_id))

    async def let_time_pass(self, seconds: float = 3600.0) -> None:
        """Work off what is due by then."""
        self.jobs.now += timedelta(seconds=seconds)
        while await self.work.turn():
            continue


async def test_an_erasure_is_begun_at_once_and_done_after_its_second_look() -> None:
    house = House()
    house.meet("5511987654321")
    job = await house.erase("5511987654321")
    assert house.rung == 1

    await house.let_time_pass(0)
    assert (await house.job(job)).state == "open"
    await house.let_time_pass()

    done = await house.job(job)
    assert (done.state, done.task, done.report.looks) == ("done", None, 2)
    assert house.told == [*ROOMS, *ROOMS]


async def test_who_asks_twice_gets_the_same_job() -> None:
    house = House()
    house.meet("5511987654321")

    assert (await house.erase("5511987654321")).job_id == (await house.erase("5511987654321")).job_id


async def test_who_is_half_erased_and_no_contact_any_more_is_found_among_the_open_jobs() -> None:
    house = House()
    person = house.meet("5511987654321")
    job = await house.erase("5511987654321")
    house.register.people.remove(person)

    assert (await house.erase("+55 (11) 98765-4321")).job_id == job.job_id
    with pytest.raises(NotFound):
        await house.erase("5511000000000")


async def test_each_answer_is_written_down_before_the_next_room_is_asked() -> None:
    house = House()
    house.meet("5511987654321")
    job = await house.erase("5511987654321")
    house.rooms["executor"].failures.append(AWAY)

    await house.let_time_pass(0)

    stopped = await house.job(job)
    assert house.told == ["router", "ingress", "executor"]
    assert stopped.task is not None
    assert (stopped.task.room, stopped.report.waiting_for) == ("executor", "executor: PEER_UNAVAILABLE")
    assert [step.room for step in stopped.report.steps] == ["router", "ingress"]


async def test_a_room_that_fails_in_a_way_of_its_own_stops_nothing_but_the_job_for_a_while() -> None:
    house = House()
    house.meet("5511987654321")
    job = await house.erase("5511987654321")
    house.rooms["sender"].failures.append(ValueError("holds 5511987654321"))  # type: ignore[arg-type]

    await house.let_time_pass(0)
    assert (await house.job(job)).report.waiting_for == "sender: ValueError"
    await house.let_time_pass()
    await house.let_time_pass()

    assert (await house.job(job)).state == "done"


async def test_a_process_that_lost_its_lease_asks_no_further_room() -> None:
    house = House()
    house.meet("5511987654321")
    await house.erase("5511987654321")
    house.jobs.losses = 1

    await house.let_time_pass(0)

    assert house.told == ["router"]


async def test_a_job_whose_process_died_goes_on_where_it_was_written_down() -> None:
    house = House()
    house.meet("5511987654321")
    job = await house.erase("5511987654321")
    house.rooms["executor"].answers.append(Answer(waiting_for="replies"))
    await house.let_time_pass(0)
    dead = await house.jobs.claim(lease_seconds=15.0)
    assert dead is None  # it waits
    house.jobs.now += timedelta(seconds=1)
    dead = await house.jobs.claim(lease_seconds=15.0)
    assert dead is not None

    await house.let_time_pass(10)
    assert house.told == ["router", "ingress", "executor"]
    await house.let_time_pass(10)

    assert house.told[3:] == ["executor", "sender", "analytics"]
    await house.let_time_pass()
    assert (await house.job(job)).state == "done"


@dataclass
class Renewable(MemoryJobs):
    """Jobs that tell when a lease is renewed, and whether it could be."""

    is_ours: bool = True
    renewed: asyncio.Event = field(default_factory=asyncio.Event)

    async def renew(self, held: Held, *, lease_seconds: float) -> bool:
        self.renewed.set()
        return self.is_ours


@dataclass
class Slow(ScriptedRoom):
    """A room that answers only when something has happened."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def erase(self, *, organization_id: UUID, job_id: UUID, person: Person, cursor: str) -> Answer:
        await self.may_answer.wait()
        return Answer()


async def test_a_call_that_takes_longer_than_the_lease_keeps_the_job() -> None:
    jobs = Renewable()
    house = House(jobs=jobs, lease_seconds=0.03)
    house.rooms["router"] = Slow("router", house.told, may_answer=jobs.renewed)
    house.meet("5511987654321")
    job = await house.erase("5511987654321")

    await house.let_time_pass(0)

    assert (await house.job(job)).report.looks == 1


async def test_a_call_whose_job_went_to_another_process_is_let_go() -> None:
    house = House(jobs=Renewable(is_ours=False), lease_seconds=0.03)
    house.rooms["router"] = Slow("router", house.told)
    house.meet("5511987654321")
    await house.erase("5511987654321")

    await house.let_time_pass(0)

    assert house.jobs.saves == 0


async def test_retention_begins_one_job_a_day_for_each_organization_however_often_it_is_asked_for() -> None:
    house = House()
    house.register.kept = [Retention(str(ORGANIZATION), 30, ("700800900",))]
    for _ in range(3):
        await house.requests.begin_retention()
    await house.let_time_pass(0)

    (job,), _ = await house.requests.list_jobs(organization_id=ORGANIZATION, limit=0)
    assert (job.kind, job.state, job.report.before) == ("retention", "done", NOON - timedelta(days=30))
    assert house.told == [f"{room} before 2026-02-02" for room in ROOMS]

    house.jobs.now += timedelta(days=1)
    await house.requests.begin_retention()
    assert len((await house.requests.list_jobs(organization_id=ORGANIZATION, limit=10))[0]) == 2


async def test_another_length_counts_the_same_day() -> None:
    house = House()
    for days in (30, 60):
        house.register.kept = [Retention(str(ORGANIZATION), days, ())]
        await house.requests.begin_retention()

    assert len((await house.requests.list_jobs(organization_id=ORGANIZATION, limit=10))[0]) == 2


async def test_an_unknown_job_and_a_limit_that_cannot_be_are_told() -> None:
    house = House()
    with pytest.raises(NotFound, match="no erasure, export or retention has this id"):
        await house.requests.job(organization_id=ORGANIZATION, job_id=uuid4())
    with pytest.raises(InvalidArgument, match="limit is 1001"):
        await house.requests.list_jobs(organization_id=ORGANIZATION, limit=1001)


async def pages_of(house: House, contact: str) -> list[Lines]:
    """An export, asked for page by page."""
    pages = [await house.exports.page(organization_id=ORGANIZATION, contact=contact, cursor="")]
    while pages[-1].cursor:
        pages.append(await house.exports.page(organization_id=ORGANIZATION, contact=contact, cursor=pages[-1].cursor))
    return pages


async def test_an_export_goes_room_by_room_and_page_by_page_and_ends_with_its_report() -> None:
    house = House()
    house.meet("5511987654321")
    house.rooms["router"].pages = [ExportedPage([ExportedRow("contact", b'{"name":"100%"}')])]
    house.rooms["executor"].pages = [
        ExportedPage([ExportedRow("event", b'{"n":1}')], "a/b"),
        ExportedPage([ExportedRow("event", b'{"n":2}')]),
    ]

    pages = await pages_of(house, "5511987654321")

    lines = [json.loads(line) for page in pages for line in page.lines]
    assert house.told == ["router", "executor", "executor:a/b", "sender", "analytics", "ingress"]
    assert [(line["room"], line["kind"]) for line in lines] == [
        ("router", "contact"), ("executor", "event"), ("executor", "event"), ("ingress", "report"),
    ]  # fmt: skip
    assert lines[0]["data"] == {"name": "100%"}
    assert lines[-1]["data"]["rows"] == {
        "router": {"contact": 1}, "executor": {"event": 2},
    }  # fmt: skip
    (job,), _ = await house.requests.list_jobs(organization_id=ORGANIZATION, limit=1)
    assert (job.kind, job.state, job.job_id) == ("export", "done", lines[-1]["data"]["job_id"])


async def test_an_export_that_is_not_read_to_its_end_stays_open() -> None:
    house = House()
    house.meet("5511987654321")

    await house.exports.page(organization_id=ORGANIZATION, contact="5511987654321", cursor="")

    (job,), _ = await house.requests.list_jobs(organization_id=ORGANIZATION, limit=1)
    assert (job.kind, job.state) == ("export", "open")
    assert await house.jobs.claim(lease_seconds=1) is None


async def test_a_cursor_that_names_an_erasure_is_refused_and_ends_nothing() -> None:
    house = House()
    house.meet("5511987654321")
    erasure = await house.requests.erase(organization_id=ORGANIZATION, contact="5511987654321")

    with pytest.raises(InvalidArgument, match="cursor is none that was given out"):
        await house.exports.page(
            organization_id=ORGANIZATION, contact="5511987654321", cursor=f"{erasure.job_id}/{len(ROOMS) - 1}/"
        )

    assert (await house.requests.job(organization_id=ORGANIZATION, job_id=UUID(erasure.job_id))).state == "open"


@pytest.mark.parametrize("cursor", ["nonsense", f"{ORGANIZATION}/9/", f"{ORGANIZATION}/-1/", "x/0/"])
async def test_a_cursor_nobody_gave_out_is_refused(cursor: str) -> None:
    house = House()
    house.meet("5511987654321")

    with pytest.raises(InvalidArgument, match="cursor is none that was given out"):
        await house.exports.page(organization_id=ORGANIZATION, contact="5511987654321", cursor=cursor)


def test_both_orders_name_every_room_once() -> None:
    assert sorted(ROOMS) == sorted(EXPORT_ROOMS)
