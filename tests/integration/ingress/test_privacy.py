"""What ingress keeps of people in its own tables, and what it notes of what was asked for, on real Postgres."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import psycopg
import pytest

from services.chassis.audit import AuditLog, digest_of
from services.chassis.db import Database
from services.chassis.queue import Finish, Item, Lanes
from services.chassis.rpc import act_as
from services.chassis.sealing import Sealer
from services.ingress.domain.privacy import Person, Report, Task
from services.ingress.entries import kept_key, lane_of_person, number_key
from services.ingress.ports import Accepted, KeptEvent
from services.ingress.privacy.ports import ExportedRow
from services.ingress.store import MESSAGES, STATUSES, PostgresJobs, PostgresPrivacy, PostgresStore
from services.pb.common.v1 import events_pb2
from tests.fakes.ingress_privacy import person_of
from tests.fixtures.noted import noted
from tests.fixtures.servers import Database as OwnDatabase

NUMBER, ANA, BIA = "700800900", "5581900000001", "5581900000002"
TABLES = ("out_item", "out_lane", "out_dead", "status_item", "status_lane", "status_dead", "event")


class Room:
    """Ingress' stores, and everything that lies in its tables."""

    def __init__(self, database: Database, superuser_url: str) -> None:
        self.database, self.superuser_url = database, superuser_url
        self.messages, self.statuses = Lanes(MESSAGES, database), Lanes(STATUSES, database)
        self.audit = AuditLog("ingress", database)
        self.store = PostgresStore(
            database, self.messages, self.statuses, sealer=Sealer((bytes(32),)), audit=self.audit
        )
        self.privacy = PostgresPrivacy(database)
        self.organization_id, self.job_id = uuid4(), uuid4()

    async def take_in(self, name: str, *, number: str = NUMBER) -> None:
        """A message, a status, and an event that drives no conversation."""
        group_id, lane_id = number_key(number), lane_of_person(number, name)
        fields = orjson.dumps({"from": name, "text": f"words of {name}"})
        message = events_pb2.InboundMessage(event_id=f"m:{name}", wa_id=name, fields=fields)
        status = events_pb2.MessageStatus(event_id=f"s:{name}", recipient_wa_id=name, status="read")
        kept = KeptEvent(kept_key(f"k:{name}"), "recorded", "reaction", number, "", fields.decode())
        await self.store.accept(
            [
                Accepted(message=Item(group_id, lane_id, message.event_id, message.SerializeToString())),
                Accepted(status=Item(group_id, lane_id, status.event_id, status.SerializeToString())),
                Accepted(kept=kept),
            ]
        )

    async def hand_on(self) -> None:
        """router has taken everything."""
        for box in (self.messages, self.statuses):
            for claim in await box.claim(limit=100):
                async with self.database.transaction(()) as connection:
                    await box.finish(connection, [Finish(claim, claim.until)])

    def holding(self, name: str) -> set[str]:
        """The tables in which something of somebody is."""
        lane_ids = [str(lane_of_person(number, name)) for number in (NUMBER, "700800901")]
        needles = [name, name.encode().hex(), *lane_ids]
        with psycopg.connect(self.superuser_url) as connection:
            texts = {
                table: str(connection.execute(f"SELECT string_agg(t::text, ' ') FROM ingress.{table} t").fetchone())  # type: ignore[arg-type]
                for table in TABLES
            }
        return {table for table, text in texts.items() if any(needle in text for needle in needles)}

    async def erase(self, person: Person) -> dict[str, int]:
        answer = await self.privacy.erase(
            organization_id=self.organization_id, job_id=self.job_id, person=person, cursor=""
        )
        assert answer.waiting_for == ""
        return dict(answer.counts)


@pytest.fixture
async def room(database: OwnDatabase) -> AsyncIterator[Room]:
    opened = await Database.open(database.url_of("ingress"), size=4, name="privacy")
    yield Room(opened, database.superuser_url)
    await opened.close()


def erased(name: str, *, at: datetime | None = None) -> Person:
    return person_of(name, phone_number_ids=(NUMBER,), erased_at=at or datetime.now(UTC) + timedelta(seconds=1))


async def test_an_erasure_leaves_nothing_of_the_person_and_everything_of_a_neighbour(room: Room) -> None:
    await room.take_in(ANA)
    await room.take_in(BIA)
    await room.hand_on()

    counts = await room.erase(erased(ANA))

    assert counts == {
        "ingress.event": 1, "ingress.out_item": 1, "ingress.out_lane": 1, "ingress.status_item": 1,
        "ingress.status_lane": 1,
    }  # fmt: skip
    assert room.holding(ANA) == set()
    assert room.holding(BIA) == {"out_item", "out_lane", "status_item", "status_lane", "event"}
    assert await room.erase(erased(ANA)) == counts


async def test_an_erasure_waits_for_webhooks_on_their_way(room: Room) -> None:
    await room.take_in(ANA)

    answer = await room.privacy.erase(
        organization_id=room.organization_id, job_id=room.job_id, person=erased(ANA), cursor=""
    )

    assert answer.waiting_for == "webhooks that are on their way to router"
    assert room.holding(ANA) == {"out_item", "out_lane", "status_item", "status_lane", "event"}


