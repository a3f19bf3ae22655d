"""However records come in, the counts are what a recount of the log gives."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.analytics.domain.record import Record, RecordKind
from services.analytics.store import PostgresStore
from services.chassis.db import Database, fetch_all, run
from services.embedded.waiting import wait_until
from tests.fakes.analytics_records import NOON
from tests.fixtures.servers import Database as OwnDatabase

NIL = UUID(int=0)
FLOWS = (None, uuid4(), uuid4())
CONVERSATIONS = (uuid4(), uuid4())

RECOUNTED = """
    SELECT {key}, count(*) FILTER (WHERE kind = 'contact_message'), count(*) FILTER (WHERE kind = 'bot_message')
    FROM analytics.conversation_logs
    WHERE kind IN ('contact_message', 'bot_message') AND {where} GROUP BY {key}"""
SOME_FLOW = f"coalesce(flow_id, '{NIL}')"
TABLES = {
    "conversation_count": (f"organization_id, {SOME_FLOW}, conversation_id", "true"),
    "flow_day": (f"organization_id, {SOME_FLOW}, day, flow_version", "true"),
    "node_day": (f"organization_id, {SOME_FLOW}, day, flow_version, node_id", "node_id IS NOT NULL"),
}


@st.composite
def _records(draw: st.DrawFn) -> Record:
    """A record out of few keys, so that repeats are many; organization 0 or 1 is put in by the test."""
    number, kind = draw(st.integers(0, 11)), draw(st.sampled_from(RecordKind))
    return Record(
        organization_id=UUID(int=draw(st.integers(0, 1))),
        occurred_at=NOON + timedelta(seconds=number),
        # A repeat is of the same kind. Deliveries and all others are two statements: only so do they lock in one order.
        record_id=f"{'delivery' if kind is RecordKind.DELIVERY else 'record'}-{number}",
        sequence=0,
        kind=kind,
        conversation_id=draw(st.sampled_from(CONVERSATIONS)),
        flow_id=draw(st.sampled_from(FLOWS)),
        node_id=draw(st.sampled_from(("", "ask", "menu"))),
    )


BATCHES = st.lists(st.lists(_records(), min_size=1, max_size=9), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def replicas(runner: asyncio.Runner, module_database: OwnDatabase) -> Iterator[list[Database]]:
    """The pools of two processes."""
    url = module_database.url_of("analytics")
    databases = [runner.run(Database.open(url, size=4, name="replica")) for _ in range(2)]
    yield databases
    for database in databases:
        runner.run(database.close())


async def assert_counts_equal_the_log(database: Database, organizations: list[UUID]) -> None:
    async with database.transaction(organizations) as connection:
        for table, (key, where) in TABLES.items():
            recounted = await fetch_all(connection, RECOUNTED.format(key=key, where=where))
            columns = ", ".join(part.split(".")[-1] for part in _columns(key))
            # Other figures than messages may have made a row.
            counted = await fetch_all(
                connection,
                f"SELECT {columns}, contact_messages, bot_messages FROM analytics.{table}"
                " WHERE contact_messages + bot_messages > 0",
            )
            assert sorted(counted, key=str) == sorted(recounted, key=str), table


def _columns(key: str) -> list[str]:
    return ["flow_id" if part.startswith("coalesce") else part for part in key.replace(f", '{NIL}'", "").split(", ")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_counts_equal_a_recount_whatever_comes_twice_or_at_once(
    runner: asyncio.Runner, replicas: list[Database], batches: list[list[Record]]
) -> None:
    organizations = [uuid4(), uuid4()]
    batches = [
        [record._replace(organization_id=organizations[record.organization_id.int]) for record in batch]
        for batch in batches
    ]
    stores = [PostgresStore(database) for database in replicas]

    async def storm() -> list[Any]:
        answers = await asyncio.gather(
            *(stores[at % 2].add(batch) for at, batch in enumerate([*batches, *reversed(batches)]))
        )
        await assert_counts_equal_the_log(replicas[0], organizations)
        return answers

    answers = runner.run(storm())

    told_new = sum(is_new for answer in answers for is_new in answer)
    assert told_new == len({record.key for batch in batches for record in batch})


MIDDLE = 15
WAITING = """
    SELECT count(DISTINCT a.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND a.datname = current_database()"""
# A row in the middle of every batch, held by somebody else until both batches wait: for it, or for each other.
HOLDS = {
    "conversation_logs": f"""
        INSERT INTO analytics.conversation_logs (organization_id, occurred_at, record_id, kind, conversation_id)
        VALUES (%(organization_id)s, %(occurred_at)s, '{MIDDLE}', 'delivery', '{NIL}')""",
    "conversation_count": "SELECT FROM analytics.conversation_count WHERE conversation_id = %(middle)s FOR UPDATE",
    "flow_day": "SELECT FROM analytics.flow_day WHERE flow_id = %(middle)s FOR UPDATE",
    "node_day": f"SELECT FROM analytics.node_day WHERE node_id = 'node {MIDDLE}' FOR UPDATE",
    "flow_contact": f"SELECT FROM analytics.flow_contact WHERE contact = 'contact {MIDDLE}' FOR UPDATE",
    "delivery_day": f"SELECT FROM analytics.delivery_day WHERE phone_number_id = 'number {MIDDLE}' FOR UPDATE",
}


KINDS = {"delivery_day": RecordKind.DELIVERY}
# Those of one flow share rows within it; the others' flows are their own.
FLOW_OF = dict.fromkeys(("conversation_count", "node_day", "flow_contact", "delivery_day"), UUID(int=9))


def batch_sharing(table: str, organization_id: UUID, side: str) -> list[Record]:
    """Records that share the rows of one table with the batches of other sides, and no other table's."""
    numbers = range(10, 10 + 2 * (MIDDLE - 10))
    return [
        Record(
            organization_id=organization_id,
            occurred_at=NOON + timedelta(seconds=number),
            record_id=str(number) if table == "conversation_logs" else f"{side} {number}",
            sequence=0,
            kind=KINDS.get(table, RecordKind.BOT_MESSAGE),
            conversation_id=UUID(int=number) if table == "conversation_count" else uuid4(),
            phone_number=f"contact {number}" if table == "flow_contact" else "",
            flow_id=FLOW_OF.get(table, uuid4()) if table != "flow_day" else UUID(int=number),
            node_id=f"node {number}" if table == "node_day" else "",
            phone_number_id=f"number {number}" if table == "delivery_day" else "",
        )
        for number in numbers
    ]


@pytest.mark.parametrize("table", HOLDS)
async def test_batches_in_opposite_order_wait_for_each_other_and_never_deadlock(
    module_database: OwnDatabase, table: str
) -> None:
    organization_id = uuid4()
    database = await Database.open(module_database.url_of("analytics"), size=4, name="storm")
    store = PostgresStore(database)
    if table != "conversation_logs":
        await store.add(batch_sharing(table, organization_id, "seed"))
    middle = {
        "organization_id": organization_id,
        "occurred_at": NOON + timedelta(seconds=MIDDLE),
        "middle": UUID(int=MIDDLE),
    }

    async def both_wait() -> bool:
        async with database.transaction(()) as connection:
            return await fetch_all(connection, WAITING) == [(2,)]

    await store.ensure_partitions()
    async with database.transaction((organization_id,)) as holder:
        await run(holder, HOLDS[table], middle)
        one = asyncio.create_task(store.add(batch_sharing(table, organization_id, "one")))
        other = asyncio.create_task(store.add(batch_sharing(table, organization_id, "other")[::-1]))
        await wait_until(both_wait, timeout_seconds=20, otherwise=lambda: "the batches do not wait")

    await asyncio.gather(one, other)
    await assert_counts_equal_the_log(database, [organization_id])
    await database.close()
