"""The audit log on real Postgres, as a room's own role writes it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.audit import HOUSE, START, AuditEntry, AuditLog, Link, Verdict, digest_of
from services.chassis.audit.chain import text_of
from services.chassis.db import Database, Query, run_steps
from services.chassis.errors import Unavailable
from services.chassis.rpc import act_as
from services.embedded.keys import ROOMS
from tests.fixtures.servers import Database as OwnDatabase

ROOM = "router"
LAST = "SELECT count(*), max(seq) FROM router.audit_event WHERE organization_id = %s"


@pytest.fixture
async def database(module_database: OwnDatabase) -> AsyncIterator[Database]:
    database = await Database.open(module_database.url_of(ROOM), size=10, name="audit")
    yield database
    await database.close()


@pytest.fixture
async def neighbour(module_database: OwnDatabase) -> AsyncIterator[Database]:
    """Another process of the same room."""
    database = await Database.open(module_database.url_of(ROOM), size=10, name="audit")
    yield database
    await database.close()


def entry(organization_id: UUID, number: int = 1, **fields: object) -> AuditEntry:
    return AuditEntry(organization_id, "oven.light", f"oven:{number}", **fields)  # type: ignore[arg-type]


async def note(log: AuditLog, database: Database, *entries: AuditEntry) -> None:
    await database.batch((), log.steps(entries))


async def test_an_entry_says_who_what_and_when_and_is_chained_to_the_one_before(database: Database) -> None:
    log, organization_id = AuditLog(ROOM, database, actor=lambda: "operator"), uuid4()
    before, after = digest_of({"lit": False}), digest_of({"lit": True})

    await note(log, database, entry(organization_id, 1, after=before))
    await note(log, database, entry(organization_id, 2, before=before, after=after, actor='user:"é"'))

    second, first = await log.read(organization_id=organization_id, limit=10)
    assert (first.seq, first.actor, first.action, first.object) == (1, "operator", "oven.light", "oven:1")
    assert (first.before, first.after, first.prev_hash) == (None, before, bytes(32))
    assert (second.seq, second.actor, second.before, second.after) == (2, 'user:"é"', before, after)
    assert second.prev_hash == first.hash == hashlib.sha256(bytes(32) + first.entry.encode()).digest()
    assert first.at < second.at
    assert second.entry == text_of(second, room=ROOM, organization_id=organization_id)
    assert await log.verify(organization_id=organization_id) == Verdict(Link(2, second.hash))


async def test_twenty_writers_at_once_leave_a_chain_without_gaps(database: Database, neighbour: Database) -> None:
    organization_id, other_id = uuid4(), uuid4()

    async def write(pool: Database, writer: int) -> None:
        log = AuditLog(ROOM, pool)
        for number in range(5):
            await note(log, pool, entry(organization_id, writer * 10 + number), entry(other_id))

    writers = [write(pool, writer) for writer in range(10) for pool in (database, neighbour)]
    failures = [failure for failure in await asyncio.gather(*writers, return_exceptions=True) if failure]

    assert failures == []
    log = AuditLog(ROOM, database)
    for chain in (organization_id, other_id):
        records = await log.read(organization_id=chain, limit=1000)
        assert [record.seq for record in records] == list(range(100, 0, -1))
        assert await log.verify(organization_id=chain) == Verdict(Link(100, records[0].hash))


async def test_changes_of_one_organization_wait_for_each_other_and_those_of_two_do_not(database: Database) -> None:
    log, organization_id, other_id = AuditLog(ROOM, database), uuid4(), uuid4()
    soon = (Query("SELECT set_config('lock_timeout', '20ms', true)"), {})

    async with database.journey([organization_id]) as journey:
        await journey.run(log.locking([organization_id]))
        await database.batch((), [soon, *log.steps([entry(other_id)])])
        with pytest.raises(Unavailable) as failure:
            await database.batch((), [soon, *log.steps([entry(organization_id, 2)])])
        assert isinstance(failure.value.__cause__, psycopg.errors.LockNotAvailable)
        await journey.commit(log.steps([entry(organization_id, 1)]))
    await database.batch((), [soon, *log.steps([entry(organization_id, 2)])])

    records = await log.read(organization_id=organization_id, limit=10)
    assert [record.object for record in records] == ["oven:2", "oven:1"]


async def test_a_change_that_fails_leaves_no_entry_and_the_next_takes_its_number(database: Database) -> None:
    log, organization_id = AuditLog(ROOM, database), uuid4()
    await note(log, database, entry(organization_id))

    with pytest.raises(psycopg.errors.DivisionByZero):
        await database.batch([organization_id], [*log.steps([entry(organization_id, 2)]), (Query("SELECT 1 / 0"), {})])
    async with database.journey([organization_id]) as abandoned:
        await abandoned.run(log.steps([entry(organization_id, 2)]))
    await note(log, database, entry(organization_id, 3))

    records = await log.read(organization_id=organization_id, limit=10)
    assert [(record.seq, record.object) for record in records] == [(2, "oven:3"), (1, "oven:1")]
    assert (await log.verify(organization_id=organization_id)).flaw == ""


async def test_no_entries_need_no_steps(database: Database) -> None:
    log = AuditLog(ROOM, database)

    assert log.steps([]) == []
    async with database.transaction(()) as connection:
        assert await run_steps(connection, log.locking([])) == []


async def test_the_actor_is_whoever_stands_behind_the_call_or_else_the_room(database: Database) -> None:
    log, organization_id = AuditLog(ROOM, database), uuid4()

    await note(log, database, entry(organization_id))
    act_as("user:7")
    await note(log, database, entry(organization_id), entry(organization_id, actor="user:8"))

    records = await log.read(organization_id=organization_id, limit=10)
    assert [record.actor for record in records] == ["user:8", "user:7", "service:router"]


async def test_the_house_has_a_chain_of_its_own(database: Database) -> None:
    log, organization_id = AuditLog(ROOM, database), uuid4()

    await note(log, database, entry(HOUSE, 7), entry(organization_id, 8))

    assert [record.object for record in await log.read(organization_id=HOUSE, limit=1)] == ["oven:7"]
    assert [record.object for record in await log.read(organization_id=organization_id, limit=9)] == ["oven:8"]
    assert (await log.verify(organization_id=HOUSE)).flaw == ""


async def test_pages_go_on_where_the_one_before_ended(database: Database) -> None:
    log, organization_id = AuditLog(ROOM, database), uuid4()
    await note(log, database, *(entry(organization_id, number) for number in range(1, 8)))

    newest = await log.read(organization_id=organization_id, limit=3)
    older = await log.read(organization_id=organization_id, limit=3, before=newest[-1].seq)

    assert [record.seq for record in (*newest, *older)] == [7, 6, 5, 4, 3, 2]
    part = await log.verify(organization_id=organization_id, limit=5)
    assert part == Verdict(Link(5, newest[2].hash), has_more=True)
    assert await log.verify(organization_id=organization_id, after=part.link) == Verdict(Link(7, newest[0].hash))


@pytest.mark.parametrize("room", ROOMS)
async def test_every_room_may_add_to_its_log_and_change_nothing_in_it(module_database: OwnDatabase, room: str) -> None:
    organization_id = uuid4()
    database = await Database.open(module_database.url_of(room), size=1, name="audit")
    log = AuditLog(room, database)
    await note(log, database, entry(organization_id))

    with psycopg.connect(module_database.url_of(room), autocommit=True) as service:
        for statement in (
            f"UPDATE {room}.audit_event SET actor = 'nobody'",
            f"DELETE FROM {room}.audit_event",
            f"TRUNCATE {room}.audit_event",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(statement.encode())

    assert (await log.verify(organization_id=organization_id)).link.seq == 1
    await database.close()


async def test_a_transaction_writes_no_entry_for_an_organization_it_did_not_name(database: Database) -> None:
    log, organization_id = AuditLog(ROOM, database), uuid4()
    _, *without_name = log.steps([entry(organization_id)])

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        await database.batch([uuid4()], without_name)


TAMPERING = {
    "time": "at = at + interval '1 us'",
    "a time without end": "at = 'infinity'",
    "actor": "actor = actor || '.'",
    "action": "action = 'oven.extinguish'",
    "object": "object = 'oven:99'",
    "digest before": "before_digest = sha256('x')",
    "digest after": "after_digest = NULL",
    "text": "entry = replace(entry, 'oven:3', 'oven:4')",
    "previous hash": "prev_hash = sha256('x')",
    "hash": "hash = sha256('x')",
    "text and hash": "entry = replace(entry, 'oven:3', 'oven:4'), "
    "hash = sha256(prev_hash || convert_to(replace(entry, 'oven:3', 'oven:4'), 'UTF8'))",
    "number": "seq = 99",
    "organization": "organization_id = '00000000-0000-4000-8000-000000000001'",
}


@pytest.mark.parametrize("damage", TAMPERING)
async def test_tampering_by_whoever_owns_the_database_is_found(
    module_database: OwnDatabase, database: Database, damage: str
) -> None:
    log, organization_id = AuditLog(ROOM, database), uuid4()
    await note(log, database, *(entry(organization_id, number, after=b"\1" * 32) for number in range(1, 6)))
    kept = (await log.verify(organization_id=organization_id)).link

    with psycopg.connect(module_database.superuser_url, autocommit=True) as superuser:
        statement = f"UPDATE router.audit_event SET {TAMPERING[damage]} WHERE organization_id = %s AND seq = 3"
        assert superuser.execute(statement.encode(), (organization_id,)).rowcount == 1

    verdict = await log.verify(organization_id=organization_id)
    assert (verdict.flawed_seq, verdict.link.seq) == (3, 2)
    assert kept.seq == 5


async def test_what_is_removed_from_the_middle_is_found_and_from_the_end_is_not(
    module_database: OwnDatabase, database: Database
) -> None:
    log, organization_id = AuditLog(ROOM, database), uuid4()
    await note(log, database, *(entry(organization_id, number) for number in range(1, 6)))

    with psycopg.connect(module_database.superuser_url, autocommit=True) as superuser:
        remove = b"DELETE FROM router.audit_event WHERE organization_id = %s AND seq = %s"
        superuser.execute(remove, (organization_id, 5))
        cut = await log.verify(organization_id=organization_id)
        superuser.execute(remove, (organization_id, 2))
        torn = await log.verify(organization_id=organization_id)

    assert (cut.flaw, cut.link.seq) == ("", 4)
    assert (torn.flawed_seq, torn.flaw) == (2, "the entry is missing")
    assert torn.link != START
