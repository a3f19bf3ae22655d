"""Part 6: a transaction for several organizations: all of them named at once, or one after the other.

64 rows are looked up and written in every transaction, by statements of the road. Named at once, each statement takes
all rows; one after the other, every organization's rows are statements of their own behind a set_config of their own,
all in the same journey and commit (docs/decisions/0004-one-array-of-organizations.md).
"""

from collections.abc import Sequence
from uuid import UUID, uuid4

from services.chassis.db import Database, Step, rescoping
from services.sender.store.statements import MARK_PAIRS, READ_PAIRS
from tests.benchmarks.errors import Void
from tests.benchmarks.parts.contest import Contestant, cpu_of, own_cpu, together
from tests.benchmarks.parts.ground import Ground

PART = "a row of several organizations' batch"
ROWS = 64
ORGANIZATIONS = (1, 8, 32)
_SHARES = {count: ROWS // count for count in ORGANIZATIONS}


def name_of(organizations: int, *, is_exact: bool) -> str:
    """Return the contestant's name."""
    way = "one after the other" if is_exact else "named at once"
    return f"{way}: {organizations} with {_SHARES[organizations]} rows each"


class Scopes:
    """The rows, and both ways to go through them."""

    def __init__(self, ground: Ground, database: Database) -> None:
        self._ground = ground
        self._database = database
        self._lanes = {
            count: {uuid4(): [uuid4() for _ in range(_SHARES[count])] for _ in range(count)} for count in ORGANIZATIONS
        }

    async def close(self) -> None:
        await self._database.close()

    def contestants(self, rows: int) -> list[Contestant]:
        """Return both ways for each number of organizations."""
        return [self._contestant(count, rows, is_exact=exact) for count in ORGANIZATIONS for exact in (False, True)]

    def _contestant(self, count: int, rows: int, *, is_exact: bool) -> Contestant:
        lanes = self._lanes[count]
        steps = _one_after_the_other(lanes) if is_exact else _at_once(lanes)

        async def run(wanted: int) -> None:
            for _ in range(0, wanted, ROWS):
                answers = await self._database.batch(lanes, steps, durable=False)
                if sum(len(rows) for rows in answers if rows and len(rows[0]) > 1) != ROWS:
                    raise Void("not every row was read")

        meter = together(own_cpu, cpu_of({"Postgres": self._ground.postgres_pid}))
        return Contestant(name=name_of(count, is_exact=is_exact), items=rows, run=run, meter=meter)


def _at_once(lanes: dict[UUID, list[UUID]]) -> list[Step]:
    return _touching([(organization_id, lane) for organization_id, own in lanes.items() for lane in own])


def _one_after_the_other(lanes: dict[UUID, list[UUID]]) -> list[Step]:
    return [
        step
        for organization_id, own in lanes.items()
        for step in (rescoping([organization_id]), *_touching([(organization_id, lane) for lane in own]))
    ]


def _touching(keys: Sequence[tuple[UUID, UUID]]) -> list[Step]:
    """The steps that read rows and write them."""
    ordered = sorted(keys)
    values = {"groups": [key[0] for key in ordered], "lanes": [key[1] for key in ordered], "ahead": [0.0] * len(keys)}
    return [(READ_PAIRS, values), (MARK_PAIRS, values)]


async def open_scopes(ground: Ground) -> Scopes:
    """Open sender's part of the migrated database as its own role."""
    return Scopes(ground, await Database.open(ground.url_of("sender"), size=1, name="parts"))
