"""All SQL of sender."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import psycopg

from services.chassis.db import Database
from services.chassis.queue import Claim, Lanes
from services.chassis.sealing import NameHasher
from services.sender.domain.message import Key
from services.sender.domain.settling import PairLimit, Turn, Wish
from services.sender.ports import Departure, NewMessage, Settlement, StatusEvent, StatusFate
from services.sender.store import statements
from services.sender.store.aliases import PostgresAliases
from services.sender.store.arrivals import PER_LANE, add_and_depart, add_messages
from services.sender.store.changes import PostgresChanges
from services.sender.store.consent import PostgresConsent
from services.sender.store.credentials import SEALED as _SEALED_TOKENS
from services.sender.store.credentials import PostgresCredentials
from services.sender.store.deferred import requeue_due
from services.sender.store.desk import PostgresDesk
from services.sender.store.health import PostgresHealth
from services.sender.store.media import PostgresMedia
from services.sender.store.messages import PostgresMessages
from services.sender.store.numbers import PostgresNumbers
from services.sender.store.pauses import PostgresPauses
from services.sender.store.privacy import PostgresPrivacy
from services.sender.store.reach import PostgresReach
from services.sender.store.received_media import PostgresReceivedMedia
from services.sender.store.rows import Changes, Telling, failures_in
from services.sender.store.statuses import apply_statuses
from services.sender.store.templates import PostgresTemplates
from services.sender.store.turns import settle_turns
from services.sender.store.webhooks import SEALED as _SEALED_SECRETS
from services.sender.store.webhooks import PostgresCalls, PostgresWebhooks

__all__ = [
    "SEALED",
    "PostgresAliases",
    "PostgresCalls",
    "PostgresChanges",
    "PostgresConsent",
    "PostgresCredentials",
    "PostgresDesk",
    "PostgresHealth",
    "PostgresMedia",
    "PostgresMessages",
    "PostgresNumbers",
    "PostgresPauses",
    "PostgresPrivacy",
    "PostgresReach",
    "PostgresReceivedMedia",
    "PostgresStore",
    "PostgresTemplates",
    "PostgresWebhooks",
    "Telling",
]

SEALED = (*_SEALED_TOKENS, *_SEALED_SECRETS)
"""Where sender keeps sealed values."""


class PostgresStore:
    """Messages and lanes in Postgres (ports.Store)."""

    def __init__(
        self,
        database: Database,
        *,
        inbox: Lanes,
        tell: Telling,
        limit: PairLimit,
        names: NameHasher,
        on_record: Callable[[], None],
        on_failure: Callable[[], None],
    ) -> None:
        """`names` knows the names of people who were erased; `on_…` is told when there is something to hand on."""
        self._database = database
        self._inbox = inbox
        self._telling = tell
        self._limit = limit
        self._names = names
        self._on_record = on_record
        self._on_failure = on_failure

    async def enqueue(self, messages: Sequence[NewMessage]) -> list[bool]:
        """Store messages and put them at the ends of their lanes; tells which are new."""
        if not messages:
            return []
        async with self._database.journey({message.organization_id for message in messages}) as journey:
            return await add_messages(journey, messages, inbox=self._inbox)

    async def enqueue_and_depart(
        self, messages: Sequence[NewMessage], wishes: Mapping[Key, Wish]
    ) -> tuple[list[bool], list[Departure]]:
        """The same; lanes that were idle are held, and the wishes for their first messages decided on."""
        if not messages:
            return [], []
        try:
            async with self._database.journey({message.organization_id for message in messages}) as journey:
                is_new, departures, changes = await add_and_depart(
                    journey, messages, wishes,
                    inbox=self._inbox, tell=self._telling, limit=self._limit,
                )  # fmt: skip
        except psycopg.errors.UniqueViolation:
            return await self.enqueue(messages), []
        self._tell(changes)
        return is_new, departures

    async def claim(self, *, limit: int) -> list[Claim]:
        """Take ready lanes for the time of a lease."""
        return await self._inbox.claim(limit=limit, per_lane=PER_LANE)

    async def renew(self, claims: Sequence[Claim]) -> set[tuple[UUID, UUID]]:
        """Lengthen leases; gives the keys that are still held."""
        if not claims:
            return set()
        ordered = sorted(claims, key=lambda claim: (claim.group_id, claim.lane_id))
        async with self._database.transaction({claim.group_id for claim in ordered}, durable=False) as connection:
            return await self._inbox.renew(connection, ordered)

    async def settle(self, turns: Sequence[tuple[Claim, Turn]]) -> list[Settlement]:
        """Write what lanes bring and decide what each may do next."""
        if not turns:
            return []
        async with self._database.journey({claim.group_id for claim, _ in turns}) as journey:
            settlements, changes = await settle_turns(
                journey, turns, inbox=self._inbox, tell=self._telling, limit=self._limit
            )
        self._tell(changes)
        return settlements

    async def apply_statuses(self, statuses: Sequence[StatusEvent]) -> list[StatusFate]:
        """Move messages forward, park what no message is known for; what is of somebody erased leaves no trace."""
        if not statuses:
            return []
        async with self._database.journey({status.organization_id for status in statuses}) as journey:
            fates, changes = await apply_statuses(
                journey,
                statuses,
                inbox=self._inbox,
                tell=self._telling,
                names=self._names,
            )
        self._tell(changes)
        return fates

    async def requeue_due(self) -> int:
        """Put a batch of deferred messages that are due at the ends of their lanes; gives how many."""
        moved, changes = await requeue_due(self._database, inbox=self._inbox, tell=self._telling)
        self._tell(changes)
        return moved

    async def outbound_of(self, *, organization_id: UUID, message_id: UUID) -> bytes | None:
        """A message as it was stored, None when it is kept no longer."""
        values = {"organization_id": organization_id, "message_id": message_id}
        (rows,) = await self._database.batch([organization_id], [(statements.READ_OUTBOUND, values)], durable=False)
        return bytes(rows[0][0]) if rows else None

    def _tell(self, changes: Changes) -> None:
        changes.count()
        if changes.deliveries:
            self._on_record()
        if failures_in(changes.deliveries):
            self._on_failure()
