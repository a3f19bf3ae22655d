"""Rotation of sealing keys on real Postgres, as the rooms' own roles: nothing is lost, whatever happens meanwhile."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest
from prometheus_client import REGISTRY

from services.chassis.audit import AuditLog
from services.chassis.db import Database, Rows, Step
from services.chassis.queue import Box, Lanes
from services.chassis.sealing import Resealing, SealedColumn, Sealer, SealingServer, key_id_of
from services.executor.store import SEALED as SEALED_BY_EXECUTOR
from services.executor.store import PostgresSecrets
from services.ingress.ports import MetaApp
from services.ingress.store import MESSAGES, STATUSES, PostgresStore
from services.ingress.store import SEALED as SEALED_BY_INGRESS
from services.pb.common.v1 import sealing_pb2
from services.sender.domain.webhooks import Webhook
from services.sender.store import SEALED as SEALED_BY_SENDER
from services.sender.store import PostgresCredentials, PostgresWebhooks
from tests.fixtures.servers import Database as OwnDatabase

SEALED_TOKENS, SEALED_SECRETS = SEALED_BY_SENDER[:1], SEALED_BY_SENDER[1:]
OLD, NEW, LOST = (os.urandom(32) for _ in range(3))
NO_CONTEXT = cast(Any, None)

Secrets = dict[tuple[UUID, str], str]


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Shaky:
    """A database that calls `at(number)` before its numbered journey."""

    database: Database
    at: Callable[[int], Awaitable[None]]
    journeys: int = 0

    async def batch(
        self, organization_ids: Iterable[UUID], steps: Sequence[Step], *, durable: bool = True
    ) -> list[Rows]:
        self.journeys += 1
        await self.at(self.journeys)
        return await self.database.batch(organization_ids, steps, durable=durable)


@dataclass
class Room:
    """A room's sealed values: put under some keys, read with others."""

    database: Database
    columns: tuple[SealedColumn, ...]
    put: Callable[[Sealer, UUID, str, str], Awaitable[object]]
    read: Callable[[Sealer], Awaitable[Secrets]]
    known: Secrets = field(default_factory=dict)

    async def fill(self, key: bytes, count: int) -> None:
        """Put secrets of several organizations under one key."""
        organizations = [uuid4() for _ in range(7)]
        for number in range(count):
            organization_id, name = organizations[number % 7], f"3{number:014d}"
            self.known[organization_id, name] = f"secret-{number}"
            await self.put(Sealer((key,)), organization_id, name, f"secret-{number}")

    def resealing(self, *keys: bytes, database: object = None, batch: int = 100) -> Resealing:
        """What a process with these keys runs."""
        return Resealing(cast(Database, database or self.database), Sealer(keys), self.columns, batch=batch)


def sender_on(database: Database) -> Room:
    async def put(sealer: Sealer, organization_id: UUID, name: str, secret: str) -> bool:
        credentials = PostgresCredentials(database, sealer, AuditLog("sender", database))
        return await credentials.put_credential(organization_id=organization_id, phone_number_id=name, token=secret)

    async def read(sealer: Sealer) -> Secrets:
        credentials = PostgresCredentials(database, sealer, AuditLog("sender", database))
        organizations = {organization_id for organization_id, _ in room.known}
        return {
            (organization_id, number): token
            for organization_id in organizations
            for number, token in (await credentials.tokens_of(organization_id=organization_id)).items()
        }

    room = Room(database, SEALED_TOKENS, put, read)
    return room


