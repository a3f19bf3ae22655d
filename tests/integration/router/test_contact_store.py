"""What only Postgres can show of the contact store: its plans, and two transactions that meet."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.audit import AuditLog
from services.chassis.db import Database, Query
from services.router.domain.contacts import Contact, ContactChanges, Merge
from services.router.domain.identity import Identity, contact_id_of
from services.router.ports import BadValue, Raced
from services.router.store import PostgresDirectory, PostgresRouting
from services.router.store.contacts import FIND_CONTACTS
from services.router.store.touches import TOUCH_GUESSED
from tests.fixtures.servers import Database as OwnDatabase
from tests.integration.router.house import NAMES


@pytest.fixture
async def database(module_database: OwnDatabase) -> AsyncIterator[Database]:
    opened = await Database.open(module_database.url_of("router"), size=3, name="contact-store")
    yield opened
    await opened.close()


async def new_organization(database: Database) -> UUID:
    organization_id, _ = await PostgresDirectory(database, AuditLog("router", database)).put_organization(
        organization_id=uuid4(), name=f"Loja {uuid4()}", fallback_flow_id=None, time_zone="UTC", replace=False
    )
    return organization_id


def created(*identities: Identity) -> ContactChanges:
    contacts = [Contact(identity.organization_id, contact_id_of(identity)) for identity in identities]
    return ContactChanges(contacts, [(identity, contact_id_of(identity)) for identity in identities])


def plan_of(statement: str, database: OwnDatabase) -> str:
    """The plan for any values, which is the one router's role is given (deploy/postgres/roles.sql)."""
    with psycopg.connect(database.url_of("router")) as connection:
        assert connection.execute("SHOW plan_cache_mode").fetchone() == ("force_generic_plan",)
        rows = connection.execute(b"EXPLAIN (GENERIC_PLAN) " + Query(statement).sql).fetchall()
    return "\n".join(row[0] for row in rows)


def test_contacts_are_found_by_primary_key_before_postgres_has_any_statistics(module_database: OwnDatabase):
    plan = plan_of(FIND_CONTACTS, module_database)
    for key in ("contact_identity", "contact", "erased_identity"):
        assert f"{key}_pkey" in plan
    assert "Seq Scan" not in plan
    # Who was erased is asked only where nobody has the name; nothing else is filtered row by row.
    assert plan.count("One-Time Filter: (contact.contact_id IS NULL)") == 1
    assert plan.count("Filter: ((") == 1
    assert plan.count("Filter") == 2


def test_a_guess_is_verified_by_primary_keys_and_locks_in_the_order_it_came(module_database: OwnDatabase):
    plan = plan_of(TOUCH_GUESSED, module_database)
    for key in ("number_directory", "organization", "contact", "contact_identity"):
        assert f"{key}_pkey" in plan
    assert "Function Scan on t" in plan
    assert "Seq Scan" not in plan
    assert "Join" not in plan


async def until_somebody_waits_for_a_lock(superuser_url: str) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10), await psycopg.AsyncConnection.connect(superuser_url, autocommit=True) as connection:
        while await (await connection.execute(waiting)).fetchone() is None:
            pass


async def test_an_identity_is_never_linked_to_a_contact_that_is_being_merged_away(
    database: Database, module_database: OwnDatabase
):
    organization_id = await new_organization(database)
    old, young, fresh = (Identity(organization_id, "wa_id", f"558190000000{n}") for n in range(3))
    store = PostgresRouting(database, NAMES)
    async with store.routing([organization_id]) as work:
        await work.save_contacts(created(old, young))

    async def link() -> None:
        async with store.routing([organization_id]) as work:
            await work.save_contacts(ContactChanges(linked=[(fresh, contact_id_of(young))]))

    async with store.routing([organization_id]) as work:
        merge = Merge(organization_id, contact_id_of(young), contact_id_of(old))
        await work.save_contacts(ContactChanges(merged=[merge]))
        linking = asyncio.create_task(link())
        await until_somebody_waits_for_a_lock(module_database.superuser_url)
    with pytest.raises(Raced):
        await linking


async def test_a_value_postgres_refuses_is_told_apart_and_leaves_nothing(database: Database):
    organization_id = await new_organization(database)
    good, bad = Identity(organization_id, "wa_id", "5581900000007"), Identity(organization_id, "user_id", "BR.\0")
    store = PostgresRouting(database, NAMES)
    with pytest.raises(BadValue):
        await _save(store, organization_id, created(good, bad))
    async with store.routing([organization_id]) as work:
        assert not (await work.contacts_of([good])).contacts


async def _save(store: PostgresRouting, organization_id: UUID, changes: ContactChanges) -> None:
    async with store.routing([organization_id]) as work:
        await work.save_contacts(changes)
