"""Bodies on their way in: time, size, and one memory for all large ones."""

import asyncio
from collections.abc import Sequence

import pytest

from services.ingress.http.body import (
    SMALL_BYTES,
    STRIDE_BYTES,
    TURNED_AWAY_PER_SECOND,
    WHOLE_SECONDS,
    Bodies,
    Body,
    Crowded,
    EndedEarly,
    TooLarge,
    TooSlow,
)

MOST = 1_000_000


class Sender:
    """What a client sends, chunk by chunk; without `ends` the rest never comes."""

    def __init__(self, chunks: Sequence[bytes], *, ends: bool = True) -> None:
        self._chunks = list(chunks)
        self._ends = ends
        self.is_waited_for = asyncio.Event()

    async def receive(self) -> dict[str, object]:
        if not self._chunks:
            self.is_waited_for.set()
            await asyncio.Event().wait()
        chunk = self._chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks) or not self._ends}


def body_of(*chunks: bytes, bodies: Bodies | None = None, most: int = MOST, ends: bool = True) -> Body:
    return Body(bodies or Bodies(), Sender(chunks, ends=ends).receive, most)


async def stuck(bodies: Bodies, size: int) -> tuple[Body, asyncio.Task[bytes]]:
    """A body of which so much has come, and no more comes."""
    sender = Sender([b"x" * size], ends=False)
    body = Body(bodies, sender.receive, MOST)
    reading = asyncio.create_task(body.read(seconds=3600))
    await sender.is_waited_for.wait()
    return body, reading


@pytest.mark.parametrize("chunks", [[b""], [b"all"], [b"a", b"b", b"c"], [b"x" * 300_000], [b"x" * 40_000] * 5])
async def test_a_body_is_its_chunks(chunks: list[bytes]) -> None:
    assert await body_of(*chunks).read() == b"".join(chunks)


@pytest.mark.parametrize("chunks", [[b"x" * (MOST + 1)], [b"x" * 600_000] * 2])
async def test_a_body_larger_than_it_may_be_is_not_read_to_its_end(chunks: list[bytes]) -> None:
    with pytest.raises(TooLarge):
        await body_of(*chunks).read()


async def test_a_client_that_leaves_in_the_middle_sent_no_body() -> None:
    async def leave() -> dict[str, object]:
        return {"type": "http.disconnect"}

    with pytest.raises(EndedEarly):
        await Body(Bodies(), leave, MOST).read()


async def test_a_body_that_stops_coming_is_not_waited_for() -> None:
    with pytest.raises(TooSlow):
        await body_of(b"half", ends=False).read(seconds=0.0)


async def test_every_stride_of_a_body_has_a_time_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ingress.http.body.STRIDE_SECONDS", 0.0)
    # Enough comes at once for a new stride to begin, and then nothing.
    with pytest.raises(TooSlow):
        await body_of(b"x" * STRIDE_BYTES, ends=False).read(seconds=3600)


async def test_the_body_that_came_first_gives_way_when_memory_is_full() -> None:
    bodies = Bodies(400_000)
    first, first_reading = await stuck(bodies, 150_000)
    second, second_reading = await stuck(bodies, 150_000)

    assert await body_of(b"x" * 200_000, bodies=bodies).read() == b"x" * 200_000
    with pytest.raises(Crowded):
        await first_reading
    assert not second_reading.done()
    first.close()
    second.give_way()
    with pytest.raises(Crowded):
        await second_reading


async def test_memory_is_given_back_when_a_body_is_done_with() -> None:
    bodies = Bodies(250_000)
    for _ in range(5):
        body = body_of(b"x" * 200_000, bodies=bodies)
        await body.read()
        body.close()


async def test_a_body_that_is_whole_does_not_give_way() -> None:
    bodies = Bodies(250_000)
    worked_on = body_of(b"x" * 200_000, bodies=bodies)
    whole = await worked_on.read()

    with pytest.raises(Crowded):
        await body_of(b"x" * 100_000, bodies=bodies).read()
    assert len(whole) == 200_000
    worked_on.close()
    assert await body_of(b"x" * 100_000, bodies=bodies).read() == b"x" * 100_000


async def test_a_body_larger_than_all_memory_turns_nobody_out_for_good() -> None:
    bodies = Bodies(150_000)
    with pytest.raises(Crowded):
        await body_of(b"x" * 200_000, bodies=bodies).read()
    assert await body_of(b"x" * 100_000, bodies=bodies).read() == b"x" * 100_000


async def test_who_found_no_room_is_not_asked_to_give_way_later() -> None:
    bodies = Bodies(150_000)
    turned_away = body_of(b"x" * 200_000, bodies=bodies)
    with pytest.raises(Crowded):
        await turned_away.read()
    turned_away.close()
    _, reading = await stuck(bodies, 100_000)

    assert await body_of(b"x" * 100_000, bodies=bodies).read() == b"x" * 100_000
    with pytest.raises(Crowded):
        await reading


def test_who_found_no_room_is_told_so_after_those_before_him() -> None:
    bodies, half = Bodies(), TURNED_AWAY_PER_SECOND // 2

    assert [bodies.told_at(half, 100.0) for _ in range(3)] == [100.5, 101.0, 101.5]
    assert bodies.told_at(half, 200.0) == 200.5


def test_nobody_waits_for_longer_than_a_body_may_take() -> None:
    bodies = Bodies()

    told = [bodies.told_at(4 * TURNED_AWAY_PER_SECOND, 100.0) for _ in range(9)]

    assert max(told) == told[-1] == 100.0 + WHOLE_SECONDS


async def test_who_waits_to_be_told_holds_no_memory_and_is_forgotten_when_he_leaves() -> None:
    bodies, leaving, pieces = Bodies(300_000), asyncio.Event(), [b"x" * 200_000] * 2

    async def receive() -> dict[str, object]:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": True}
        await leaving.wait()
        return {"type": "http.disconnect"}

    body = Body(bodies, receive, MOST)
    with pytest.raises(Crowded):
        await body.read()
    bodies.told_at(1000 * TURNED_AWAY_PER_SECOND, asyncio.get_running_loop().time())
    waiting = asyncio.create_task(body.wait_to_be_told())
    await asyncio.sleep(0)

    assert await body_of(b"x" * 300_000, bodies=bodies).read() == b"x" * 300_000
    assert not waiting.done()
    leaving.set()
    await waiting


async def test_who_waits_to_be_told_is_told_in_time() -> None:
    body = body_of(ends=False)

    await body.wait_to_be_told()


async def test_small_bodies_pass_while_memory_is_full() -> None:
    bodies = Bodies(100_000)
    _, reading = await stuck(bodies, 90_000)

    assert await body_of(b"x" * SMALL_BYTES, bodies=bodies).read() == b"x" * SMALL_BYTES
    assert not reading.done()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def test_who_waits_for_a_body_can_be_cancelled() -> None:
    _, reading = await stuck(Bodies(), 100_000)
    reading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_who_gave_way_can_still_wait_for_other_things() -> None:
    bodies = Bodies(200_000)
    sender = Sender([b"x" * 150_000], ends=False)

    async def answered() -> str:
        body = Body(bodies, sender.receive, MOST)
        try:
            await body.read(seconds=3600)
        except Crowded:
            await asyncio.sleep(0)
            async with asyncio.timeout(60):
                await asyncio.sleep(0)
            return "refused in order"
        return "read"

    answering = asyncio.create_task(answered())
    await sender.is_waited_for.wait()
    await body_of(b"x" * 100_000, bodies=bodies).read()

    assert await answering == "refused in order"