async def test_what_came_in_after_the_erasure_is_somebodys_who_writes_again(room: Room) -> None:
    await room.take_in(ANA)

    assert await room.erase(erased(ANA, at=datetime.now(UTC) - timedelta(hours=1))) == {}
    assert room.holding(ANA) == {"out_item", "out_lane", "status_item", "status_lane", "event"}


async def test_a_status_that_came_in_until_all_services_had_erased_goes_at_the_next_look(room: Room) -> None:
    await room.take_in(ANA)
    await room.hand_on()
    earlier = datetime.now(UTC) - timedelta(hours=1)

    assert await room.erase(erased(ANA, at=earlier)) == {}
    counts = await room.erase(replace(erased(ANA, at=earlier), forgotten_at=datetime.now(UTC) + timedelta(seconds=1)))

    assert counts == {"ingress.status_item": 1, "ingress.status_lane": 1}
    assert room.holding(ANA) == {"out_item", "out_lane", "event"}


async def test_a_repeat_of_an_emptied_event_is_known_and_not_kept_anew(room: Room) -> None:
    await room.take_in(ANA)
    await room.hand_on()
    await room.erase(erased(ANA))
    fields = orjson.dumps({"from": ANA}).decode()

    await room.store.accept(
        [Accepted(kept=KeptEvent(kept_key(f"k:{ANA}"), "recorded", "reaction", NUMBER, "", fields))]
    )

    assert room.holding(ANA) == set()


async def test_a_dead_letter_goes_by_lane_and_by_what_is_in_it(room: Room) -> None:
    await room.take_in(ANA)
    # A message that names nobody else by its lane, and Ana in its text.
    await room.store.accept(
        [Accepted(message=Item(number_key(NUMBER), uuid4(), "strange", f'{{"a":"{ANA}"}}'.encode()))]
    )
    for claim in await room.messages.claim(limit=10):
        async with room.database.transaction(()) as connection:
            await room.messages.bury(connection, claim, claim.items[0], "unreadable")
            await room.messages.finish(connection, [Finish(claim, claim.until)])
    await room.hand_on()

    assert (await room.erase(erased(ANA)))["ingress.out_dead"] == 2
    assert "out_dead" not in room.holding(ANA)


async def test_an_export_tells_webhooks_in_plain_words(room: Room) -> None:
    await room.take_in(ANA)
    await room.take_in(BIA)

    page = await room.privacy.export(organization_id=room.organization_id, person=erased(ANA), cursor="")

    assert [row.kind for row in page.rows] == ["kept_event", "webhook_message", "webhook_status"]
    kept, message, status = map(_data, page.rows)
    assert kept["fields"] == message["content"] == {"from": ANA, "text": f"words of {ANA}"}
    assert status["content"]["status"] == "read"
    assert BIA not in str([kept, message, status])


async def test_old_webhooks_go_and_what_waits_stays(room: Room) -> None:
    await room.take_in(ANA)
    await room.hand_on()
    await room.take_in(BIA)
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    answer = await room.privacy.expire(
        organization_id=room.organization_id, job_id=room.job_id, before=tomorrow, phone_number_ids=[NUMBER], cursor=""
    )

    assert answer.counts == {"ingress.event": 2, "ingress.out_item": 1, "ingress.status_item": 1}
    assert room.holding(ANA) <= {"out_lane", "status_lane"}
    assert {"out_item", "status_item"} <= room.holding(BIA)


async def test_the_same_erasure_wished_at_once_is_one_job(room: Room) -> None:
    jobs, task = PostgresJobs(room.database, room.audit), Task(person=person_of(ANA))

    made = await asyncio.gather(
        *(jobs.begin_erasure(organization_id=room.organization_id, job_id=uuid4(), task=task) for _ in range(8))
    )

    assert len({job.job_id for job in made}) == 1
    assert len(await noted(room.audit, room.organization_id)) == 1


async def test_who_asked_is_kept_and_beginning_and_end_are_noted_without_the_person(room: Room) -> None:
    jobs = PostgresJobs(room.database, room.audit)
    act_as("user:7")
    begun = await jobs.begin_erasure(
        organization_id=room.organization_id, job_id=uuid4(), task=Task(person=person_of(ANA))
    )
    await jobs.begin(
        organization_id=room.organization_id, job_id=room.job_id, kind="export", task=Task(), report=Report()
    )
    act_as("")
    held = await jobs.claim(lease_seconds=60.0)
    assert held is not None
    assert held.job.task is not None
    report = Report(looks=2, rows={"router": {"router.contact": 1}})

    await jobs.save(held, held.job.task, report, wait=None, lease_seconds=60.0)

    assert begun.requested_by == "user:7"
    records = await noted(room.audit, room.organization_id)
    assert [(record.actor, record.action, record.object) for record in records] == [
        ("user:7", "erasure.begin", f"privacy_job:{begun.job_id}"),
        ("user:7", "export.begin", f"privacy_job:{room.job_id}"),
        ("service:ingress", "erasure.end", f"privacy_job:{begun.job_id}"),
    ]
    assert records[2].after == digest_of(report)


def _data(row: ExportedRow) -> dict[str, dict[str, str]]:
    data: dict[str, dict[str, str]] = orjson.loads(row.data)
    return data
