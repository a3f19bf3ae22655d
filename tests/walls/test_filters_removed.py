"""With the organization taken out of every condition of a room's statements, still no foreign row is seen or changed.

Row-level security and keys stand behind the queries. What is asked is asked for one organization; its twin has the same
contacts, names and ids.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import pytest

from services.chassis.queue import Claim
from services.embedded.keys import ROOMS
from tests.fixtures.servers import Database, Servers, copied_database
from tests.house.catalog import TRUST
from tests.walls.campaign_work import begin_campaign, take_turns
from tests.walls.filters import Removed, filters_removed, without_organization
from tests.walls.interference import (
    Answer,
    Step,
    Who,
    differences,
    differences_of_texts,
    establish,
    in_order,
    play,
    told,
)
from tests.walls.lane_work import fill, work
from tests.walls.meeting import find_out, meet_both
from tests.walls.members import act, join
from tests.walls.requests import methods
from tests.walls.rows import Digests, rows_of
from tests.walls.sending import hear_of_a_stranger, send
from tests.walls.store_calls import answers_of
from tests.walls.tenants import Tenant, twins
from tests.walls.world import World, open_world

# So many calls of each method, so that lists have something in them.
ROUNDS = 3
# Fewer of a room's statements with a filter would say that the rewriting no longer hits.
FEWEST = {"ingress": 25, "router": 18, "executor": 28, "sender": 22, "analytics": 5}


@dataclass(frozen=True, slots=True)
class Run:
    """What A was told, what happened to B's rows, and what was rewritten."""

    answers: list[Answer]
    stored: dict[str, str]
    before: Digests
    after: Digests
    removed: dict[str, Removed]


def script_of(world: World, who: Who, seed: int) -> list[Step]:
    """Every method ROUNDS times, in an order by chance."""
    chance = random.Random(seed)
    steps = [Step(who, path, chance.randrange(2**16)) for path in methods(world.wire.paths) for _ in range(ROUNDS)]
    chance.shuffle(steps)
    return in_order(steps)


def without_erasures(script: Sequence[Step]) -> list[Step]:
    """The script for organizations that are to go on living."""
    return [step for step in script if "Eras" not in step.path and "Expire" not in step.path]


async def run(database: Database, *rooms: str, is_alone: bool) -> Run:
    """Both live in the house for a while (or only A does); then A is asked while these rooms' filters are gone."""
    a, b = twins()
    async with open_world(database.url_of, prepare=False) as world:
        for tenant in [a] if is_alone else [b, a]:
            await establish(world, tenant)
        planting = script_of(world, "A", 1) if is_alone else [*script_of(world, "B", 1), *script_of(world, "A", 1)]
        await play(world, without_erasures(planting))
        if not is_alone:
            await send(world.stores["sender"]["PostgresStore"], [b])
        for tenant in [a] if is_alone else [a, b]:
            await meet_both(world, tenant)
            await begin_campaign(world.stores["sender"]["PostgresCampaigns"], tenant)
        joined = {tenant.tag: await join(world, tenant) for tenant in ([a] if is_alone else [a, b])}
        held = [await fill(lanes, own, [a] if is_alone else [a, b]) for lanes, own in world.boxes]
        before = rows_of(database.superuser_url, b)
        with filters_removed(*rooms) as removed:
            stored = await others(world, a, held)
            stored["ingress: people"] = await told(act(world, a, joined[a.tag]))
            answers = await play(world, script_of(world, "A", 2), settle=False)
            for room, stores in world.stores.items():
                for name, answer in (await answers_of(list(stores.values()), a, b)).items():
                    stored[f"{room}: {name}"] = answer
        return Run(answers, stored, before, rows_of(database.superuser_url, b), removed)


async def others(world: World, tenant: Tenant, held: Sequence[Sequence[Claim]]) -> dict[str, str]:
    """What no single call does: contacts that are merged, messages on their way, lanes in a worker's hands."""
    stores = world.stores["sender"]
    store, credentials = stores["PostgresStore"], stores["PostgresCredentials"]
    stored = {
        "router: a person": await told(find_out(world, tenant)),
        "sender: a message's way": await told(send(store, [tenant])),
        "sender: a stranger's status": await told(hear_of_a_stranger(store, tenant)),
        "sender: a campaign's turns": await told(
            take_turns(stores["PostgresCampaigns"], stores["PostgresCampaignTurns"], tenant)
        ),
        "sender: tokens": await told(credentials.tokens_of(organization_id=tenant.organization_id)),
    }
    for (lanes, database), claims in zip(world.boxes, held, strict=True):
        stored[f"{lanes.box.path}: a worker's way"] = await told(work(lanes, database, tenant, claims))
    return stored


@pytest.fixture(scope="module")
def alone(migrated_servers: Servers) -> Run:
    """A without its twin, every filter in its place."""
    with copied_database(migrated_servers) as database:
        return asyncio.run(run(database, is_alone=True))


@pytest.mark.parametrize("room", ROOMS)
def test_without_the_filters_of_a_room_no_foreign_row_is_seen_or_changed(
    alone: Run, database: Database, room: str
) -> None:
    beside = asyncio.run(run(database, room, is_alone=False))

    assert differences(alone.answers, beside.answers) == []
    assert differences_of_texts(alone.stored, beside.stored) == []
    assert beside.after == beside.before
    assert len(beside.before) > 20
    removed = beside.removed[room]
    print(f"{room}: {len(removed.rewritten)} statements went without their filter")
    assert removed.kept == set()
    assert len(removed.rewritten) >= FEWEST[room]


def test_without_row_level_security_the_same_calls_do_see_and_change_foreign_rows(
    alone: Run, database: Database
) -> None:
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        for line in TRUST.values():
            if line.is_owned:
                superuser.execute(f"ALTER POLICY {line.scope} ON {line.table} USING (true) WITH CHECK (true)".encode())

    beside = asyncio.run(run(database, *ROOMS, is_alone=False))

    assert differences(alone.answers, beside.answers)
    assert twins()[1].tag in repr([beside.answers, beside.stored])
    assert beside.after != beside.before


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("WHERE organization_id = %s AND name = %s", "WHERE (TRUE OR organization_id = %s) AND name = %s"),
        ("WHERE f.organization_id = %(id)s", "WHERE (TRUE OR f.organization_id = %(id)s)"),
        ("WHERE organization_id = $1::uuid", "WHERE (TRUE OR organization_id = $1::uuid)"),
        ("ON l.organization_id = i.organization_id", "ON (TRUE OR l.organization_id = i.organization_id)"),
        ("WHERE organization_id = ANY($1::uuid[])", "WHERE (TRUE OR organization_id = ANY($1::uuid[]))"),
        ("x.organization_id IS NOT DISTINCT FROM i.o", "(TRUE OR x.organization_id IS NOT DISTINCT FROM i.o)"),
        (
            "(c.organization_id, c.contact_id) = (t.o, t.c)",
            "((TRUE OR c.organization_id = t.o) AND c.contact_id = t.c)",
        ),
        ("ON CONFLICT (organization_id, name) DO NOTHING", "ON CONFLICT (organization_id, name) DO NOTHING"),
    ],
)
def test_a_condition_on_the_organization_lets_everything_through(text: str, stripped: str) -> None:
    assert without_organization(text) == stripped


def test_a_filter_in_a_form_nobody_thought_of_is_noted() -> None:
    removed = Removed()

    removed.rewrite("SELECT 1 FROM router.contact WHERE organization_id IN (SELECT o FROM t)")

    assert removed.kept
