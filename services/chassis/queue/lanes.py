"""The operations on a box's lanes. All of them are set-based: one statement per batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid4

import psycopg

from services.chassis import metrics
from services.chassis.audit import HOUSE, AuditEntry, AuditLog, digest_of
from services.chassis.db import Connection, Database, Query, Rows, Step, Transaction, is_fenced, rescoping, run_steps
from services.chassis.queue.box import Box, Claim, Finish, Item, LeaseLost, StoredItem
from services.chassis.queue.enqueueing import Enqueueing, Holding, Passing
from services.chassis.queue.statements import Statements, Which, statements_of

# A holder that died is replaced after this long; every call made while holding lanes must end sooner.
LEASE_SECONDS = 6.0
_PER_LANE = 32
# A claim looks at so many positions per item it may take: repeats leave gaps, and a lane with thousands of items
# waiting must not be read whole for its first few.
POSITIONS_PER_ITEM = 4
_NIL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a lane gave up on."""

    group_id: UUID
    dead_id: int
    lane_id: UUID
    event_id: str
    attempts: int
    error: str
    died_at: datetime
    payload: bytes
    replays: int


class _Taken(NamedTuple):
    """A dead letter that is about to be put back for the `replays`th time."""

    group_id: UUID
    lane_id: UUID
    event_id: str
    payload: bytes
    replays: int
    dead_id: int


class Outlet(Protocol):
    """Who empties a box in this process (Relay)."""

    @property
    def may_hold(self) -> bool:
        """Whether an insert should hold its lanes for him, or leave them to be claimed in fair turns."""

    def take(self, claims: Sequence[Claim], *, is_all: bool) -> None:
        """Lanes that were held for him; unless these are all that were touched, others are there to be claimed."""