def webhooks_on(database: Database) -> Room:
    """sender's other sealed values: the secrets by which teams know its calls."""

    def store(sealer: Sealer) -> PostgresWebhooks:
        calls = Lanes(Box("sender", "hooks"), database)
        return PostgresWebhooks(
            database, sealer, AuditLog("sender", database), calls, decode=lambda _: [], encode=lambda _: b""
        )

    async def put(sealer: Sealer, organization_id: UUID, name: str, secret: str) -> bool:
        wanted = Webhook(
            webhook_id=uuid5(organization_id, name), name=name, url="https://team.example/", events=(), is_active=True,
            created_at=datetime.now(UTC),
        )  # fmt: skip
        await store(sealer).put(organization_id=organization_id, wanted=wanted, secret=secret, spare_secret="")
        return True

    async def read(sealer: Sealer) -> Secrets:
        found = {}
        for organization_id, name in room.known:
            webhook_id = uuid5(organization_id, name)
            kept = await store(sealer).secret_of(organization_id=organization_id, webhook_id=webhook_id)
            if kept is not None:
                found[organization_id, name] = kept[1]
        return found

    room = Room(database, SEALED_SECRETS, put, read)
    return room


def ingress_on(database: Database) -> Room:
    def store(sealer: Sealer) -> PostgresStore:
        lanes = Lanes(MESSAGES, database), Lanes(STATUSES, database)
        return PostgresStore(database, *lanes, sealer=sealer, audit=AuditLog("ingress", database))

    async def put(sealer: Sealer, organization_id: UUID, name: str, secret: str) -> bool:
        return await store(sealer).put_app(
            MetaApp(organization_id, name, secret, f"before-{secret}", f"verify-{secret}")
        )

    async def read(sealer: Sealer) -> Secrets:
        apps = await store(sealer).list_apps()
        assert all(app.previous_app_secret == f"before-{app.app_secret}" for app in apps)
        assert all(app.verify_token == f"verify-{app.app_secret}" for app in apps)
        return {(app.organization_id, app.name): app.app_secret for app in apps}

    return Room(database, SEALED_BY_INGRESS, put, read)


def executor_on(database: Database) -> Room:
    def store(sealer: Sealer) -> PostgresSecrets:
        return PostgresSecrets(database, sealer, AuditLog("executor", database))

    async def put(sealer: Sealer, organization_id: UUID, name: str, secret: str) -> bool:
        return await store(sealer).put(organization_id=organization_id, name=name, value=secret)

    async def read(sealer: Sealer) -> Secrets:
        found = {}
        for organization_id, name in room.known:
            values = await store(sealer).values(organization_id=organization_id, names=[name])
            if name in values:
                found[organization_id, name] = values[name]
        return found

    room = Room(database, SEALED_BY_EXECUTOR, put, read)
    return room


ROOMS = {
    "sender": ("sender", sender_on),
    "sender's webhooks": ("sender", webhooks_on),
    "ingress": ("ingress", ingress_on),
    "executor": ("executor", executor_on),
}


@pytest.fixture(params=list(ROOMS))
async def room(request: pytest.FixtureRequest, database: OwnDatabase) -> AsyncIterator[Room]:
    role, room_on = ROOMS[request.param]
    opened = await Database.open(database.url_of(role), size=4, name="resealing")
    yield room_on(opened)
    await opened.close()


@pytest.fixture
async def sender(database: OwnDatabase) -> AsyncIterator[Room]:
    opened = await Database.open(database.url_of("sender"), size=4, name="resealing")
    yield sender_on(opened)
    await opened.close()


async def test_after_resealing_the_old_key_is_needed_no_more(room: Room) -> None:
    await room.fill(OLD, 230)

    resealed = await room.resealing(NEW, OLD).reseal()

    assert (resealed.moved, resealed.unopened) == (230 * len(room.columns), 0)
    assert await room.read(Sealer((NEW,))) == room.known


async def test_resealing_again_moves_nothing(room: Room) -> None:
    await room.fill(OLD, 5)
    resealing = room.resealing(NEW, OLD)
    await resealing.reseal()

    assert (await resealing.reseal()).moved == 0


async def test_a_run_that_is_killed_anywhere_loses_nothing_and_the_next_one_ends_it(room: Room) -> None:
    await room.fill(OLD, 12)
    newest = OLD
    for last in range(1, 60):
        keys = (os.urandom(32), newest)

        async def die(journey: int, last: int = last) -> None:
            if journey > last:
                raise Killed

        shaky = Shaky(room.database, die)
        with suppress(Killed):
            await room.resealing(*keys, database=shaky, batch=5).reseal()
        assert await room.read(Sealer(keys)) == room.known
        await room.resealing(*keys, batch=5).reseal()
        newest = keys[0]
        assert await room.read(Sealer((newest,))) == room.known
        if shaky.journeys <= last:
            return
    pytest.fail("no run came to its end")


