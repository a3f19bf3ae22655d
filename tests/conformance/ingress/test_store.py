"""The store of ingress: one suite for the one in memory and the one in Postgres."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from services.chassis.audit import AuditLog
from services.chassis.db import Database
from services.chassis.queue import Item, Lanes
from services.chassis.sealing import Sealer
from services.ingress.ports import Accepted, KeptEvent, MetaApp, Store
from services.ingress.store import MESSAGES, STATUSES, PostgresStore
from tests.fakes.ingress import MemoryStore

SEALER = Sealer((bytes(range(32)),))


@dataclass(frozen=True, slots=True)
class Opened:
    """A store, and what waits for a lane's reader."""

    store: Store
    messages_of: Callable[[UUID], Awaitable[list[str]]]


@pytest.fixture(params=["memory", "postgres"])
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    if request.param == "memory":
        memory = MemoryStore()

        async def remembered(lane_id: UUID) -> list[str]:
            return [item.event_id for item in memory.messages.get(lane_id, [])]

        yield Opened(memory, remembered)
        return
    database = await Database.open(
        request.getfixturevalue("module_database").url_of("ingress"), size=4, name="conformance"
    )
    messages = Lanes(MESSAGES, database, lease_seconds=0.0)

    async def claimed(lane_id: UUID) -> list[str]:
        claims = await messages.claim(limit=1000, per_lane=2000)
        return [item.event_id for claim in claims if claim.lane_id == lane_id for item in claim.items]

    audit = AuditLog("ingress", database)
    store = PostgresStore(database, messages, Lanes(STATUSES, database), sealer=SEALER, audit=audit)
    yield Opened(store, claimed)
    await database.close()


def message_of(lane_id: UUID, event_id: str, *, group_id: UUID) -> Accepted:
    return Accepted(message=Item(group_id, lane_id, event_id, event_id.encode()))


def kept_of(key: str, *, disposition: str = "recorded", fields: str = "{}") -> Accepted:
    return Accepted(kept=KeptEvent(key, disposition, "template", None, "", fields))


async def test_messages_keep_their_order_within_a_lane(opened: Opened) -> None:
    group_id, one, two = uuid4(), uuid4(), uuid4()
    names = [f"event {n} of {one}" for n in range(50)]
    await opened.store.accept(
        [
            entry
            for name in names
            for entry in (
                message_of(one, name, group_id=group_id),
                message_of(two, f"other {name}", group_id=group_id),
            )
        ]
    )

    assert await opened.messages_of(one) == names


async def test_accepting_again_changes_nothing(opened: Opened) -> None:
    group_id, lane_id = uuid4(), uuid4()
    first, second = (message_of(lane_id, name, group_id=group_id) for name in ("first", "second"))
    key = str(uuid4())

    await opened.store.accept([first, second, kept_of(key, fields='{"a":1}')])
    await opened.store.accept([second, first, first, kept_of(key, fields='{"a":2}')])

    assert await opened.messages_of(lane_id) == ["first", "second"]
    assert [event.fields for event in await kept(opened.store, key)] == ['{"a":1}']


async def test_one_event_accepted_by_many_at_once_counts_once(opened: Opened) -> None:
    group_id, lane_id = uuid4(), uuid4()
    entries = [message_of(lane_id, str(n), group_id=group_id) for n in range(10)]
    entries += [kept_of(f"{lane_id} {n}") for n in range(10)]

    await asyncio.gather(*(opened.store.accept(entries) for _ in range(4)))

    assert await opened.messages_of(lane_id) == [str(n) for n in range(10)]


async def kept(store: Store, key: str) -> list[KeptEvent]:
    return [event for event in await store.list_events(disposition="", limit=1000) if event.key == key]


