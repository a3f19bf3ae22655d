"""Three sender processes and a flood: Meta refuses nothing, and no second has more than the limit."""

from pathlib import Path

from tests.fixtures.servers import Database, Servers
from tests.limits.figures import flow_of, gaps_of
from tests.limits.floods import flood_number, flood_pairs
from tests.limits.house import Plan


async def test_three_senders_together_keep_a_numbers_limit(
    tmp_path: Path, database: Database, servers: Servers
) -> None:
    plan = Plan(per_second=40.0, redis_url=servers.valkey)

    flow = await flood_number(plan, tmp_path, database.url_of("sender"), seconds=4)

    assert flow.refused == {}
    assert flow.most_in_any_second <= plan.per_second


async def test_users_that_get_too_much_at_once_get_it_bit_by_bit(
    tmp_path: Path, database: Database, servers: Servers
) -> None:
    plan = Plan(pair_burst=5, pair_seconds=0.5, redis_url=servers.valkey)

    flow, gaps = await flood_pairs(plan, tmp_path, database.url_of("sender"), pairs=3, beyond=4)

    assert flow.refused == {}
    assert len(gaps) == 3 * 4


def test_a_flow_is_told_by_its_seconds() -> None:
    flow = flow_of([n / 10 for n in range(41)] + [2.05], {}, skip=1.0)
    assert (flow.accepted, flow.per_second) == (42, (10, 11))
    assert flow.most_in_any_second == 11
    assert gaps_of([0.0, 0.1, 0.2, 6.2, 12.3], burst=3) == [6.0, 6.1000000000000005]
