"""The transaction of routing: numbers, contacts, conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg

from services.chassis.db import Connection, Database, fetch_all, fetch_one, rescope
from services.router.domain.contacts import Contact, ContactChanges
from services.router.domain.conversation import Conversation, Touch
from services.router.domain.identity import Identity
from services.router.domain.organization import Setup
from services.router.ports import BadValue, NumberOwner
from services.router.store.contacts import find_contacts, save_contacts
from services.router.store.setup import read_setup
from services.router.store.touches import touch_conversations

_OWNERS = """
    SELECT d.phone_number_id, d.organization_id, o.config_version
    FROM router.number_directory d JOIN router.organization o USING (organization_id)
    WHERE d.phone_number_id = ANY(%(numbers)b::text[])"""

_LATEST = """
    SELECT conversation_id, phone_number_id, owner, extract(epoch FROM last_inbound_at)::bigint,
           coalesce(extract(epoch FROM window_expires_at), 0)::bigint
    FROM router.conversation WHERE organization_id = %(organization)s AND contact_id = %(contact)s
    ORDER BY last_inbound_at DESC, phone_number_id LIMIT 1"""


class PostgresRouting:
    """Opens transactions of routing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def routing(self, organization_ids: Iterable[UUID]) -> AsyncIterator[PostgresRoutingWork]:
        """See RoutingStore.

        Not durable on its own: executor's durable commit, which must follow before anybody is told OK, lies behind ours
        in the same log and takes it along; and what a crash could forget, the message's retry makes again, id for id.
        """
        try:
            async with self._database.transaction(organization_ids, durable=False) as connection:
                yield PostgresRoutingWork(connection)
        except psycopg.DataError as error:
            raise BadValue from error


class PostgresRoutingWork:
    """See RoutingWork."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def owners_of(self, phone_number_ids: Collection[str]) -> Mapping[str, NumberOwner]:
        """See RoutingWork."""
        # A text of Postgres holds no NUL, so no stored number does.
        numbers = [number for number in phone_number_ids if "\0" not in number]
        rows = await fetch_all(self._connection, _OWNERS, {"numbers": numbers})
        return {number: NumberOwner(organization_id, version) for number, organization_id, version in rows}

    async def work_for(self, organization_ids: Iterable[UUID]) -> None:
        """See RoutingWork."""
        await rescope(self._connection, organization_ids)

    async def setup_of(self, organization_id: UUID) -> Setup:
        """See RoutingWork."""
        return await read_setup(self._connection, organization_id)

    async def contacts_of(self, identities: Collection[Identity]) -> Mapping[Identity, Contact]:
        """See RoutingWork."""
        return await find_contacts(self._connection, identities)

    async def save_contacts(self, changes: ContactChanges) -> None:
        """See RoutingWork."""
        await save_contacts(self._connection, changes)

    async def touch(self, touches: Sequence[Touch]) -> Mapping[UUID, Conversation]:
        """See RoutingWork."""
        return await touch_conversations(self._connection, touches)

    async def latest_conversation(self, *, organization_id: UUID, contact_id: UUID) -> Conversation | None:
        """See RoutingWork."""
        values = {"organization": organization_id, "contact": contact_id}
        row = await fetch_one(self._connection, _LATEST, values)
        if row is None:
            return None
        conversation_id, phone_number_id, owner, last_inbound_at, window = row
        return Conversation(
            organization_id, conversation_id, contact_id, phone_number_id, owner, last_inbound_at, window
        )
