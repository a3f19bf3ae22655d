"""Statements that travel together: what they bring back, and what is left when one of them fails."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from threading import Thread
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.chassis.db import Database, Query, is_fenced
from services.chassis.errors import Unavailable
from services.embedded.addresses import LOOPBACK
from tests.fixtures.servers import Database as OwnDatabase

ORGANIZATION = UUID("0192d0aa-7f7f-7000-8000-00000000c0de")
TYPES = {
    "uuid": st.uuids(),
    # Postgres holds no NUL, UTF-8 no lone surrogate.
    "text": st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))),
    "bytea": st.binary(),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "float8": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "timestamptz": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
}
ECHOES = {kind: Query(f"SELECT %(one)s::{kind}, %(many)s::{kind}[]") for kind in TYPES}
SCOPE = Query("SELECT current_setting('app.organization_ids', true), current_setting('synchronous_commit')")


@pytest.fixture
async def opened(module_database: OwnDatabase) -> AsyncIterator[Database]:
    database = await Database.open(module_database.url_of("ingress"), size=2, name="test")
    yield database
    await database.close()


@pytest.mark.parametrize("kind", TYPES)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
async def test_a_value_comes_back_as_it_was_sent(opened: Database, kind: str, data: st.DataObject) -> None:
    one = data.draw(st.none() | TYPES[kind])
    many = data.draw(st.none() | st.lists(st.none() | TYPES[kind], max_size=5))

    ((row,),) = await opened.batch((), [(ECHOES[kind], {"one": one, "many": many})])

    assert row == (one, many)


async def test_a_batch_works_for_its_organizations_and_leaves_nothing_behind(opened: Database) -> None:
    ((inside,),) = await opened.batch([ORGANIZATION], [(SCOPE, {})], durable=False)
    async with opened._pool.connection() as connection:
        outside = await (await connection.execute("SELECT current_setting('app.organization_ids', true)")).fetchone()

    assert inside == (str(ORGANIZATION), "off")
    assert outside in ((None,), ("",))


async def test_when_one_statement_fails_nothing_of_the_batch_remains(opened: Database) -> None:
    insert = Query("INSERT INTO ingress.door (place, opened_at) VALUES (%(place)s::text, now())")
    count = Query("SELECT count(*) FROM ingress.door WHERE place = %(place)s::text")
    broken = Query("SELECT 1 / %(zero)s::int")
    place = {"place": str(uuid4())}

    with pytest.raises(psycopg.errors.DivisionByZero):
        await opened.batch((), [(insert, place), (broken, {"zero": 0}), (insert, place)])

    assert await opened.batch((), [(count, place)]) == [[(0,)]]


async def test_a_transaction_without_its_commit_leaves_nothing(opened: Database) -> None:
    insert = Query("INSERT INTO ingress.door (place, opened_at) VALUES (%(place)s::text, now())")
    count = Query("SELECT count(*) FROM ingress.door WHERE place = %(place)s::text")
    left, kept = {"place": str(uuid4())}, {"place": str(uuid4())}

    async with opened.journey(()) as journey:
        await journey.run([(insert, left)])
    async with opened.journey(()) as journey:
        await journey.run([(insert, kept)])
        assert await journey.commit([(count, kept)]) == [[(1,)]]

    assert await opened.batch((), [(count, left), (count, kept)]) == [[(0,)], [(1,)]]


async def test_a_fence_ends_the_transaction_although_its_commit_was_on_the_way(opened: Database) -> None:
    insert = Query("INSERT INTO ingress.door (place, opened_at) VALUES (%(place)s::text, now())")
    count = Query("SELECT count(*) FROM ingress.door WHERE place = %(place)s::text")
    fence = Query("SELECT app.fence(1, 2)")
    place = {"place": str(uuid4())}

    with pytest.raises(psycopg.DatabaseError) as caught:
        async with opened.journey(()) as journey:
            await journey.commit([(insert, place), (fence, {})])

    assert is_fenced(caught.value)
    assert await opened.batch((), [(count, place)]) == [[(0,)]]


async def test_a_value_that_cannot_be_written_costs_no_connection(opened: Database) -> None:
    with pytest.raises(UnicodeEncodeError):
        await opened.batch((), [(ECHOES["text"], {"one": "\ud800", "many": []})])

    assert await opened.batch((), [(ECHOES["text"], {"one": "fine", "many": []})]) == [[("fine", [])]]


async def test_a_call_given_up_midway_costs_a_connection_and_never_mixes_up_answers(opened: Database) -> None:
    slow = Query("SELECT %(one)s::text FROM pg_sleep(0.2)")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(opened.batch((), [(slow, {"one": "given up"})]), timeout=0.05)

    answers = await asyncio.gather(
        *(opened.batch((), [(ECHOES["text"], {"one": f"{number}", "many": None})]) for number in range(8))
    )
    assert answers == [[[(f"{number}", None)]] for number in range(8)]


async def test_connections_that_end_never_make_others_deaf(module_database: OwnDatabase) -> None:
    """libpq closes the socket of a connection that ended; the next connection gets its number."""
    slow = Query("SELECT %(one)s::text FROM pg_sleep(0.05)")
    database = await Database.open(module_database.url_of("ingress"), size=6, name="test of ends")
    async with await psycopg.AsyncConnection.connect(module_database.superuser_url, autocommit=True) as superuser:
        for number in range(12):
            calls = [asyncio.create_task(database.batch((), [(slow, {"one": f"{number}"})])) for _ in range(12)]
            await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test of ends'"
            )
            async with asyncio.timeout(20):
                answers = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(answer, Unavailable) or answer == [[(f"{number}",)]] for answer in answers)
    await database.close()


def test_a_loop_ends_though_a_pool_that_nobody_closed_is_connecting() -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        silent.setblocking(False)

        async def leave_open() -> None:
            url = f"postgresql://nobody@{LOOPBACK}:{silent.getsockname()[1]}/nowhere"
            left_open.append(await Database.open(url, size=1, name="left open"))
            connection, _ = await asyncio.get_running_loop().sock_accept(silent)
            heard.append(connection)

        left_open: list[Database] = []
        heard: list[socket.socket] = []
        process = Thread(target=asyncio.run, args=(leave_open(),), daemon=True)
        process.start()
        process.join(30)

        assert heard
        assert not process.is_alive()
        heard.pop().close()


async def test_large_values_go_out_and_come_back_whole(opened: Database) -> None:
    large = bytes(range(256)) * 32_768

    ((row,),) = await opened.batch((), [(ECHOES["bytea"], {"one": large, "many": [large, b""]})])

    assert row == (large, [large, b""])


@pytest.mark.parametrize("text", ["SELECT %(loose)s", "SELECT %s", "SELECT %(one)s::inet"])
def test_a_parameter_without_a_known_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"parameter|every parameter"):
        Query(text)