async def test_a_secret_that_is_put_between_reading_and_writing_is_not_written_over(room: Room) -> None:
    await room.fill(OLD, 1)
    ((organization_id, name),) = room.known
    # Where organizations are named, they are looked up first; then values are read, then written.
    swap = 3 if room.columns[0].owners else 2

    async def put_before_the_swap(journey: int) -> None:
        if journey == swap:
            await room.put(Sealer((OLD,)), organization_id, name, "fresh")

    shaky = Shaky(room.database, put_before_the_swap)
    resealed = await room.resealing(NEW, OLD, database=shaky).reseal()

    assert resealed.moved == len(room.columns) - 1
    assert await room.read(Sealer((NEW, OLD))) == {(organization_id, name): "fresh"}
    await room.resealing(NEW, OLD).reseal()
    assert await room.read(Sealer((NEW,))) == {(organization_id, name): "fresh"}


async def test_values_of_a_lost_key_stay_as_they_are_and_hold_nothing_up(room: Room) -> None:
    await room.fill(LOST, 2)
    lost = dict(room.known)
    await room.fill(OLD, 4)
    columns = len(room.columns)

    resealed = await room.resealing(NEW, OLD).reseal()
    counts = await room.resealing(NEW, OLD).count()

    assert (resealed.moved, resealed.unopened) == ((len(room.known) - len(lost)) * columns, len(lost) * columns)
    assert {count.key_id: count.count for count in counts} == {
        key_id_of(NEW): len(room.known) - len(lost),
        key_id_of(LOST): len(lost),
    }


async def test_organizations_without_credentials_cost_a_look_and_no_more(database: OwnDatabase, sender: Room) -> None:
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("INSERT INTO sender.credential_owner SELECT gen_random_uuid() FROM generate_series(1, 1200)")
    await sender.fill(OLD, 9)

    async def nothing(_: int) -> None:
        """Only the journeys count."""

    shaky = Shaky(sender.database, nothing)
    assert (await sender.resealing(NEW, OLD, database=shaky).reseal()).moved == 9
    assert shaky.journeys <= 3 * 3  # three groups of organizations, each with a look and at most a swap


async def test_a_turn_tells_the_metrics_what_lies_under_which_key(sender: Room) -> None:
    await sender.fill(LOST, 2)
    await sender.fill(OLD, 7)

    await sender.resealing(NEW, OLD).turn()

    place = SEALED_BY_SENDER[0].place
    told = {
        key: REGISTRY.get_sample_value("pytake_sealed_values", {"place": place, "key": key})
        for key in ("active", "old", "unknown")
    }
    assert told == {"active": len(sender.known) - 2, "old": 0, "unknown": 2}


async def test_an_operator_sees_counts_and_key_ids_and_moves_values(room: Room) -> None:
    await room.fill(OLD, 3)
    server = SealingServer(room.resealing(NEW, OLD))

    before = await server.GetSealing(sealing_pb2.GetSealingRequest(), NO_CONTEXT)
    moved = await server.Reseal(sealing_pb2.ResealRequest(), NO_CONTEXT)
    after = await server.GetSealing(sealing_pb2.GetSealingRequest(), NO_CONTEXT)

    new, old = key_id_of(NEW).hex(), key_id_of(OLD).hex()
    places = sorted(column.place for column in room.columns)
    assert (before.active_key_id, list(before.key_ids)) == (new, [new, old])
    assert [(it.place, it.key_id, it.count) for it in before.values] == [(place, old, 3) for place in places]
    assert (moved.resealed, moved.unopened) == (3 * len(places), 0)
    assert [(it.place, it.key_id, it.count) for it in after.values] == [(place, new, 3) for place in places]
