"""Moving sealed values to the active key, in the background and in small batches.

Every batch is a transaction of its own and a compare-and-set: it may be repeated, interrupted anywhere and run by
several processes at once. A value that somebody stores meanwhile is never written over with an older one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.db import Database
from services.chassis.logs import get_logger
from services.chassis.metrics import sealed_values
from services.chassis.sealing.sealer import SealBroken, Sealer
from services.chassis.sealing.statements import ColumnStatements, statements_for

BATCH = 100
OWNERS_AT_ONCE = 500

_FIRST = UUID(int=0)

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """Where a room keeps sealed values: a bytea column of a table whose key is (organization_id, `key`).

    `row` names the value's row as its seal does, with {key} for the key's text. `owners` is the table that lists the
    organizations with values, where the tenants' policy shows only named ones; empty where the room sees every row.
    """

    table: str
    column: str
    key: str
    row: str = "{key}"
    owners: str = ""

    @property
    def place(self) -> str:
        """Table and column."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class SealedCount:
    """How many values of a place are under one key."""

    place: str
    key_id: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Resealed:
    """What a run moved, and how many values did not open and stayed."""

    moved: int
    unopened: int


@dataclass(frozen=True, slots=True)
class _Value:
    organization_id: UUID
    key: str
    sealed: bytes


class Resealing:
    """Counts and moves the sealed values of one room. `turn` is what a Periodic part calls."""

    def __init__(
        self, database: Database, sealer: Sealer, columns: Sequence[SealedColumn], *, batch: int = BATCH
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._batch = batch
        self._columns = tuple(
            (column, statements_for(table=column.table, column=column.column, key=column.key, owners=column.owners))
            for column in columns
        )

    @property
    def key_ids(self) -> tuple[bytes, ...]:
        """The ids of the keys this process has, the active one first."""
        return self._sealer.key_ids

    async def turn(self) -> None:
        """Move everything, then tell the metrics what is left. Raises Unavailable."""
        resealed = await self.reseal()
        if resealed.moved or resealed.unopened:
            _log.info("resealed", moved=resealed.moved, unopened=resealed.unopened)
        self._measure(await self.count())

    async def reseal(self, *, most: int | None = None) -> Resealed:
        """Move values to the active key, at most so many. Raises Unavailable."""
        moved = unopened = 0
        for column, statements in self._columns:
            async for owners in self._owners(statements):
                async for values in self._old(statements, owners):
                    fresh = [(value, sealed) for value in values if (sealed := self._anew(column, value)) is not None]
                    moved += await self._swap(statements, owners, fresh)
                    unopened += len(values) - len(fresh)
                    if most is not None and moved >= most:
                        return Resealed(moved, unopened)
        return Resealed(moved, unopened)

    async def count(self) -> list[SealedCount]:
        """Count the values of every place by key. Raises Unavailable."""
        counts: Counter[tuple[str, bytes]] = Counter()
        for column, statements in self._columns:
            async for owners in self._owners(statements):
                (rows,) = await self._database.batch(owners, [(statements.count, {})], durable=False)
                counts.update({(column.place, bytes(key_id)): number for key_id, number in rows})
        return [SealedCount(place, key_id, number) for (place, key_id), number in sorted(counts.items())]

    async def _owners(self, statements: ColumnStatements) -> AsyncIterator[list[UUID]]:
        """The organizations to name, in groups; one empty group where the room needs to name none."""
        if statements.owners is None:
            yield []
            return
        after = _FIRST
        while True:
            step = (statements.owners, {"after": after, "limit": OWNERS_AT_ONCE})
            (rows,) = await self._database.batch((), [step], durable=False)
            if rows:
                yield [row[0] for row in rows]
            if len(rows) < OWNERS_AT_ONCE:
                return
            after = rows[-1][0]

    async def _old(self, statements: ColumnStatements, owners: Sequence[UUID]) -> AsyncIterator[list[_Value]]:
        """Values that are not under the active key, in batches in the order of their keys."""
        last = _Value(_FIRST, "", b"")
        while True:
            place = {"organization_id": last.organization_id, "key": last.key}
            step = (statements.old, {"active": self.key_ids[0], "limit": self._batch, **place})
            (rows,) = await self._database.batch(owners, [step], durable=False)
            values = [_Value(row[0], row[1], bytes(row[2])) for row in rows]
            if values:
                yield values
            if len(values) < self._batch:
                return
            last = values[-1]

    def _anew(self, column: SealedColumn, value: _Value) -> bytes | None:
        """The value under the active key; None when it does not open."""
        place = {"table": column.table, "organization_id": str(value.organization_id)}
        row = column.row.format(key=value.key)
        try:
            return self._sealer.seal(self._sealer.open(value.sealed, row=row, **place), row=row, **place)
        except SealBroken:
            return None

    async def _swap(
        self, statements: ColumnStatements, owners: Sequence[UUID], fresh: Sequence[tuple[_Value, bytes]]
    ) -> int:
        if not fresh:
            return 0
        values = {
            "organizations": [value.organization_id for value, _ in fresh],
            "keys": [value.key for value, _ in fresh],
            "was": [value.sealed for value, _ in fresh],
            "becomes": [sealed for _, sealed in fresh],
        }
        (rows,) = await self._database.batch(owners, [(statements.swap, values)])
        return len(rows)

    def _measure(self, counts: Sequence[SealedCount]) -> None:
        active, *old = self.key_ids
        for column, _ in self._columns:
            of_place = [count for count in counts if count.place == column.place]
            found = {
                "active": sum(count.count for count in of_place if count.key_id == active),
                "old": sum(count.count for count in of_place if count.key_id in old),
                "unknown": sum(count.count for count in of_place if count.key_id not in (active, *old)),
            }
            for key, number in found.items():
                sealed_values.labels(column.place, key).set(number)
