"""What routing reads and writes: numbers, contacts, conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

import psycopg

from services.chassis.db import Database, Query, Rows, Step, Transaction, rescoping
from services.chassis.sealing import NameHasher
from services.router.domain.contacts import ContactChanges, Known
from services.router.domain.conversation import Conversation, Touch
from services.router.domain.identity import Identity
from services.router.domain.organization import Setup
from services.router.ports import BadValue, Guess, NumberOwner, Owners, Raced
from services.router.store.contacts import finding, known_in, save_contacts
from services.router.store.setup import reading_setup, setup_in
from services.router.store.touches import conversations_in, touching, touching_guessed

_OWNERS = Query("""
    SELECT t.n, d.organization_id, o.config_version
    FROM unnest(%(numbers)b::text[]) t(n)
    CROSS JOIN LATERAL (
      SELECT organization_id FROM router.number_directory WHERE phone_number_id = t.n LIMIT 1) d
    CROSS JOIN LATERAL (
      SELECT config_version FROM router.organization WHERE organization_id = d.organization_id LIMIT 1) o""")

_ACCOUNT_OWNERS = Query("""
    SELECT t.a, d.organization_id, o.config_version
    FROM unnest(%(accounts)b::text[]) t(a)
    JOIN router.account_directory d ON d.waba_id = t.a
    CROSS JOIN LATERAL (
      SELECT config_version FROM router.organization WHERE organization_id = d.organization_id LIMIT 1) o
    ORDER BY 1, 2""")
_PUT_ACCOUNTS = Query("""
    INSERT INTO router.account_directory (organization_id, waba_id)
    SELECT * FROM unnest(%(organizations)b::uuid[], %(accounts)b::text[]) ORDER BY 1, 2
    ON CONFLICT (organization_id, waba_id) DO NOTHING""")

_NOTE_CONSENT = Query("""
    UPDATE router.contact c SET opted_in = %(wants)b::bool, profile_version = c.profile_version + 1
    FROM (SELECT contact_id FROM router.contact_identity
          WHERE organization_id = %(organization)b::uuid AND kind = %(kind)b::text AND value = %(value)b::text
          LIMIT 1) i
    WHERE c.organization_id = %(organization)b::uuid AND c.contact_id = i.contact_id
      AND CASE WHEN %(wants)b::bool THEN NOT c.opted_in ELSE c.opted_in IS DISTINCT FROM false END""")

_LATEST = Query("""
    SELECT organization_id, conversation_id, contact_id, phone_number_id, owner,
           extract(epoch FROM last_inbound_at)::bigint, coalesce(extract(epoch FROM window_expires_at), 0)::bigint
    FROM router.conversation
    WHERE organization_id = %(organization)b::uuid AND contact_id = %(contact)b::uuid
    ORDER BY last_inbound_at DESC, phone_number_id LIMIT 1""")


class PostgresRouting:
    """See RoutingStore.

    Nothing is durable on its own: executor's durable commit, which must follow before anybody is told OK, lies behind
    ours in the same log and takes it along; and what a crash could forget, the message's retry makes again, id for id.
    """

    def __init__(self, database: Database, names: NameHasher) -> None:
        """`names` knows the names of people who were erased."""
        self._database = database
        self._names = names

    async def owners_of(self, phone_number_ids: Collection[str]) -> Owners:
        """See RoutingStore."""
        (rows,) = await self._database.batch((), [_asking_owners(phone_number_ids)], durable=False)
        return _owners_in(rows)

    async def touch_guessed(self, guesses: Sequence[Guess]) -> Mapping[UUID, Conversation]:
        """See RoutingStore."""
        organization_ids = {guess.touch.organization_id for guess in guesses}
        try:
            with _refusals():
                (rows,) = await self._database.batch(organization_ids, [touching_guessed(guesses)], durable=False)
        except Raced:
            return {}
        return conversations_in(rows)

    async def accounts_of(self, waba_ids: Collection[str]) -> Mapping[str, Sequence[NumberOwner]]:
        """See RoutingStore."""
        (rows,) = await self._database.batch(
            (), [(_ACCOUNT_OWNERS, {"accounts": [each for each in waba_ids if "\0" not in each]})], durable=False
        )
        owners: dict[str, list[NumberOwner]] = {}
        for waba_id, organization_id, version in rows:
            owners.setdefault(waba_id, []).append(NumberOwner(organization_id, version))
        return owners

    async def put_accounts(self, accounts: Collection[tuple[UUID, str]]) -> None:
        """See RoutingStore."""
        ordered = sorted((organization_id, waba_id) for organization_id, waba_id in accounts if "\0" not in waba_id)
        values = {"organizations": [each[0] for each in ordered], "accounts": [each[1] for each in ordered]}
        await self._database.batch({each[0] for each in ordered}, [(_PUT_ACCOUNTS, values)], durable=False)

    async def note_consents(self, consents: Sequence[tuple[UUID, str, str, bool]]) -> None:
        """See RoutingStore."""
        # One step for each, so that what one person says twice keeps its order.
        steps: list[Step] = [
            (
                _NOTE_CONSENT,
                {
                    "organization": organization_id,
                    "kind": "wa_id" if wa_id else "user_id",
                    "value": wa_id or user_id,
                    "wants": wants,
                },
            )
            for organization_id, wa_id, user_id, wants in consents
        ]
        await self._database.batch({each[0] for each in consents}, steps)

    @asynccontextmanager
    async def routing(self, organization_ids: Iterable[UUID]) -> AsyncIterator[PostgresRoutingWork]:
        """See RoutingStore."""
        with _refusals():
            named = list(organization_ids)
            async with self._database.journey(named, durable=False) as transaction:
                yield PostgresRoutingWork(transaction, named, self._names)
                if transaction.is_begun and not transaction.is_committed:
                    await transaction.commit()


class PostgresRoutingWork:
    """See RoutingWork."""

    def __init__(self, transaction: Transaction, organization_ids: Iterable[UUID], names: NameHasher) -> None:
        self._transaction = transaction
        self._named = organization_ids
        self._names = names
        # Travels with the next journey.
        self._rescoping: list[Step] = []

    async def look_up(
        self, phone_number_ids: Collection[str], identities: Collection[Identity]
    ) -> tuple[Owners, Known]:
        """See RoutingWork."""
        # A number's owner may be anybody in the house, a contact only whose the transaction is.
        _, owners, _, known = await self._run(
            [rescoping(()), _asking_owners(phone_number_ids), rescoping(self._named), finding(identities, self._names)]
        )
        return _owners_in(owners), known_in(known)

    def work_for(self, organization_ids: Iterable[UUID]) -> None:
        """See RoutingWork."""
        self._named = organization_ids
        self._rescoping = [rescoping(organization_ids)]

    async def setup_of(self, organization_id: UUID) -> Setup:
        """See RoutingWork."""
        return setup_in(await self._run(reading_setup(organization_id)))

    async def contacts_of(self, identities: Collection[Identity]) -> Known:
        """See RoutingWork."""
        (rows,) = await self._run([finding(identities, self._names)])
        return known_in(rows)

    async def save_contacts(self, changes: ContactChanges) -> None:
        """See RoutingWork."""
        await save_contacts(self._run, changes)

    async def touch(self, touches: Sequence[Touch]) -> Mapping[UUID, Conversation]:
        """See RoutingWork."""
        opening, self._rescoping = self._rescoping, []
        rows = await self._transaction.commit([*opening, touching(touches)])
        return conversations_in(rows[-1])

    async def latest_conversation(self, *, organization_id: UUID, contact_id: UUID) -> Conversation | None:
        """See RoutingWork."""
        (rows,) = await self._run([(_LATEST, {"organization": organization_id, "contact": contact_id})])
        return Conversation(*rows[0]) if rows else None

    async def _run(self, steps: Sequence[Step]) -> list[Rows]:
        opening, self._rescoping = self._rescoping, []
        return (await self._transaction.run([*opening, *steps]))[len(opening) :]


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise BadValue for a value the database refuses, Raced for a contact that was erased meanwhile."""
    try:
        yield
    except psycopg.errors.ForeignKeyViolation as error:
        raise Raced from error
    except (psycopg.DataError, UnicodeEncodeError) as error:
        raise BadValue from error


def _asking_owners(phone_number_ids: Collection[str]) -> Step:
    # A text of Postgres holds no NUL, so no stored number does.
    return _OWNERS, {"numbers": [number for number in phone_number_ids if "\0" not in number]}


def _owners_in(rows: Rows) -> Owners:
    return {number: NumberOwner(organization_id, version) for number, organization_id, version in rows}
