"""The webhook over ASGI when there is much of it: large bodies, many events, refusals without a task."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping, Sequence

import httpx
import pytest

from services.ingress.apps import house_app
from services.ingress.http import Bodies, WebhookEndpoint
from services.ingress.http.body import SMALL_BYTES
from services.ingress.http.connection import Refusal
from services.ingress.ports import Accepted
from services.ingress.usecases import MOST_EVENTS
from tests.fakes.ingress import MemoryStore
from tests.fixtures.webhooks import MOST_BYTES, PATH, Entrance, messages_body, signature

SECRET, TOKEN = "the house's secret", "the-house-token"
FORGED = "sha256=" + "0" * 64
REFUSED = {"detail": "Invalid signature", "error_code": "WEBHOOK_INVALID_SIGNATURE"}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def door(store: MemoryStore) -> AsyncIterator[Entrance]:
    entrance = Entrance(store, house_app(SECRET, TOKEN))
    yield entrance
    await entrance.client.aclose()


async def test_more_events_than_any_body_of_metas_has_are_refused_before_one_is_stored(
    door: Entrance, store: MemoryStore
) -> None:
    entrance = Entrance(store, house_app(SECRET, TOKEN), most_bytes=4_000_000)
    body = json.loads(messages_body("oi"))
    body["entry"][0]["changes"][0]["value"]["messages"] = [1] * (MOST_EVENTS + 1)

    async with entrance.client:
        answer = await entrance.post(json.dumps(body).encode(), secret=SECRET)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "WEBHOOK_MALFORMED_BODY")
    assert "more than 10,000 events" in answer.json()["detail"]
    assert store.stored() == 0


async def test_others_are_answered_between_the_slices_of_a_large_body(door: Entrance, store: MemoryStore) -> None:
    large = messages_body(*(str(n) for n in range(1000)), contact="5511900000001")
    stored_before: list[int] = []

    async def small() -> None:
        assert (await door.post(messages_body("oi"), secret=SECRET)).status_code == 200
        stored_before.append(store.stored())

    answer, _ = await asyncio.gather(door.post(large, secret=SECRET), small())

    assert answer.status_code == 200
    assert stored_before[0] < 1001
    assert store.stored() == 1001


async def test_a_large_body_that_fails_half_way_comes_again_and_is_whole(door: Entrance) -> None:
    class Failing(MemoryStore):
        is_failing = True

        async def accept(self, entries: Sequence[Accepted]) -> Sequence[None]:
            self.is_away = self.is_failing and self.stored() >= 200
            return await MemoryStore.accept(self, entries)

    store = Failing()
    entrance = Entrance(store, house_app(SECRET, TOKEN))
    body = messages_body(*(str(n) for n in range(1000)))
    async with entrance.client:
        first = await entrance.post(body, secret=SECRET)
        store.is_failing = store.is_away = False
        second = await entrance.post(body, secret=SECRET)

    assert (first.status_code, second.status_code) == (503, 200)
    assert [item.event_id for lane in store.messages.values() for item in lane] == [
        f"message:700800900:wamid.{n}" for n in range(1000)
    ]


async def test_large_bodies_wait_for_each_other_and_small_ones_for_none(store: MemoryStore) -> None:
    entrance = Entrance(store, house_app(SECRET, TOKEN), most_bytes=4_000_000)
    large = b"x" * 1_000_000

    async with entrance.client:
        forged = [entrance.post(large, header=FORGED) for _ in range(5)]
        answers = await asyncio.gather(entrance.post(messages_body("oi"), secret=SECRET), *forged)

    assert [answer.status_code for answer in answers] == [200] + [403] * 5


@pytest.mark.parametrize("header", [None, FORGED])
async def test_a_post_that_is_not_read_to_its_end_is_the_last_of_its_connection(
    door: Entrance, header: str | None
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 10_000

    assert (await door.post(endless(), header=header)).headers["connection"] == "close"


async def test_a_post_that_may_be_taken_later_says_when(door: Entrance, store: MemoryStore) -> None:
    store.is_away = True

    assert (await door.post(messages_body("oi"), secret=SECRET)).headers["retry-after"] == "1"


async def test_a_large_body_is_told_when_there_is_no_room_for_it(store: MemoryStore) -> None:
    entrance = Entrance(store, house_app(SECRET, TOKEN))
    endpoint = WebhookEndpoint(entrance.intake, max_body_bytes=MOST_BYTES, bodies=Bodies(100_000))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(endpoint), base_url="http://ingress")

    async with client:
        answer = await client.post(PATH, content=b"x" * 150_000, headers={"x-hub-signature-256": FORGED})

    assert (answer.status_code, answer.json()["error_code"]) == (503, "WEBHOOK_CROWDED")


def whole(body: bytes, header: str | None, *, method: str = "POST", path: str = PATH) -> MutableMapping[str, object]:
    headers = [] if header is None else [(b"x-hub-signature-256", header.encode())]
    return {"type": "http", "method": method, "path": path, "headers": headers}


async def test_a_whole_post_that_nobody_signed_is_refused_at_once(door: Entrance) -> None:
    await door.post(messages_body("warm"), secret=SECRET)
    body = bytearray(messages_body("oi"))
    refused = Refusal(403, json.dumps(REFUSED, separators=(",", ":")).encode())

    for header in (None, "", FORGED, signature(b"other bytes", SECRET)):
        assert door.endpoint.refuse_at_once(whole(body, header), body) == refused
    assert door.endpoint.refuse_at_once(whole(body, signature(body, SECRET), path=f"{PATH}/other"), body) == refused


async def test_what_cannot_be_told_at_once_is_served(door: Entrance) -> None:
    await door.post(messages_body("warm"), secret=SECRET)
    body, large = bytearray(messages_body("oi")), bytearray(SMALL_BYTES + 1)

    assert door.endpoint.refuse_at_once(whole(body, signature(body, SECRET)), body) is None
    assert door.endpoint.refuse_at_once(whole(body, FORGED, method="GET"), body) is None
    assert door.endpoint.refuse_at_once(whole(body, FORGED, path="/api/v1/flows"), body) is None
    assert door.endpoint.refuse_at_once(whole(large, FORGED), large) is None
    # A new app may have been added by now.
    door.seconds += 0.6
    assert door.endpoint.refuse_at_once(whole(body, FORGED), body) is None


async def test_what_was_proven_at_once_is_neither_read_nor_hashed_again(door: Entrance, store: MemoryStore) -> None:
    body = messages_body("oi")
    await door.post(messages_body("warm"), secret=SECRET)
    scope = whole(bytearray(body), signature(body, SECRET))
    assert door.endpoint.refuse_at_once(scope, bytearray(body)) is None
    sent: list[MutableMapping[str, object]] = []

    async def never() -> dict[str, object]:
        raise AssertionError("the body was read")

    async def send(message: MutableMapping[str, object]) -> None:
        sent.append(message)

    await door.endpoint(scope, never, send)

    assert sent[0]["status"] == 200
    assert store.stored() == 2