class Lanes:
    """One box. Methods that take a connection work inside the caller's transaction."""

    def __init__(self, box: Box, database: Database, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self.box = box
        self.lease_seconds = lease_seconds
        self._database = database
        self._statements: dict[Which, Statements] = {
            which: statements_of(box, which=which) for which in ("any", "fresh", "suspect", "spared")
        }
        self._cursor = _NIL
        self._is_backlogged = False
        self._outlet: Outlet | None = None

    def enqueueing(self, items: Sequence[Item]) -> Enqueueing:
        """The steps that put items at the ends of their lanes, in order. Repeats change nothing."""
        return Enqueueing(items, self._statements["any"])

    def holding(self, items: Sequence[Item]) -> Holding:
        """The same, and lanes that were idle are held at once, as if they had been claimed."""
        return Holding(items, self._statements["any"], lease_seconds=self.lease_seconds)

    def passing(self, items: Sequence[Item]) -> Passing:
        """The same, and idle lanes pass: the caller works them off in this transaction, or lets them fall behind."""
        return Passing(items, self._statements["any"])

    def attach(self, outlet: Outlet) -> None:
        """Say who empties this box in this process; `entering` asks him and `entered` tells him."""
        self._outlet = outlet

    def entering(self, items: Sequence[Item]) -> Enqueueing:
        """The steps for items that this process' outlet hands on: held for him if he has room, else to be claimed."""
        return self.holding(items) if self._outlet and self._outlet.may_hold else self.enqueueing(items)

    def entered(self, entering: Enqueueing, rows: Sequence[Rows]) -> None:
        """Pass on what `entering` came to. To be called after the commit only."""
        if self._outlet is None or not entering.items:
            return
        claims = entering.claims(rows)
        self._outlet.take(claims, is_all=len(claims) == len(rows[0]) and bool(claims))

    async def enqueue(self, connection: Connection, items: Sequence[Item]) -> list[bool]:
        """Put items at the ends of their lanes, in order; tells per item whether it is new. Repeats change nothing."""
        enqueueing = self.enqueueing(items)
        return enqueueing.read(await run_steps(connection, enqueueing.steps)) if items else []

    async def claim(
        self, *, limit: int = 128, which: Which = "any", per_lane: int = _PER_LANE, without: Sequence[UUID] = ()
    ) -> list[Claim]:
        """Take up to `limit` ready lanes for `lease_seconds`, with up to `per_lane` items each.

        `without` are the groups whose lanes stay where they are, for which="spared".

        The oldest lanes are taken while there is no backlog; with one, every group gets its turn (invariant I8). The
        commit need not be durable: a lost claim is a lane that is still ready.
        """
        token = uuid4()
        values = {"limit": limit, "lease": self.lease_seconds, "token": token, "cursor": self._cursor}
        if which == "spared":
            values["without"] = list(without)
        statements = self._statements[which]
        # No organization is named yet: lane rows are control plane, only items are a tenant's.
        async with self._database.journey((), durable=False) as journey:
            rows: Rows = []
            if self._is_backlogged and limit > 1:
                (rows,) = await journey.run([(statements.claim_fair, values)])
                self._cursor = max((row[0] for row in rows), default=_NIL)
            if len(rows) < limit:
                values["limit"] = limit - len(rows)
                (more,) = await journey.run([(statements.claim_oldest, values)])
                rows += more
            if limit > 1:
                self._is_backlogged = len(rows) >= limit
            if not rows:
                return []
            return await self._with_items(journey, token, rows, per_lane)

    def finishing(self, finishes: Sequence[Finish]) -> Step:
        """The step that gives lanes back; it ends the transaction (is_fenced) when one of the leases was lost."""
        return self._statements["any"].finish, {**_finish_values(finishes), "wanted": len(finishes)}

    @contextmanager
    def fence(self) -> Iterator[None]:
        """Turn what `finishing` raises for a lost lease into LeaseLost, counted; nothing of the transaction remains."""
        try:
            yield
        except psycopg.DatabaseError as error:
            if not is_fenced(error):
                raise
            metrics.lane_fenced_total.labels(self.box.path).inc()
            raise LeaseLost(self.box.path) from error

    async def finish(self, connection: Connection, finishes: Sequence[Finish]) -> bool:
        """Give lanes back in the transaction of their effects; tells whether any of them has more to do at once.

        Raises LeaseLost when one of the leases was lost; then the whole transaction must not be committed.
        """
        if not finishes:
            return False
        with self.fence():
            ((row,),) = await run_steps(connection, [self.finishing(finishes)])
        return bool(row[1])

    async def give_back(self, finishes: Sequence[Finish]) -> bool:
        """Finish in one journey without other effects; tells whether any lane has more to do at once.

        Lanes lost meanwhile are somebody else's already. The commit need not be durable: what is lost is repeated.
        """
        if not finishes:
            return False
        try:
            with self.fence():
                groups = {finish.claim.group_id for finish in finishes}
                ((row,),) = await self._database.batch(groups, [self.finishing(finishes)], durable=False)
        except LeaseLost:
            if len(finishes) == 1:
                return False
            return any([await self.give_back([finish]) for finish in finishes])
        return bool(row[1])

    async def renew(self, connection: Connection, claims: Sequence[Claim]) -> set[tuple[UUID, UUID]]:
        """Lengthen leases; gives the keys of the lanes that are still held."""
        values = {**_keys(claims), "lease": self.lease_seconds}
        (rows,) = await run_steps(connection, [(self._statements["any"].renew, values)])
        return {(row[0], row[1]) for row in rows}

    def falling_behind(self, finishes: Sequence[Finish]) -> Step:
        """The step for passed lanes that could not be worked off: they wait `delay` seconds at `head`, as suspects."""
        values = _finish_values(finishes)
        return self._statements["any"].fall_behind, values

    def waking(self, keys: Sequence[tuple[UUID, UUID]]) -> Step:
        """The step that makes waiting lanes ready at once; held and idle ones stay as they are."""
        ordered = sorted(keys)
        return self._statements["any"].wake, {
            "groups": [key[0] for key in ordered],
            "lanes": [key[1] for key in ordered],
        }

    async def wake(self, connection: Connection, keys: Sequence[tuple[UUID, UUID]]) -> int:
        """Make waiting lanes ready at once; gives how many."""
        (rows,) = await run_steps(connection, [self.waking(keys)])
        return len(rows)

    async def bury(self, connection: Connection, claim: Claim, item: StoredItem, error: str) -> None:
        """Put an item among the dead letters; the caller finishes its lane past it in the same transaction."""
        values = {
            "group": claim.group_id,
            "lane": claim.lane_id,
            "event": item.event_id,
            "received_at": item.received_at,
            "payload": item.payload,
            "attempts": claim.attempts,
            "error": error[:2000],
        }
        await run_steps(connection, [(self._statements["any"].bury, values)])
        metrics.lane_items_total.labels(self.box.path, "dead").inc()

    async def forget(self, connection: Connection, items: Sequence[tuple[Claim, StoredItem]]) -> None:
        """Remove items of held lanes; the caller finishes the lanes past them in the same transaction."""
        if not items:
            return
        values = {
            "groups": [claim.group_id for claim, _ in items],
            "lanes": [claim.lane_id for claim, _ in items],
            "positions": [item.position for _, item in items],
            "times": [item.received_at for _, item in items],
        }
        await run_steps(connection, [(self._statements["any"].forget, values)])

    @property
    def is_any_ready(self) -> Query:
        """The question whether anything could be claimed (Poll)."""
        return self._statements["any"].is_any_ready

    async def measure(self) -> None:
        """Set the depth metrics (KEDA scales on the same figure)."""
        ((row,),) = await self._database.batch((), [(self._statements["any"].depth, {})], durable=False)
        metrics.lane_ready.labels(self.box.path).set(row[0])
        metrics.lane_oldest_seconds.labels(self.box.path).set(row[1])

    async def dead_letters(self, *, limit: int = 100, dead_id: int = 0) -> list[DeadLetter]:
        """Dead letters of every organization, newest first."""
        async with self._database.transaction((), durable=False) as connection:
            groups = await self._all_groups(connection)
            values = {"groups": groups, "limit": limit, "dead_id": dead_id}
            (rows,) = await run_steps(connection, [(self._statements["any"].list_dead, values)])
        return [DeadLetter(*row) for row in rows]

    async def replay(self, dead_ids: Sequence[int], audit: AuditLog) -> int:
        """Put dead letters back at the end of their lanes under `<event_id>:replay:<n>`, each noted; gives how many."""
        async with self._database.transaction(()) as connection:
            groups = await self._all_groups(connection)
            values = {"groups": groups, "dead_ids": list(dead_ids)}
            (rows,) = await run_steps(connection, [(self._statements["any"].take_dead, values)])
            letters = [_Taken(*row) for row in rows]
            entries = [self._replayed(letter) for letter in letters]
            await run_steps(connection, audit.locking(entry.organization_id for entry in entries))
            items = [
                Item(each.group_id, each.lane_id, f"{each.event_id}:replay:{each.replays}", bytes(each.payload))
                for each in letters
            ]
            await self.enqueue(connection, items)
            await run_steps(connection, audit.steps(entries))
        return len(items)

    def _replayed(self, letter: _Taken) -> AuditEntry:
        # A group that is no organization is a number of ingress, which knows none.
        organization_id = letter.group_id if self.box.group == "organization_id" else HOUSE
        return AuditEntry(
            organization_id,
            "dead_letter.replay",
            f"dead_letter:{self.box.path}/{letter.dead_id}",
            before=digest_of({"replays": letter.replays - 1}),
            after=digest_of({"replays": letter.replays}),
        )

    async def _all_groups(self, connection: Connection) -> list[UUID]:
        (rows,) = await run_steps(connection, [(self._statements["any"].groups, {})])
        groups = [row[0] for row in rows]
        await run_steps(connection, [rescoping(groups)])
        return groups

    async def _with_items(self, journey: Transaction, token: UUID, rows: Rows, per_lane: int) -> list[Claim]:
        values = {
            "groups": [row[0] for row in rows],
            "lanes": [row[1] for row in rows],
            "heads": [row[2] for row in rows],
            "tails": [_reach(row, per_lane) for row in rows],
            "per_lane": per_lane,
        }
        found: list[list[StoredItem]] = [[] for _ in rows]
        scope = rescoping({row[0] for row in rows})
        _, items = await journey.commit([scope, (self._statements["any"].read_items, values)])
        for number, *item in items:
            found[number - 1].append(StoredItem(*item))
        return [_claim(token, row, tuple(items), per_lane) for row, items in zip(rows, found, strict=True)]


def _reach(row: tuple[Any, ...], per_lane: int) -> int:
    """The last position a claim looks at."""
    head: int = row[2]
    tail: int = row[3]
    return min(tail, head + per_lane * POSITIONS_PER_ITEM)


def _claim(token: UUID, row: tuple[Any, ...], items: tuple[StoredItem, ...], per_lane: int) -> Claim:
    group_id, lane_id, head, tail, attempts, solo, last_error = row
    until = items[-1].position if len(items) == per_lane else _reach(row, per_lane)
    return Claim(group_id, lane_id, token, head, tail, attempts, solo, last_error, items, until)


def _keys(claims: Sequence[Claim]) -> dict[str, object]:
    return {
        "groups": [claim.group_id for claim in claims],
        "lanes": [claim.lane_id for claim in claims],
        "tokens": [claim.token for claim in claims],
    }


def _finish_values(finishes: Sequence[Finish]) -> dict[str, object]:
    # In key order, as enqueue locks lanes: batches that meet wait for each other instead of deadlocking.
    ordered = sorted(finishes, key=lambda finish: (finish.claim.group_id, finish.claim.lane_id))
    return {
        **_keys([finish.claim for finish in ordered]),
        "heads": [finish.head for finish in ordered],
        "delays": [finish.delay for finish in ordered],
        "blamed": [finish.is_blamed for finish in ordered],
        "errors": [finish.error for finish in ordered],
    }