async def test_kept_events_are_listed_by_what_became_of_them(opened: Opened) -> None:
    bad, fine = str(uuid4()), str(uuid4())
    await opened.store.accept([kept_of(fine)])
    await opened.store.accept([kept_of(bad, disposition="invalid")])

    found = [event.key for event in await opened.store.list_events(disposition="invalid", limit=1000)]
    newest = await opened.store.list_events(disposition="", limit=1)

    assert bad in found
    assert fine not in found
    assert [event.key for event in newest] == [bad]
    assert newest[0].received_at is not None


async def test_an_app_is_stored_once_and_listed(opened: Opened) -> None:
    app = MetaApp(uuid4(), "main", "s3cret", None, "t0ken")

    assert await opened.store.put_app(app) is True
    assert await opened.store.put_app(app) is False

    (stored,) = await apps_of(opened.store, app.organization_id)
    assert (stored.name, stored.app_secret, stored.previous_app_secret, stored.verify_token) == (
        "main", "s3cret", None, "t0ken",
    )  # fmt: skip
    assert stored.updated_at is not None


async def apps_of(store: Store, organization_id: UUID) -> list[MetaApp]:
    found = await store.apps_of(organization_id=organization_id)
    assert found == [app for app in await store.list_apps() if app.organization_id == organization_id]
    return found


async def test_a_changed_secret_keeps_the_one_before(opened: Opened) -> None:
    organization_id = uuid4()
    for secret in ("first", "second", "third"):
        assert await opened.store.put_app(MetaApp(organization_id, "main", secret, None, "token"))

    (stored,) = await apps_of(opened.store, organization_id)
    assert (stored.app_secret, stored.previous_app_secret) == ("third", "second")
    assert await opened.store.put_app(MetaApp(organization_id, "main", "third", None, "token")) is False


async def test_a_previous_secret_that_is_named_wins(opened: Opened) -> None:
    organization_id = uuid4()
    await opened.store.put_app(MetaApp(organization_id, "main", "first", None, "token"))

    assert await opened.store.put_app(MetaApp(organization_id, "main", "second", "older", "token"))

    (stored,) = await apps_of(opened.store, organization_id)
    assert (stored.app_secret, stored.previous_app_secret) == ("second", "older")


async def test_a_changed_token_keeps_the_previous_secret(opened: Opened) -> None:
    organization_id = uuid4()
    for secret, token in (("first", "a"), ("second", "a"), ("second", "b")):
        assert await opened.store.put_app(MetaApp(organization_id, "main", secret, None, token))

    (stored,) = await apps_of(opened.store, organization_id)
    assert (stored.previous_app_secret, stored.verify_token) == ("first", "b")


async def test_a_rotation_that_is_ended_leaves_no_previous_secret(opened: Opened) -> None:
    organization_id = uuid4()
    for secret in ("first", "second"):
        await opened.store.put_app(MetaApp(organization_id, "main", secret, None, "token"))

    (rotating,) = await apps_of(opened.store, organization_id)
    ended = [await opened.store.end_rotation(organization_id=organization_id, name="main") for _ in range(2)]

    (stored,) = await apps_of(opened.store, organization_id)
    assert rotating.previous_until is not None
    assert ended == [True, False]
    assert (stored.app_secret, stored.previous_app_secret, stored.previous_until) == ("second", None, None)
    assert await opened.store.put_app(MetaApp(organization_id, "main", "second", None, "token")) is False


async def test_a_rotation_of_an_app_that_is_not_there_cannot_be_ended(opened: Opened) -> None:
    await opened.store.put_app(MetaApp(uuid4(), "main", "secret", "before", "token"))

    assert await opened.store.end_rotation(organization_id=uuid4(), name="main") is None


async def test_organizations_may_use_the_same_name(opened: Opened) -> None:
    one, other = uuid4(), uuid4()
    await opened.store.put_app(MetaApp(one, "main", "one", None, "token"))
    await opened.store.put_app(MetaApp(other, "main", "other", None, "token"))

    assert [app.app_secret for app in await apps_of(opened.store, one)] == ["one"]
    assert [app.app_secret for app in await apps_of(opened.store, other)] == ["other"]
