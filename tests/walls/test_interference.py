"""What an organization is answered does not depend on who else is in the house: a property of any sequence of calls.

PYTAKE_WALL_EXAMPLES sets how many sequences are tried.
"""

import asyncio
import os
import random
from collections.abc import Sequence

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.embedded.keys import ROOMS
from tests.fixtures.servers import Database, Servers, copied_database
from tests.house.catalog import TRUST
from tests.walls.filters import filters_removed
from tests.walls.interference import Answer, Step, differences, establish, in_order, play
from tests.walls.requests import declared
from tests.walls.tenants import twins
from tests.walls.world import open_world

EXAMPLES = int(os.environ.get("PYTAKE_WALL_EXAMPLES", "20"))
PATHS = sorted(declared())
SCRIPTS = st.lists(
    st.builds(Step, st.sampled_from(["A", "A", "B"]), st.sampled_from(PATHS), st.integers(0, 2**16)),
    min_size=5,
    max_size=25,
)


async def answers(
    database: Database, script: Sequence[Step], *, is_alone: bool, rooms: Sequence[str] = ()
) -> list[Answer]:
    """A's answers in a house of its own, or beside its twin; `rooms` have lost their filters."""
    a, b = twins()
    async with open_world(database.url_of, prepare=not rooms) as world:
        for tenant in [a] if is_alone else [b, a]:
            await establish(world, tenant)
        with filters_removed(*rooms):
            return await play(world, [step for step in in_order(script) if step.who == "A" or not is_alone])


def interference(servers: Servers, script: Sequence[Step]) -> list[str]:
    """What A would notice of B."""
    with copied_database(servers) as one, copied_database(servers) as other:
        alone = asyncio.run(answers(one, script, is_alone=True))
        return differences(alone, asyncio.run(answers(other, script, is_alone=False)))


def test_a_world_serves_every_method_that_speaks_for_an_organization(database: Database) -> None:
    async def served() -> frozenset[str]:
        async with open_world(database.url_of) as world:
            return world.wire.paths

    assert set(PATHS) - asyncio.run(served()) == set()


@given(script=SCRIPTS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_an_organization_is_answered_the_same_with_its_twin_in_the_house_and_without(
    migrated_servers: Servers, script: list[Step]
) -> None:
    assert interference(migrated_servers, script) == []


def test_without_walls_the_property_does_not_hold(migrated_servers: Servers) -> None:
    """Policies that show all, and statements that forgot their organization: any script of some length tells."""
    chance = random.Random(7)
    script = [Step(chance.choice("AB"), chance.choice(PATHS), chance.randrange(2**16)) for _ in range(60)]
    with copied_database(migrated_servers) as one, copied_database(migrated_servers) as other:
        alone = asyncio.run(answers(one, script, is_alone=True))
        with psycopg.connect(other.superuser_url, autocommit=True) as superuser:
            for line in TRUST.values():
                if line.is_owned:
                    open_up = f"ALTER POLICY {line.scope} ON {line.table} USING (true) WITH CHECK (true)"
                    superuser.execute(open_up.encode())
        beside = asyncio.run(answers(other, script, is_alone=False, rooms=ROOMS))

    assert differences(alone, beside)
