"""Behind a pooler in transaction mode, with one connection for everybody, no organization sees another's rows.

Two processes and two organizations take turns on every connection, and connections are cut in the middle of things.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from services.chassis.db import Database as Pool
from services.chassis.db import Query, fetch_all
from services.chassis.errors import Unavailable
from services.embedded.keys import ROOMS
from tests.fixtures.pooler import Pooler, pooling
from tests.fixtures.servers import Database
from tests.walls.interference import BROKEN, Step, Who, answer_of, establish
from tests.walls.requests import declared
from tests.walls.rows import rows_of, tables_with_tag
from tests.walls.tenants import twins
from tests.walls.world import World, open_world

CALLS = 120
TRANSACTIONS_BETWEEN_CUTS = 40
SERVICES = Path(__file__).parents[2] / "services"


@dataclass(slots=True)
class Traffic:
    """What was answered, by who asked."""

    answers: dict[str, list[str]] = field(default_factory=lambda: {"A": [], "B": []})
    cuts: int = 0


@asynccontextmanager
async def poolers(database: Database, *, knows_statements: bool) -> AsyncIterator[dict[str, Pooler]]:
    """A pooler with one connection in front of each room's role."""
    async with AsyncExitStack() as stack:
        yield {
            room: await stack.enter_async_context(
                pooling(database.url_of(room), size=1, knows_statements=knows_statements)
            )
            for room in ROOMS
        }


async def drive(worlds: Sequence[World], who: Who, traffic: Traffic, chance: random.Random) -> None:
    """One organization's calls, in either process."""
    for _ in range(CALLS):
        world = chance.choice(worlds)
        step = Step(who, chance.choice(sorted(declared())), chance.randrange(2**16))
        traffic.answers[who].append(f"{step.path}: {await answer_of(world, step)}")
        if chance.random() < 0.2:
            try:
                await world.settle()
            except Unavailable:
                continue


async def cut_now_and_then(between: dict[str, Pooler], traffic: Traffic, chance: random.Random) -> None:
    """Cut a connection whenever so many transactions have passed, until cancelled."""
    seen = 0
    while True:
        passed = sum(pooler.transactions for pooler in between.values())
        if passed - seen >= TRANSACTIONS_BETWEEN_CUTS:
            seen = passed
            traffic.cuts += chance.choice(list(between.values())).kill(chance)
        await asyncio.sleep(0)


async def two_processes(database: Database, *, knows_statements: bool) -> tuple[Traffic, dict[str, Pooler]]:
    """The whole traffic of two organizations over two processes and one connection a room."""
    chance, traffic = random.Random(5), Traffic()
    async with poolers(database, knows_statements=knows_statements) as between, AsyncExitStack() as stack:
        worlds = [
            await stack.enter_async_context(
                open_world(lambda room: between[room].url, prepare=knows_statements, size=2)
            )
            for _ in range(2)
        ]
        for tenant in twins():
            await establish(worlds[0], tenant)
        cutting = asyncio.create_task(cut_now_and_then(between, traffic, chance))
        await asyncio.gather(drive(worlds, "A", traffic, chance), drive(worlds, "B", traffic, chance))
        cutting.cancel()
    return traffic, between


@pytest.mark.parametrize("knows_statements", [False, True], ids=["PgBouncer before 1.21", "PgBouncer 1.21"])
async def test_two_organizations_share_one_connection_and_see_nothing_of_each_other(
    database: Database, knows_statements: bool
) -> None:
    traffic, between = await two_processes(database, knows_statements=knows_statements)

    for who, own, other in (("A", *twins()), ("B", *reversed(twins()))):
        answers = traffic.answers[who]
        assert [answer for answer in answers if other.tag in answer] == []
        assert [answer for answer in answers if BROKEN in answer] == []
        assert any(own.tag in answer for answer in answers)
        assert tables_with_tag(database.superuser_url, own, other.tag) == []
        assert len(rows_of(database.superuser_url, own)) > 20
    assert traffic.cuts > 5
    changes = {room: pooler.changes_of_client for room, pooler in between.items()}
    print(f"{traffic.cuts} connections cut; changes of client: {changes}")
    assert min(changes.values()) > 0
    assert sum(changes.values()) > 100


