"""What analytics keeps of people: forgotten when they are erased, told in an export, let go of when it is old."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import orjson
import pytest

from services.analytics.domain.record import Record, RecordKind
from services.analytics.server import PrivacyServer
from services.analytics.store import PostgresPrivacy, PostgresStore
from services.analytics.usecases import Privacy
from services.chassis.db import Database, fetch_all
from services.chassis.errors import InvalidArgument
from services.chassis.queue import Cleared, PageRow
from services.chassis.rpc.sizes import MOST_MESSAGE_BYTES
from services.pb.analytics.v1 import analytics_pb2
from tests.fakes.analytics_records import NOON, record_maker
from tests.fixtures.servers import Database as OwnDatabase

ANA, BIA = uuid4(), uuid4()
FLOW = uuid4()
LONG_AGO = NOON - timedelta(days=75)
"""Two months and more: three calls' worth of days."""


@pytest.fixture
async def database(module_database: OwnDatabase) -> AsyncIterator[Database]:
    database = await Database.open(module_database.url_of("analytics"), size=2, name="privacy")
    yield database
    await database.close()


class Log:
    """An organization's log, and what is done about people in it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.organization_id, self.job_id = uuid4(), uuid4()
        self.make: Callable[..., Record] = record_maker(self.organization_id)
        self.privacy = Privacy(PostgresPrivacy(database), lambda: NOON)

    async def add(self, *records: Record) -> None:
        assert all(await PostgresStore(self.database).add(list(records)))

    async def column(self, table: str, column: str) -> list[object]:
        async with self.database.transaction((self.organization_id,)) as connection:
            return [row[0] for row in await fetch_all(connection, f"SELECT {column} FROM analytics.{table} ORDER BY 1")]

    async def erase(self) -> list[Cleared]:
        """All calls an erasure makes."""
        made: list[Cleared] = []
        while not made or made[-1].cursor:
            made.append(
                await self.privacy.erase(
                    organization_id=self.organization_id, job_id=self.job_id, conversation_ids=[ANA],
                    since=LONG_AGO, cursor=made[-1].cursor if made else "",
                )
            )  # fmt: skip
        return made

    async def export(self, conversation_id: UUID = ANA) -> list[PageRow]:
        rows, cursor, is_first = [], "", True
        while cursor or is_first:
            page = await self.privacy.page(
                organization_id=self.organization_id, conversation_ids=[conversation_id], since=LONG_AGO, cursor=cursor
            )
            rows, cursor, is_first = [*rows, *page.rows], page.cursor, False
        return rows


@pytest.fixture
async def log(database: Database) -> Log:
    log = Log(database)
    for conversation, name in ((ANA, "Ana"), (BIA, "Bia")):
        days = {f"{name} {day}": LONG_AGO + timedelta(days=day) for day in (0, 20, 40, 60, 75)}
        await log.add(
            *(log.make(conversation_id=conversation, occurred_at=at, text=text) for text, at in days.items()),
            log.make(
                conversation_id=conversation, kind=RecordKind.BOT_MESSAGE, flow_id=FLOW, node_id="ask",
                occurred_at=NOON, text=name,
            ),
        )  # fmt: skip
    return log


async def test_an_erasure_goes_through_the_whole_log_and_leaves_neighbours_and_sums(log: Log) -> None:
    sums = await log.column("node_day", "node_day::text")

    made = await log.erase()

    assert len(made) == 3
    assert made[-1].counts == {
        "analytics.conversation_logs": 6,
        "analytics.conversation_count": 2,
        # In no flow, in one, and in all together; a row for each of six days in its flow, of which two are one day.
        "analytics.flow_contact": 3,
        "analytics.contact_day": 6 + 5,
    }
    assert set(await log.column("conversation_logs", "conversation_id")) == {BIA}
    assert await log.column("conversation_count", "conversation_id") == [BIA, BIA]
    assert await log.column("node_day", "node_day::text") == sums != []


async def test_an_erasure_repeated_finds_nothing_more(log: Log) -> None:
    first = await log.erase()

    assert (await log.erase())[-1].counts == first[-1].counts


async def test_an_export_tells_every_record_of_the_person_by_time(log: Log) -> None:
    rows = await log.export()

    assert {row.kind for row in rows} == {"log"}
    assert [row.data["text"] for row in rows] == ["Ana 0", "Ana 20", "Ana 40", "Ana 60", "Ana 75", "Ana"]
    assert [row.data["occurred_at"] for row in rows] == sorted(row.data["occurred_at"] for row in rows)  # type: ignore[type-var]


async def test_an_export_of_a_day_of_many_records_tells_each_once(log: Log) -> None:
    talkative = uuid4()
    texts = [f"line {n:03d}" for n in range(250)]
    # Some of them at the same moment: the page ends between them.
    await log.add(
        *(
            log.make(
                conversation_id=talkative, occurred_at=NOON + timedelta(seconds=n // 60), text=text, record_id=text
            )
            for n, text in enumerate(texts)
        )
    )

    assert [row.data["text"] for row in await log.export(talkative)] == texts


async def test_an_export_of_long_texts_fits_into_answers_and_tells_each_once(log: Log) -> None:
    talkative = uuid4()
    await log.add(
        *(
            log.make(conversation_id=talkative, occurred_at=NOON + timedelta(seconds=n), text=f"{n:02d}" + "á" * 65_000)
            for n in range(50)
        )
    )
    server = PrivacyServer(log.privacy)
    request = analytics_pb2.ExportContactRequest(
        organization_id=str(log.organization_id), conversation_ids=[str(talkative)]
    )
    request.since.FromDatetime(LONG_AGO)
    told = []
    while True:
        answer = await server.ExportContact(request, None)  # type: ignore[arg-type]  # the server uses no context
        assert answer.ByteSize() < MOST_MESSAGE_BYTES
        told += [orjson.loads(row.data)["text"][:2] for row in answer.page.rows]
        if not answer.page.cursor:
            break
        request.cursor = answer.page.cursor

    assert told == [f"{n:02d}" for n in range(50)]


async def test_old_records_go_and_sums_stay(log: Log) -> None:
    sums = await log.column("node_day", "node_day::text")

    cleared = await log.privacy.expire(
        organization_id=log.organization_id, job_id=log.job_id, before=LONG_AGO + timedelta(days=50)
    )

    assert (cleared.counts, cleared.cursor) == (
        {"analytics.conversation_logs": 6, "analytics.contact_day": 6},
        "",
    )
    left = await log.column("conversation_logs", "user_message")
    assert "Ana 40" not in left
    assert "Ana 60" in left
    assert await log.column("node_day", "node_day::text") == sums


async def test_another_organization_is_not_touched(log: Log, database: Database) -> None:
    other = Log(database)
    await other.erase()

    assert ANA in await log.column("conversation_logs", "conversation_id")


@pytest.mark.parametrize("cursor", ["x", "2026-03-04", "2026-03-04T00:00:00/a", "/"])
async def test_a_cursor_that_was_not_given_out_is_refused(log: Log, cursor: str) -> None:
    with pytest.raises(InvalidArgument, match="cursor is none"):
        await log.privacy.page(
            organization_id=log.organization_id, conversation_ids=[ANA], since=LONG_AGO, cursor=cursor
        )
