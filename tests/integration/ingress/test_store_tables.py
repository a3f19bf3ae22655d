"""What ingress' tables hold and tell, on real Postgres with the room's own role."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from services.chassis.audit import AuditLog
from services.chassis.db import Database, run
from services.chassis.queue import Finish, Item, Lanes
from services.chassis.sealing import SealBroken, Sealer
from services.ingress.ports import Accepted, MetaApp
from services.ingress.store import MESSAGES, STATUSES, PostgresStore
from tests.fixtures.servers import Database as OwnDatabase

SEALER = Sealer((bytes(range(32)),))


@pytest.fixture
async def room(database: OwnDatabase) -> AsyncIterator[Database]:
    opened = await Database.open(database.url_of("ingress"), size=2, name="tables")
    yield opened
    await opened.close()


def store_on(room: Database, sealer: Sealer = SEALER, *, rotation_days: float = 7.0) -> PostgresStore:
    lanes = Lanes(MESSAGES, room), Lanes(STATUSES, room)
    audit = AuditLog("ingress", room)
    return PostgresStore(room, *lanes, sealer=sealer, audit=audit, rotation_days=rotation_days)


def everything_in(superuser_url: str, table: str) -> str:
    with psycopg.connect(superuser_url) as connection:
        return str(connection.execute(f"SELECT * FROM {table}").fetchall())


async def test_secrets_are_sealed_at_rest_to_their_own_row(database: OwnDatabase, room: Database) -> None:
    mine = MetaApp(uuid4(), "main", "s3cret-of-app", "older-s3cret", "t0ken-of-app")
    await store_on(room).put_app(mine)

    stored = everything_in(database.superuser_url, "ingress.meta_app")
    assert all(secret not in stored for secret in ("s3cret", "t0ken"))

    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("UPDATE ingress.meta_app SET app_secret = verify_token")
    with pytest.raises(SealBroken):
        await store_on(room).list_apps()


async def test_apps_open_under_a_new_key_while_the_old_one_is_known(room: Database) -> None:
    app = MetaApp(uuid4(), "main", "s3cret", None, "t0ken")
    await store_on(room).put_app(app)

    (found,) = await store_on(room, Sealer((bytes(32), *SEALER.keys))).list_apps()

    assert found.app_secret == "s3cret"


async def rotate(room: Database, *secrets: str, rotation_days: float = 7.0) -> MetaApp:
    """An app whose secret became each of these in turn, as it is read afterwards."""
    store, organization_id = store_on(room, rotation_days=rotation_days), uuid4()
    for secret in secrets:
        await store.put_app(MetaApp(organization_id, "main", secret, None, "t0ken"))
    return next(app for app in await store.list_apps() if app.organization_id == organization_id)


async def test_a_previous_secret_is_believed_for_the_days_of_a_rotation(room: Database) -> None:
    app = await rotate(room, "old", "new", rotation_days=3.0)

    assert app.previous_app_secret == "old"
    assert app.updated_at is not None
    assert app.previous_until == app.updated_at + timedelta(days=3)


async def test_after_its_days_a_previous_secret_is_neither_read_nor_kept(database: OwnDatabase, room: Database) -> None:
    app = await rotate(room, "old", "new", rotation_days=0.0)
    assert (app.app_secret, app.previous_app_secret, app.previous_until) == ("new", None, None)

    await store_on(room).drop_old()

    with psycopg.connect(database.superuser_url) as connection:
        kept = connection.execute("SELECT previous_app_secret FROM ingress.meta_app").fetchall()
    assert kept == [(None,)]


async def test_what_is_put_again_does_not_lengthen_a_rotation_and_a_new_secret_begins_one(room: Database) -> None:
    app = await rotate(room, "old", "new", rotation_days=3.0)

    async def put(secret: str, token: str) -> MetaApp:
        await store_on(room, rotation_days=9.0).put_app(MetaApp(app.organization_id, "main", secret, None, token))
        return next(iter(await store_on(room).list_apps()))

    renamed = await put("new", "other token")
    rotated = await put("newest", "other token")

    assert (renamed.previous_app_secret, renamed.previous_until) == ("old", app.previous_until)
    assert app.previous_until is not None
    assert rotated.previous_until is not None
    assert rotated.previous_app_secret == "new"
    assert rotated.previous_until > app.previous_until + timedelta(days=5)


async def test_the_oldest_status_counts_until_it_is_applied(database: OwnDatabase, room: Database) -> None:
    store, statuses = store_on(room), Lanes(STATUSES, room)
    assert await store.oldest_unapplied_status_ms() == 0
    group_id = uuid4()
    await store.accept([Accepted(status=Item(group_id, uuid4(), name, b"")) for name in ("old", "new")])
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute(
            "UPDATE ingress.status_item SET received_at = received_at - interval '90 s' WHERE event_id = 'old'"
        )

    assert 90_000 <= await store.oldest_unapplied_status_ms() < 120_000

    claims = await statuses.claim()
    assert 90_000 <= await store.oldest_unapplied_status_ms() < 120_000  # held is not applied
    for claim in claims:
        if claim.items[0].event_id == "old":
            async with room.transaction(()) as connection:
                await statuses.finish(connection, [Finish(claim, claim.until)])
    assert await store.oldest_unapplied_status_ms() < 30_000


async def test_very_many_waiting_statuses_are_an_hours_backlog(room: Database) -> None:
    store, group_id = store_on(room), uuid4()
    await store.accept([Accepted(status=Item(group_id, uuid4(), str(n), b"")) for n in range(500)])

    assert await store.oldest_unapplied_status_ms() == 3_600_000


async def test_waiting_messages_do_not_hold_the_watermark_back(room: Database) -> None:
    store = store_on(room)
    await store.accept([Accepted(message=Item(uuid4(), uuid4(), "m", b""))])

    assert await store.oldest_unapplied_status_ms() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE ingress.out_item",
        "UPDATE ingress.out_item SET payload = ''",
        "DELETE FROM ingress.meta_app",
        "SELECT 1 FROM router.number",
    ],
)
async def test_the_room_has_no_more_rights_than_it_needs(room: Database, statement: str) -> None:
    async def attempt() -> None:
        async with room.transaction(()) as connection:
            await run(connection, statement)

    with pytest.raises(InsufficientPrivilege):
        await attempt()


async def test_partitions_are_prepared_and_nothing_young_is_dropped(room: Database) -> None:
    store, lane_id = store_on(room), uuid4()
    await store.accept([Accepted(message=Item(uuid4(), lane_id, "young", b""))])

    await store.prepare_partitions()
    await store.drop_old()

    (claim,) = await Lanes(MESSAGES, room).claim()
    assert [item.event_id for item in claim.items] == ["young"]


async def test_the_doors_are_as_open_as_the_youngest_of_them(room: Database) -> None:
    store = store_on(room)
    assert await store.doors_open_ms() is None
    await store.note_door(place="a/1", open_ms=60_000)
    await store.note_door(place="b/1", open_ms=5_000)

    assert 5_000 <= (await store.doors_open_ms() or 0) < 60_000

    await store.note_door(place="b/1", open_ms=0)
    assert (await store.doors_open_ms() or 0) < 5_000
    await store.forget_door(place="b/1")
    assert (await store.doors_open_ms() or 0) >= 60_000


async def test_a_door_that_was_not_seen_for_a_moment_counts_as_closed_and_later_as_gone(
    database: OwnDatabase, room: Database
) -> None:
    store = store_on(room)
    await store.note_door(place="a/1", open_ms=60_000)
    await store.note_door(place="b/1", open_ms=60_000)

    def last_seen(seconds: int) -> None:
        with psycopg.connect(database.superuser_url) as connection:
            statement = "UPDATE ingress.door SET seen_at = now() - %s * interval '1 s' WHERE place = 'b/1'"
            connection.execute(statement, (seconds,))

    last_seen(10)
    assert await store.doors_open_ms() == 0
    last_seen(30)
    assert (await store.doors_open_ms() or 0) >= 60_000
