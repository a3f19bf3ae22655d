"""What Postgres itself guarantees of the log, seen by the room's own role."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from services.analytics.domain.record import RecordKind
from services.analytics.store import PostgresStore
from services.chassis.db import Database, fetch_all, run
from tests.fakes.analytics_records import NOON, record_maker
from tests.fixtures.servers import Database as OwnDatabase


@pytest.fixture
async def database(module_database: OwnDatabase) -> AsyncIterator[Database]:
    database = await Database.open(module_database.url_of("analytics"), size=2, name="tables")
    yield database
    await database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE analytics.conversation_logs SET user_message = 'other'",
        "TRUNCATE analytics.conversation_logs",
        "DELETE FROM analytics.flow_day",
        "DELETE FROM analytics.node_day",
        "SELECT * FROM analytics.conversation_logs_old",
        "DROP TABLE analytics.conversation_logs",
    ],
)
async def test_the_room_may_not_change_what_was_recorded(database: Database, statement: str) -> None:
    organization_id = uuid4()
    await PostgresStore(database).add([record_maker(organization_id)()])

    with pytest.raises(errors.InsufficientPrivilege):
        async with database.transaction((organization_id,)) as connection:
            await run(connection, statement)


async def test_a_record_older_than_every_partition_is_kept_once_and_found(database: Database) -> None:
    organization_id = uuid4()
    old = record_maker(organization_id)(occurred_at=NOON - timedelta(days=3650), text="long ago")
    store = PostgresStore(database)

    assert list(await store.add([old])) == [True]
    assert list(await store.add([old])) == [False]

    found = await store.transcript(
        organization_id=organization_id, phone_number=old.phone_number, flow_id=None, skip=0, limit=10
    )
    assert [line.text for line in found.messages] == ["long ago"]


async def test_rows_of_another_organization_are_neither_seen_nor_written(database: Database) -> None:
    mine, theirs = uuid4(), uuid4()
    record = record_maker(theirs)
    await PostgresStore(database).add([record(), record(occurred_at=NOON - timedelta(days=3650))])

    async with database.transaction((mine,)) as connection:
        assert await fetch_all(connection, "SELECT 1 FROM analytics.conversation_logs") == []
        assert await fetch_all(connection, "SELECT 1 FROM analytics.conversation_count") == []
    with pytest.raises(errors.InsufficientPrivilege):
        async with database.transaction((mine,)) as connection:
            await run(
                connection,
                "INSERT INTO analytics.conversation_logs"
                " (organization_id, occurred_at, record_id, kind, conversation_id)"
                " VALUES (%s, now(), 'forged', 'delivery', %s)",
                (theirs, uuid4()),
            )


async def test_months_are_ready_before_they_begin(module_database: OwnDatabase, database: Database) -> None:
    await PostgresStore(database).ensure_partitions()

    async with await psycopg.AsyncConnection.connect(module_database.superuser_url) as connection:
        rows = await fetch_all(
            connection,
            "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity FROM pg_inherits i"
            " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'analytics.conversation_logs'::regclass"
            " ORDER BY 1",
        )
        months = await fetch_all(
            connection,
            "SELECT to_char(now() AT TIME ZONE 'UTC' + n * interval '1 month', '\"conversation_logs_\"YYYYMM\"01\"')"
            " FROM generate_series(-1, 2) n",
        )
    assert [name for name, _ in rows] == [*(month for (month,) in months), "conversation_logs_old"]
    assert all(is_guarded for _, is_guarded in rows)


async def test_what_is_no_message_keeps_its_text_beside_status_and_error(database: Database) -> None:
    organization_id = uuid4()
    record = record_maker(organization_id)
    await PostgresStore(database).add(
        [
            record(kind=RecordKind.DELIVERY, text="", status="failed", error_code=131026),
            record(kind=RecordKind.INVALID_ANSWER, text="abc"),
            record(kind=RecordKind.BOT_MESSAGE, text="oi", flow_id=None, node_id=""),
        ]
    )

    async with database.transaction((organization_id,)) as connection:
        rows = await fetch_all(
            connection,
            "SELECT kind, user_message, bot_response, status, error_code, extra_data, node_id"
            " FROM analytics.conversation_logs ORDER BY occurred_at",
        )
    assert rows == [
        ("delivery", None, None, "failed", 131026, {}, None),
        ("invalid_answer", None, None, None, None, {"text": "abc"}, None),
        ("bot_message", None, "oi", None, None, {}, None),
    ]
