"""The floods: one number beyond its limit, and single users beyond theirs."""

from pathlib import Path
from uuid import uuid4

from tests.limits.figures import Flow, flow_of, gaps_of
from tests.limits.house import Plan, recipient_of, running_house

# The first and the last seconds of a flood are its coming and going.
SKIP_SECONDS = 2.0


async def flood_number(plan: Plan, folder: Path, database_url: str, *, seconds: int) -> Flow:
    """As many messages as the number may send in so many seconds, all at once, to as many users."""
    count = int(plan.per_second * (seconds + 2 * SKIP_SECONDS))
    async with running_house(plan, folder, database_url) as house:
        await house.send([uuid4() for _ in range(count)])
        await house.wait_for(count, seconds=60 + 10 * seconds)
        return flow_of(await house.moments(), (await house.stats())["refused"], skip=SKIP_SECONDS)


async def flood_pairs(
    plan: Plan, folder: Path, database_url: str, *, pairs: int, beyond: int
) -> tuple[Flow, list[float]]:
    """Each user gets a burst and so many messages more at once; gives the gaps after the bursts as well."""
    lanes = [uuid4() for _ in range(pairs)]
    each = plan.pair_burst + beyond
    async with running_house(plan, folder, database_url) as house:
        # Consecutive in each lane: a lane's messages are handed over in order.
        await house.send([lane for lane in lanes for _ in range(each)])
        await house.wait_for(pairs * each, seconds=60 + 5 * beyond * plan.pair_seconds)
        gaps = [
            gap for lane in lanes for gap in gaps_of(await house.moments(recipient_of(lane)), burst=plan.pair_burst)
        ]
        return flow_of(await house.moments(), (await house.stats())["refused"], skip=0.0), gaps
