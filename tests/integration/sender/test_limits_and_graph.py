"""The number's limit with and without Redis, pauses, and what the Graph client says when the wire breaks."""

import asyncio
import secrets
import uuid

import pytest

from services.chassis.redis import OptionalRedis
from services.embedded.addresses import LOOPBACK, choose_port
from services.sender.cache import NumberLimits, Pauses
from services.sender.domain.answers import Accepted, Ambiguous, NotSent
from services.sender.graph import GraphApi, retry_after
from tests.fakes.sender_store import Clock

PATIENT_SECONDS = 60.0
"""Longer than a busy machine is deaf: Redis is there in these tests, or it is not set."""
# A message in 53 s: no other moment comes while a test runs.
SLOW = 0.02


def fresh() -> bool:
    return True


async def reserved(limits: NumberLimits, number: str, tries: int) -> list[bool]:
    return [is_reserved for is_reserved, _ in await limits.reserve([number] * tries, within=0.0)]


@pytest.mark.parametrize("has_redis", [True, False])
async def test_two_senders_share_one_limit(valkey_url: str, *, has_redis: bool) -> None:
    redis = OptionalRedis(valkey_url if has_redis else "", call_seconds=PATIENT_SECONDS)
    clock, number = Clock(), secrets.token_hex(8)
    first, second = (NumberLimits(redis, rate=SLOW, replicas=2, monotonic=clock.now) for _ in range(2))
    passed = sum(await reserved(first, number, 30)) + sum(await reserved(second, number, 30))
    # At once only the small burst passes: never the limit of a whole second.
    assert 1 <= passed <= 5
    ((is_reserved, wait),) = await first.reserve([number], within=600.0)
    assert is_reserved
    assert wait > 0
    await redis.close()


async def test_those_who_are_refused_come_back_at_different_times() -> None:
    limits = NumberLimits(OptionalRedis(""), rate=10.0, replicas=1, monotonic=Clock().now)
    waits = [wait for is_reserved, wait in await limits.reserve(["1"] * 20, within=0.0) if not is_reserved]
    assert len(waits) >= 18
    assert waits == sorted(set(waits))
    assert waits[-1] > 1.5


@pytest.mark.parametrize("has_redis", [True, False])
async def test_a_number_that_was_too_fast_rests(valkey_url: str, *, has_redis: bool) -> None:
    redis = OptionalRedis(valkey_url if has_redis else "", call_seconds=PATIENT_SECONDS)
    number = secrets.token_hex(8)
    limits = NumberLimits(redis, rate=1000.0, replicas=1, monotonic=Clock().now)
    await limits.penalize(number, seconds=30.0)
    ((is_reserved, wait),) = await limits.reserve([number], within=5.0)
    assert not is_reserved
    assert 25.0 < wait < 31.0
    await redis.close()


async def test_without_redis_time_gives_the_number_back() -> None:
    clock = Clock()
    limits = NumberLimits(OptionalRedis(""), rate=10.0, replicas=1, monotonic=clock.now)
    passed = 0
    for _ in range(200):
        clock.seconds += 0.01
        passed += sum(await reserved(limits, "1", 3))
    assert 18 <= passed <= 21


def test_refusals_of_a_number_that_meet_count_once() -> None:
    clock = Clock()
    pauses = Pauses(clock.now)
    key = (uuid.uuid4(), "1")
    assert pauses.remaining(key)[0] == 0
    assert [pauses.refused(key, code=190, text="expired") for _ in range(3)] == [60, 60, 60]
    clock.seconds = 61
    assert pauses.remaining(key)[0] == 0
    assert pauses.refused(key, code=190, text="expired") == 120
    pauses.mended(key)
    assert pauses.remaining(key) == (0.0, 0, "")


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
