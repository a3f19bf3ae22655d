"""Rate limits in a real Valkey: many processes, one count."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.chassis.redis import OptionalRedis
from services.ingress.cache import RateLimits
from services.ingress.domain.limits import Account, Limit, LimitReached, Spending
from tests.fixtures.rest import Clock

HOUR = 3600.0
# A permit comes back after an hour: none does while a test runs, however slow the machine is.
TWENTY = Limit(20, 20 * HOUR)
PATIENT_SECONDS = 60.0
"""Longer than a busy machine is deaf: what a late answer means is told in a test of its own."""


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[OptionalRedis]:
    opened = OptionalRedis(valkey_url, call_seconds=PATIENT_SECONDS)
    yield opened
    await opened.close()


@pytest.fixture
def key() -> str:
    return f"test:{uuid4()}"


async def attempt(rates: RateLimits, *spendings: Spending) -> Account:
    try:
        account = await rates.spend(*spendings)
    except LimitReached as reached:
        return reached.account
    assert account is not None
    return account


def rates_on(redis: OptionalRedis) -> RateLimits:
    """One process. Its own clock stands still: what is counted here is counted in Valkey."""
    return RateLimits(redis, Clock().monotonic)


async def test_of_fifty_at_once_twenty_pass(redis: OptionalRedis, key: str) -> None:
    rates = rates_on(redis)

    accounts = await asyncio.gather(*(attempt(rates, Spending(key, TWENTY)) for _ in range(50)))

    passed = [account for account in accounts if account.is_given]
    assert len(passed) == 20
    assert sorted(account.remaining for account in passed) == list(range(20))
    assert all(0 < account.wait_seconds <= HOUR for account in accounts if not account.is_given)


async def test_of_fifty_at_once_twenty_pass_over_five_processes(valkey_url: str, key: str) -> None:
    connections = [OptionalRedis(valkey_url, call_seconds=PATIENT_SECONDS) for _ in range(5)]
    processes = [rates_on(connection) for connection in connections]

    accounts = await asyncio.gather(*(attempt(processes[n % 5], Spending(key, TWENTY)) for n in range(50)))

    assert sum(account.is_given for account in accounts) == 20
    for connection in connections:
        await connection.close()


async def test_where_one_key_is_used_up_the_others_are_not_charged(redis: OptionalRedis, key: str) -> None:
    rates = rates_on(redis)
    narrow, wide = Spending(f"{key}:narrow", Limit(1, HOUR)), Spending(f"{key}:wide", Limit(3, 3 * HOUR))
    assert (await attempt(rates, narrow)).is_given

    refused = await asyncio.gather(*(attempt(rates, narrow, wide) for _ in range(9)))

    assert not any(account.is_given for account in refused)
    assert {account.limit.permits for account in refused} == {1}
    assert [(await attempt(rates, wide)).is_given for _ in range(4)] == [True, True, True, False]


async def test_requests_of_one_moment_travel_together_and_are_told_apart(redis: OptionalRedis, key: str) -> None:
    rates = rates_on(redis)
    limits = {f"{key}:{n}": Limit(n, n * HOUR) for n in range(1, 6)}

    accounts = await asyncio.gather(
        *(
            attempt(rates, Spending(name, limit), Spending(f"{key}:all", Limit(100, 100 * HOUR)))
            for name, limit in limits.items()
        )
    )

    assert [(account.limit.permits, account.remaining) for account in accounts] == [(n, n - 1) for n in range(1, 6)]


async def test_a_permit_comes_back_after_its_part_of_the_time(redis: OptionalRedis, key: str) -> None:
    rates, tenth = rates_on(redis), Spending(key, Limit(2, 0.4))
    assert [(await attempt(rates, tenth)).is_given for _ in range(3)][:2] == [True, True]

    async def comes_back() -> None:
        while not (await attempt(rates, tenth)).is_given:
            pass

    await asyncio.wait_for(comes_back(), 10)


async def test_python_and_valkey_count_alike(redis: OptionalRedis, key: str) -> None:
    there, here = rates_on(redis), rates_on(OptionalRedis(""))
    for permits in (1, 7, 300, 1000):
        spending = Spending(f"{key}:{permits}", Limit(permits, permits * HOUR))
        for _ in range(permits + 2):
            one, other = await attempt(there, spending), await attempt(here, spending)
            assert (one.is_given, one.remaining) == (other.is_given, other.remaining)
            # Valkey's clock goes on between the attempts, the one here stands still.
            assert 0 <= other.reset_seconds - one.reset_seconds < HOUR


async def test_with_valkey_away_each_process_gives_the_whole_limit(key: str) -> None:
    nowhere = OptionalRedis("redis://127.0.0.1:1/0")
    rates = rates_on(nowhere)

    accounts = await asyncio.gather(*(attempt(rates, Spending(key, TWENTY)) for _ in range(50)))

    assert sum(account.is_given for account in accounts) == 20
    await nowhere.close()
