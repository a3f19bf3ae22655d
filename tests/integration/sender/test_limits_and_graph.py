"""The number's limit with and without Redis, pauses, and what the Graph client says when the wire breaks."""

import asyncio
import secrets

import pytest

from services.chassis.redis import OptionalRedis
from services.embedded.addresses import LOOPBACK, choose_port
from services.sender.cache import ManagementCalls, NumberLimits
from services.sender.domain.answers import Accepted, Ambiguous, NotSent
from services.sender.graph import GraphApi, retry_after
from services.sender.ports import Paced
from tests.fakes.sender_store import Clock

PATIENT_SECONDS = 60.0
"""Longer than a busy machine is deaf: Redis is there in these tests, or it is not set."""
# A message in 53 s: no other moment comes while a test runs.
SLOW = 0.02


def fresh() -> bool:
    return True


def limits_of(redis: OptionalRedis, clock: Clock, *, replicas: int = 1) -> NumberLimits:
    return NumberLimits(redis, replicas=replicas, monotonic=clock.now, call_seconds=1.0)


async def reserved(limits: NumberLimits, number: Paced, tries: int) -> list[bool]:
    return [is_reserved for is_reserved, _ in await limits.reserve([number] * tries, within=0.0)]


@pytest.mark.parametrize("has_redis", [True, False])
async def test_two_senders_share_one_limit(valkey_url: str, *, has_redis: bool) -> None:
    redis = OptionalRedis(valkey_url if has_redis else "", call_seconds=PATIENT_SECONDS)
    clock, number = Clock(), Paced(secrets.token_hex(8), SLOW)
    first, second = (limits_of(redis, clock, replicas=2) for _ in range(2))
    passed = sum(await reserved(first, number, 30)) + sum(await reserved(second, number, 30))
    # At once only the small burst passes: never the limit of a whole second.
    assert 1 <= passed <= 5
    ((is_reserved, wait),) = await first.reserve([number], within=600.0)
    assert is_reserved
    assert wait > 0
    await redis.close()


@pytest.mark.parametrize("has_redis", [True, False])
async def test_two_senders_share_one_window(valkey_url: str, *, has_redis: bool) -> None:
    redis = OptionalRedis(valkey_url if has_redis else "", call_seconds=PATIENT_SECONDS)
    number = Paced(secrets.token_hex(8), 6.0)
    senders = [limits_of(redis, Clock(), replicas=2) for _ in range(2)]
    entering = [asyncio.create_task(senders[n % 2].enter(number)) for n in range(12)]
    done, waiting = await asyncio.wait(entering, timeout=0.6)
    assert len(done) == 6
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await redis.close()


@pytest.mark.parametrize("has_redis", [True, False])
async def test_a_number_that_meta_found_too_fast_sends_more_slowly(valkey_url: str, *, has_redis: bool) -> None:
    redis = OptionalRedis(valkey_url if has_redis else "", call_seconds=PATIENT_SECONDS)
    number, limits = Paced(secrets.token_hex(8), 10.0), limits_of(redis, Clock())
    await limits.slow_down(number.phone_number_id)
    await limits.slow_down(number.phone_number_id)  # refused together with the first
    waits = [wait for _, wait in await limits.reserve([number] * 11, within=60.0)]
    # Ten intervals less what may follow at once: 0.915 s at full pace, 1.1 s at 85 % of it.
    assert 1.05 < waits[-1] < 1.2
    await redis.close()


@pytest.mark.parametrize("has_redis", [True, False])
async def test_management_calls_have_a_limit_of_their_own(valkey_url: str, *, has_redis: bool) -> None:
    redis = OptionalRedis(valkey_url if has_redis else "", call_seconds=PATIENT_SECONDS)
    calls = ManagementCalls(redis, per_hour=10.0, replicas=1, monotonic=Clock().now)
    account = secrets.token_hex(8)
    waits = [await calls.take(account) for _ in range(4)]
    assert waits[:2] == [0.0, 0.0]
    assert all(0 < wait < 3600 for wait in waits[2:])
    assert await calls.take(secrets.token_hex(8)) == 0.0
    await redis.close()


async def test_those_who_are_refused_come_back_at_different_times() -> None:
    limits = limits_of(OptionalRedis(""), Clock())
    asked = [Paced("1", 10.0)] * 20
    waits = [wait for is_reserved, wait in await limits.reserve(asked, within=0.0) if not is_reserved]
    assert len(waits) >= 18
    assert waits == sorted(set(waits))
    assert waits[-1] > 1.5


@pytest.mark.parametrize("has_redis", [True, False])
async def test_a_number_that_has_to_rest_rests(valkey_url: str, *, has_redis: bool) -> None:
    redis = OptionalRedis(valkey_url if has_redis else "", call_seconds=PATIENT_SECONDS)
    number, limits = Paced(secrets.token_hex(8), 1000.0), limits_of(redis, Clock())
    await limits.penalize(number.phone_number_id, seconds=30.0)
    ((is_reserved, wait),) = await limits.reserve([number], within=5.0)
    assert not is_reserved
    assert 25.0 < wait < 31.0
    await redis.close()


async def test_without_redis_time_gives_the_number_back() -> None:
    clock = Clock()
    limits = limits_of(OptionalRedis(""), clock)
    passed = 0
    for _ in range(200):
        clock.seconds += 0.01
        passed += sum(await reserved(limits, Paced("1", 10.0), 3))
    assert 18 <= passed <= 22


async def test_a_refused_connection_is_certain() -> None:
    graph = GraphApi(f"http://{LOOPBACK}:{choose_port()}", timeout_seconds=1.0, connections=4)
    await graph.start()
    answer = await graph.post(phone_number_id="1", token="t", body=b"{}", is_fresh=fresh)
    assert isinstance(answer, NotSent)
    await graph.stop()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"", Ambiguous),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", Ambiguous),
        (b"no HTTP at all\r\n\r\n", Ambiguous),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", Ambiguous),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{"messages":[{"id":"wamid"}]}', Ambiguous),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n{"messages":[{"id":"wamid"}]}', Accepted),
    ],
)
async def test_after_the_request_is_written_only_a_whole_answer_is_one(reply: bytes, expected: type) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(reply)
        await writer.drain()
        writer.close()

    port = choose_port()
    server = await asyncio.start_server(serve, LOOPBACK, port)
    graph = GraphApi(f"http://{LOOPBACK}:{port}", timeout_seconds=2.0, connections=4)
    await graph.start()
    answer = await graph.post(phone_number_id="1", token="t", body=b"{}", is_fresh=fresh)
    assert isinstance(answer, expected)
    await graph.stop()
    server.close()
    await server.wait_closed()


def test_retry_after_may_be_seconds_or_a_date() -> None:
    assert retry_after("7") == 7.0
    assert retry_after("999999") == 3600.0
    assert retry_after("Thu, 01 Jan 2015 00:00:00 GMT") == 0.0
    assert retry_after("Fri, 01 Jan 2100 00:00:00 GMT") == 3600.0
    assert [retry_after(text) for text in (None, "", "soon", "-1")] == [None] * 4
