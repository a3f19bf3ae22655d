"""What a worker does with lanes that it holds, for one organization. Its twin's lanes have the same ids and lease."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from services.chassis.db import Database, run_steps
from services.chassis.queue import Claim, Finish, Item, Lanes
from tests.walls.tenants import Tenant

_SPACE = UUID("3f1f5a52-8a5c-4f0f-9d53-6f3e8f0e5a11")
_LANES = tuple(uuid5(_SPACE, f"lane {number}") for number in range(5))


async def fill(lanes: Lanes, database: Database, tenants: Sequence[Tenant]) -> list[Claim]:
    """Two items in each lane of each organization; all of them claimed at once."""
    for tenant in tenants:
        items = [_item(tenant, lane, number) for lane in _LANES[:4] for number in range(2)]
        async with database.transaction([tenant.organization_id]) as connection:
            await lanes.enqueue(connection, items)
    return await lanes.claim()


async def work(lanes: Lanes, database: Database, tenant: Tenant, claims: Sequence[Claim]) -> str:
    """Read, lengthen, bury, finish, wake, put in more, hold, pass and fall behind; what came of it."""
    organization_id = tenant.organization_id
    chosen = [claim for claim in claims if claim.group_id == organization_id and claim.lane_id in _LANES]
    own = sorted(chosen, key=lambda claim: claim.lane_id)
    async with database.transaction([organization_id]) as connection:
        (items,) = await run_steps(connection, [(lanes._statements["any"].read_items, _reading(own))])
        renewed = await lanes.renew(connection, own)
        await lanes.bury(connection, own[0], own[0].items[0], tenant.tag)
        has_more = await lanes.finish(connection, [Finish(claim, claim.items[0].position, delay=60.0) for claim in own])
        woken = await lanes.wake(connection, [(organization_id, lane) for lane in _LANES[:2]])
    holding = lanes.holding([_item(tenant, lane, 2) for lane in _LANES])
    held = holding.claims(await database.batch([organization_id], holding.steps))
    passing = lanes.passing([_item(tenant, lane, 3) for lane in _LANES])
    passed = passing.passed(await database.batch([organization_id], passing.steps))
    behind = lanes.falling_behind([Finish(claim, claim.head, delay=60.0) for claim in held])
    await database.batch([organization_id], [behind])
    results = (
        [(number, position, payload) for number, position, _, payload, _ in items],
        sorted(lane for _, lane in renewed),
        has_more,
        woken,
        [(claim.group_id, claim.lane_id, claim.head, claim.tail) for claim in held],
        [(lane.group_id, lane.lane_id, lane.head, lane.tail) for lane in passed],
    )
    return repr(results)


def _reading(claims: Sequence[Claim]) -> dict[str, object]:
    return {
        "groups": [claim.group_id for claim in claims],
        "lanes": [claim.lane_id for claim in claims],
        "heads": [claim.head for claim in claims],
        "tails": [claim.tail for claim in claims],
        "per_lane": 10,
    }


def _item(tenant: Tenant, lane: UUID, number: int) -> Item:
    return Item(tenant.organization_id, lane, f"{lane} {number}", tenant.tag.encode())
