"""Each change that ingress makes for people is noted once, without secrets."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from services.chassis.audit import HOUSE, AuditLog, digest_of
from services.chassis.db import Database
from services.chassis.queue import Lanes
from services.chassis.sealing import Sealer
from services.ingress.domain.audit import Change
from services.ingress.ports import MetaApp
from services.ingress.store import MESSAGES, STATUSES, OwnTrail, PostgresStore
from tests.fixtures.mailbox import Mailbox, lane_of_items, open_mailbox
from tests.fixtures.noted import everything_noted, noted
from tests.fixtures.servers import Database as OwnDatabase

SECRETS = ("canary-of-app-secret", "canary-of-former-secret", "canary-of-verify-token", "canary-of-new-secret")


@pytest.fixture
async def mailbox(database: OwnDatabase) -> AsyncIterator[Mailbox]:
    mailbox = await open_mailbox(database.url_of("ingress"), database.superuser_url)
    yield mailbox
    await mailbox.database.close()


def store_on(room: Database, audit: AuditLog) -> PostgresStore:
    sealer = Sealer((bytes(range(32)),))
    return PostgresStore(room, Lanes(MESSAGES, room), Lanes(STATUSES, room), sealer=sealer, audit=audit)


async def test_a_meta_app_is_noted_when_it_changes_and_its_secrets_never(
    database: OwnDatabase, mailbox: Mailbox
) -> None:
    audit = AuditLog("ingress", mailbox.database, actor=lambda: "operator")
    store = store_on(mailbox.database, audit)
    secret, former, token, new = SECRETS
    app = MetaApp(uuid4(), "main", secret, former, token)

    assert await store.put_app(app)
    assert not await store.put_app(app)
    assert await store.put_app(replace(app, app_secret=new, previous_app_secret=None))
    assert not await store.put_app(replace(app, app_secret=new, previous_app_secret=None))

    made, changed = await noted(audit, app.organization_id)
    assert {(record.actor, record.action, record.object) for record in (made, changed)} == {
        ("operator", "app.put", "app:main")
    }
    assert (made.before, made.after, changed.before) == (None, digest_of(app), made.after)
    everything = everything_noted(database.superuser_url, "ingress")
    assert [secret for secret in SECRETS if secret in everything or secret.encode().hex() in everything] == []


async def test_the_end_of_a_rotation_is_noted_when_somebody_brings_it_about(mailbox: Mailbox) -> None:
    audit = AuditLog("ingress", mailbox.database)
    store = store_on(mailbox.database, audit)
    app = MetaApp(uuid4(), "main", "secret", "former", "token")
    await store.put_app(app)

    ended = [await store.end_rotation(organization_id=app.organization_id, name="main") for _ in range(2)]
    unknown = await store.end_rotation(organization_id=app.organization_id, name="none")

    assert (ended, unknown) == ([True, False], None)
    _, record = await noted(audit, app.organization_id)
    assert (record.action, record.object) == ("app.end_rotation", "app:main")
    assert record.before != record.after


async def test_an_app_that_cannot_be_stored_is_not_noted(database: OwnDatabase, mailbox: Mailbox) -> None:
    audit = AuditLog("ingress", mailbox.database)
    app = MetaApp(uuid4(), "main", "secret", None, "token")
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE ingress.meta_app ADD CHECK (name <> 'main')")

    with pytest.raises(psycopg.errors.CheckViolation):
        await store_on(mailbox.database, audit).put_app(app)

    assert await noted(audit, app.organization_id) == []


async def test_a_dead_letter_of_no_organization_is_noted_in_the_chain_of_the_house(mailbox: Mailbox) -> None:
    await mailbox.put(*lane_of_items("one"))
    (claim,) = await mailbox.lanes.claim()
    await mailbox.bury(claim, claim.items[0], "broke")
    (letter,) = await mailbox.letters()

    assert await mailbox.replay(letter.dead_id, letter.dead_id + 1000) == 1

    (record,) = await noted(AuditLog("ingress", mailbox.database), HOUSE)
    assert (record.action, record.object) == ("dead_letter.replay", f"dead_letter:ingress.out/{letter.dead_id}")


async def test_people_read_what_ingress_itself_noted(mailbox: Mailbox) -> None:
    audit = AuditLog("ingress", mailbox.database, actor=lambda: "user:7")
    app = MetaApp(uuid4(), "main", "secret", None, "token")
    await store_on(mailbox.database, audit).put_app(app)
    (record,) = await noted(audit, app.organization_id)

    (change,) = await OwnTrail(audit).changes(organization_id=app.organization_id, limit=10, before=0)

    assert change == Change(
        room="ingress",
        seq=1,
        at=change.at,
        actor="user:7",
        action="app.put",
        object="app:main",
        before_digest=None,
        after_digest=digest_of(app).hex(),
        hash=record.hash.hex(),
    )
    assert change.at.isoformat(timespec="microseconds").replace("+00:00", "Z") == record.at
    assert await OwnTrail(audit).changes(organization_id=app.organization_id, limit=10, before=1) == []