async def test_named_statements_break_behind_a_pooler_that_does_not_know_them(database: Database) -> None:
    """Why DATABASE_PREPARE is there."""
    query = Query("SELECT %(number)b::int")
    async with pooling(database.url_of("router"), size=1) as pooler:
        one = await Pool.open(pooler.url, size=1, name="one")
        other = await Pool.open(pooler.url, size=1, name="other")
        assert await one.batch((), [(query, {"number": 1})]) == [[(1,)]]
        with pytest.raises(psycopg.errors.DuplicatePreparedStatement):
            await other.batch((), [(query, {"number": 2})])
        await one.close()
        await other.close()


@pytest.mark.parametrize("room", ROOMS)
def test_every_service_hears_of_database_prepare(room: str) -> None:
    assert "prepare=settings.database_prepare" in (SERVICES / room / "app.py").read_text()


def test_what_one_process_prepared_another_may_use_for_it_is_the_same_statement() -> None:
    assert Query("SELECT %(one)b::int").name == Query("SELECT %(other)b::int").name
    assert Query("SELECT 1").name != Query("SELECT 2").name


@pytest.mark.parametrize("knows_statements", [False, True])
async def test_what_a_transaction_named_is_gone_with_it(database: Database, knows_statements: bool) -> None:
    organization_id = uuid4()
    count = "SELECT count(*) FROM router.contact"
    async with pooling(database.url_of("router"), size=1, knows_statements=knows_statements) as pooler:
        one, other = [
            await Pool.open(pooler.url, size=1, name=name, prepare=knows_statements) for name in ("one", "other")
        ]
        async with one.transaction([]) as connection:
            await connection.execute(
                "INSERT INTO router.organization (organization_id, name, time_zone) VALUES (%s, 'Loja', 'UTC')",
                (organization_id,),
            )
        async with one.transaction([organization_id]) as connection:
            await connection.execute(
                "INSERT INTO router.contact (organization_id, contact_id, name, wa_id, user_id, parent_user_id) "
                "VALUES (%s, %s, '', '', '', '')",
                (organization_id, uuid4()),
            )
            assert await fetch_all(connection, count) == [(1,)]
        async with other.transaction(()) as connection:
            assert await fetch_all(connection, count) == [(0,)]
        assert pooler.changes_of_client >= 1
        await one.close()
        await other.close()


async def test_an_error_in_the_middle_leaves_the_shared_connection_in_order(database: Database) -> None:
    broken, fine = Query("SELECT 1 / %(zero)b::int"), Query("SELECT %(number)b::int")
    async with pooling(database.url_of("router"), size=1, knows_statements=True) as pooler:
        one, other = [await Pool.open(pooler.url, size=1, name=name) for name in ("one", "other")]
        for number in range(3):
            with pytest.raises(psycopg.errors.DivisionByZero):
                await one.batch((), [(broken, {"zero": 0}), (fine, {"number": number})])
            assert await other.batch((), [(fine, {"number": number}), (fine, {"number": 7})]) == [[(number,)], [(7,)]]
            assert await one.batch((), [(fine, {"number": -number})]) == [[(-number,)]]
        await one.close()
        await other.close()


# What lives as long as a session is somebody else's after the transaction. The migration talks to Postgres itself.
_OF_SESSIONS = re.compile(
    r"\bLISTEN\b|\bpg_(?:try_)?advisory_lock|\bSET SESSION\b|\bWITH HOLD\b|\bCREATE TEMP|\bDISCARD\b"
    r"|set_config\([^)]*,\s*false\)"
)


def test_no_statement_of_the_services_keeps_anything_beyond_its_transaction() -> None:
    sources = [path for path in SERVICES.rglob("*.py") if path.name != "migrate.py"]

    assert [str(path) for path in sources if _OF_SESSIONS.search(path.read_text())] == []
    assert _OF_SESSIONS.search((SERVICES / "chassis" / "migrate.py").read_text())
