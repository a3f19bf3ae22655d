"""Rate limits: as many permits as the limit says, one back at a time, all keys or none; whose address counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.redis import OptionalRedis
from services.ingress import cache
from services.ingress.cache import RateLimits
from services.ingress.domain.addresses import client_of
from services.ingress.domain.limits import Limit, LimitReached, Spending, spend, tightest
from tests.fixtures.rest import Clock

FIVE = Limit(5, 60.0)

limits = st.builds(Limit, st.integers(1, 1000), st.sampled_from([60.0, 3600.0]))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rates(clock: Clock) -> RateLimits:
    return RateLimits(OptionalRedis(""), clock.monotonic)


async def passes(rates: RateLimits, *spendings: Spending) -> bool:
    try:
        await rates.spend(*spendings)
    except LimitReached:
        return False
    return True


@given(limits, st.floats(0, 1e7))
def test_so_many_at_once_and_then_none(limit: Limit, now: float) -> None:
    mark, given_ = 0.0, 0
    for _ in range(limit.permits + 3):
        mark, account = spend(mark, limit, now)
        given_ += account.is_given

    assert given_ == limit.permits
    assert account.remaining == 0
    assert 0 < account.wait_seconds <= limit.interval * 1.01


@given(limits, st.lists(st.floats(0, 100), max_size=300))
def test_never_more_than_the_limit_and_what_came_back_since(limit: Limit, pauses: list[float]) -> None:
    mark, now, start, given_ = 0.0, 1000.0, 1000.0, 0
    for pause in pauses:
        now += pause
        mark, account = spend(mark, limit, now)
        given_ += account.is_given
        assert given_ <= limit.permits + (now - start) / limit.interval + 0.02
        assert 0 <= account.remaining < limit.permits


@given(limits)
def test_who_waits_as_long_as_he_is_told_gets_a_permit(limit: Limit) -> None:
    mark, now = 0.0, 50.0
    for _ in range(limit.permits):
        mark, _account = spend(mark, limit, now)
    mark, refused = spend(mark, limit, now)

    _, account = spend(mark, limit, now + refused.wait_seconds)

    assert account.is_given


async def test_a_limit_of_five_a_minute_is_full_again_after_a_minute(rates: RateLimits, clock: Clock) -> None:
    key = Spending("a", FIVE)

    assert [await passes(rates, key) for _ in range(7)] == [True] * 5 + [False] * 2
    clock.seconds += 12.5
    assert [await passes(rates, key) for _ in range(2)] == [True, False]
    clock.seconds += 120
    assert [await passes(rates, key) for _ in range(6)] == [True] * 5 + [False]


async def test_where_one_key_is_used_up_the_others_are_not_charged(rates: RateLimits) -> None:
    narrow, wide = Spending("narrow", Limit(1, 60.0)), Spending("wide", Limit(3, 60.0))
    assert await passes(rates, narrow)

    assert [await passes(rates, narrow, wide) for _ in range(5)] == [False] * 5

    assert [await passes(rates, wide) for _ in range(4)] == [True] * 3 + [False]


async def test_the_tightest_account_is_told(rates: RateLimits) -> None:
    account = await rates.spend(Spending("few", Limit(3, 60.0)), Spending("many", Limit(100, 60.0)))

    assert account is not None
    assert (account.limit.permits, account.remaining, account.reset_seconds) == (3, 2, 20.0)


def test_a_wait_is_tighter_than_an_empty_account() -> None:
    empty, waiting = spend(0.0, Limit(1, 60.0), 5.0)[1], spend(100.0, FIVE, 5.0)[1]

    assert tightest([empty, waiting]) == waiting


async def test_no_permits_mean_no_limit(rates: RateLimits) -> None:
    assert await rates.spend(Spending("a", Limit(0, 60.0))) is None


async def test_a_flood_of_keys_does_not_fill_the_memory(rates: RateLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_MARKS", 10)

    for n in range(100):
        await rates.spend(Spending(str(n), FIVE))

    assert len(rates._marks) == 10


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        ("192.0.2.7", [], 0, "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], 0, "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], 1, "198.51.100.1"),
        # What a client writes itself stands to the left of what our proxies add.
        ("192.0.2.7", ["203.0.113.9, 198.51.100.1"], 1, "198.51.100.1"),
        ("192.0.2.7", ["203.0.113.9", "198.51.100.1, 192.0.2.1"], 2, "198.51.100.1"),
        ("192.0.2.7", [], 1, "192.0.2.7"),
        ("2001:db8:1:2:3::9", [], 0, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", [], 0, "192.0.2.7"),
        ("192.0.2.7", ["x" * 500], 1, "x" * 64),
        ("", [], 0, ""),
    ],
)
def test_a_clients_address_is_what_the_outermost_trusted_proxy_heard(
    peer: str, forwarded: list[str], trusted: int, client: str
) -> None:
    assert client_of(peer, forwarded, trusted_proxies=trusted) == client
