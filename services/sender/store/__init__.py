"""All SQL of sender."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from services.chassis.db import Database, fetch_all, fetch_one, run
from services.chassis.queue import Claim, Item, Lanes
from services.chassis.sealing import SealBroken, Sealer
from services.sender.domain.settling import PairLimit, Turn
from services.sender.ports import Key, Listed, NewMessage, Settlement, StatusEvent
from services.sender.store import statements
from services.sender.store.rows import Changes, Encode
from services.sender.store.statuses import apply_statuses
from services.sender.store.turns import settle_turns

# A lane brings this many messages at most before others get their turn.
_PER_LANE = 16


class PostgresStore:
    """Messages and lanes in Postgres (ports.Store)."""

    def __init__(
        self,
        database: Database,
        *,
        inbox: Lanes,
        records: Lanes,
        limit: PairLimit,
        encode: Encode,
        on_record: Callable[[], None],
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._records = records
        self._limit = limit
        self._encode = encode
        self._on_record = on_record

    async def enqueue(self, messages: Sequence[NewMessage]) -> list[bool]:
        """Store messages and put them at the ends of their lanes; tells which are new."""
        if not messages:
            return []
        async with self._database.transaction({message.organization_id for message in messages}) as connection:
            rows = await fetch_all(connection, statements.ADD_MESSAGES, _message_values(messages))
            fresh = {(row[0], row[1]) for row in rows}
            is_new = []
            for message in messages:
                key = (message.organization_id, message.message_id)
                is_new.append(key in fresh)
                fresh.discard(key)
            items = [_item(message) for message, new in zip(messages, is_new, strict=True) if new]
            await self._inbox.enqueue(connection, items)
        return is_new

    async def claim(self, *, limit: int) -> list[Claim]:
        """Take ready lanes for the time of a lease."""
        return await self._inbox.claim(limit=limit, per_lane=_PER_LANE)

    async def renew(self, claims: Sequence[Claim]) -> set[tuple[UUID, UUID]]:
        """Lengthen leases; gives the keys that are still held."""
        if not claims:
            return set()
        ordered = sorted(claims, key=lambda claim: (claim.group_id, claim.lane_id))
        async with self._database.transaction((), durable=False) as connection:
            return await self._inbox.renew(connection, ordered)

    async def settle(self, turns: Sequence[tuple[Claim, Turn]]) -> list[Settlement]:
        """Write what lanes bring and decide what each may do next."""
        if not turns:
            return []
        async with self._database.transaction({claim.group_id for claim, _ in turns}) as connection:
            settlements, changes = await settle_turns(
                connection, turns, inbox=self._inbox, records=self._records, encode=self._encode, limit=self._limit
            )
        self._tell(changes)
        return settlements

    async def apply_statuses(self, statuses: Sequence[StatusEvent]) -> list[bool]:
        """Move messages forward, park what no message is known for; tells which changed something."""
        if not statuses:
            return []
        async with self._database.transaction({status.organization_id for status in statuses}) as connection:
            changed, changes = await apply_statuses(
                connection, statuses, inbox=self._inbox, records=self._records, encode=self._encode
            )
        self._tell(changes)
        return changed

    def _tell(self, changes: Changes) -> None:
        changes.count()
        if changes.deliveries:
            self._on_record()

    async def list_messages(
        self, *, organization_id: UUID, lane_id: UUID | None, state: str, limit: int
    ) -> list[Listed]:
        """Messages, newest first."""
        values = {"organization_id": organization_id, "lane_id": lane_id, "state": state, "limit": limit}
        async with self._database.transaction([organization_id], durable=False) as connection:
            rows = await fetch_all(connection, statements.LIST_MESSAGES, values)
        return [
            Listed(
                message_id=row[0],
                lane_id=row[1],
                phone_number_id=row[2],
                state=row[3],
                status=row[4],
                attempts=row[5],
                wamids=tuple(row[6]),
                resolved_by=row[7],
                is_maybe_duplicate=row[8],
                error_code=row[9],
                created_at=row[10],
            )
            for row in rows
        ]


class PostgresCredentials:
    """Sealed access tokens in Postgres (ports.CredentialStore)."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def put_credential(self, *, organization_id: UUID, phone_number_id: str, token: str) -> bool:
        """Store a token; tells whether it changed. Waiting lanes of the organization become ready."""
        values: dict[str, object] = {"organization_id": organization_id, "phone_number_id": phone_number_id}
        async with self._database.transaction([organization_id]) as connection:
            row = await fetch_one(connection, statements.LOCK_CREDENTIAL, values)
            if row is not None and self._open(organization_id, phone_number_id, bytes(row[0])) == token:
                return False
            sealed = self._sealer.seal(
                token, table="sender.credential", organization_id=str(organization_id), row=phone_number_id
            )
            await run(connection, statements.PUT_CREDENTIAL, {**values, "sealed": sealed})
            await run(connection, statements.WAKE_ORGANIZATION, values)
        return True

    async def tokens(self, keys: Sequence[Key]) -> dict[Key, str]:
        """The tokens of these numbers; a number without one, or with one that does not open, is left out."""
        values = {"groups": [key[0] for key in keys], "numbers": [key[1] for key in keys]}
        async with self._database.transaction({key[0] for key in keys}, durable=False) as connection:
            rows = await fetch_all(connection, statements.READ_CREDENTIALS, values)
        opened = {(row[0], row[1]): self._open(row[0], row[1], bytes(row[2])) for row in rows}
        return {key: token for key, token in opened.items() if token is not None}

    async def tokens_of(self, *, organization_id: UUID) -> dict[str, str]:
        """Every token of an organization by phone_number_id; one that does not open is empty."""
        async with self._database.transaction([organization_id], durable=False) as connection:
            rows = await fetch_all(connection, statements.READ_ALL_CREDENTIALS, {"organization_id": organization_id})
        return {row[0]: self._open(organization_id, row[0], bytes(row[1])) or "" for row in rows}

    def _open(self, organization_id: UUID, phone_number_id: str, sealed: bytes) -> str | None:
        try:
            return self._sealer.open(
                sealed, table="sender.credential", organization_id=str(organization_id), row=phone_number_id
            )
        except SealBroken:
            return None


def _message_values(messages: Sequence[NewMessage]) -> dict[str, object]:
    return {
        "groups": [message.organization_id for message in messages],
        "ids": [message.message_id for message in messages],
        "lanes": [message.lane_id for message in messages],
        "numbers": [message.phone_number_id for message in messages],
        "wa_ids": [message.recipient_wa_id for message in messages],
        "user_ids": [message.recipient_user_id for message in messages],
        "flows": [message.flow_id for message in messages],
        "nodes": [message.node_id for message in messages],
    }


def _item(message: NewMessage) -> Item:
    return Item(message.organization_id, message.lane_id, str(message.message_id), message.payload)
