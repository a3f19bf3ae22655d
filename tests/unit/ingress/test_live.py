"""Listeners: how many, how long, and that they leave when the process ends."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import Unavailable
from services.ingress.domain.outgoing import Told
from services.ingress.live import LiveEvents


class Quiet:
    """sender while nothing happens: one sign of life, then silence."""

    async def watch(
        self, *, organization_id: UUID, conversation_id: str, message_id: str, cursor: str
    ) -> AsyncIterator[Told]:
        yield Told("1", [])
        await asyncio.Event().wait()


async def _yes() -> bool:
    return True


def events(most: int) -> LiveEvents:
    return LiveEvents(Quiet(), most=most, monotonic=lambda: 0.0, sleep=asyncio.sleep)


def listen(live: LiveEvents, organization_id: UUID) -> AsyncIterator[Told]:
    return live.listen(organization_id=organization_id, conversation_id="", message_id="", cursor="", is_allowed=_yes)


async def test_an_organization_may_have_a_quarter_of_the_listeners() -> None:
    live, one, other = events(8), uuid4(), uuid4()
    streams = [listen(live, one) for _ in range(2)]
    for stream in streams:
        await anext(stream)

    with pytest.raises(Unavailable):
        await anext(listen(live, one))
    assert (await anext(listen(live, other))).cursor == "1"


async def test_whoever_leaves_makes_room() -> None:
    live, one = events(4), uuid4()
    stream = listen(live, one)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]  # a generator

    assert (await anext(listen(live, one))).cursor == "1"


async def test_all_streams_end_when_the_process_does() -> None:
    live = events(4)
    stream = listen(live, uuid4())
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream, None))
    await asyncio.sleep(0)

    await live.close()

    assert await waiting is None
