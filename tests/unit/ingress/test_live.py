"""Listeners: how many, how long, and that they leave when the process ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import Unavailable
from services.ingress.domain.outgoing import Told
from services.ingress.domain.people import ConversationView, Seen
from services.ingress.live import LiveEvents
from services.ingress.ports.people import Views
from services.pb.common.v1 import errors_pb2

CONVERSATION = ConversationView(
    conversation_id="c", contact_id="k", contact_name="Bia", phone_number="5511987654321", user_id="",
    phone_number_id="7001", owner="person", agent_id="", queue_id="", tags=(), is_unread=True,
    last_inbound_at=datetime(2026, 3, 4, 13, tzinfo=UTC), window_expires_at=None,
)  # fmt: skip


class Quiet:
    """sender while nothing happens: one sign of life, then silence."""

    async def watch(
        self, *, organization_id: UUID, conversation_id: str, message_id: str, cursor: str
    ) -> AsyncIterator[Told]:
        yield Told("1", [])
        await asyncio.Event().wait()


async def _yes() -> bool:
    return True


class Lively:
    """router: the conversation is another one each time it is looked at, and each stream tells it twice."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def watch(self, *, organization_id: UUID, conversation_id: str, cursor: str) -> AsyncIterator[Seen]:
        self.asked.append(cursor)
        for number in range(2):
            yield Seen(f"{len(self.asked)}.{number}", CONVERSATION)


class Silent:
    """router while nothing changes."""

    async def watch(self, *, organization_id: UUID, conversation_id: str, cursor: str) -> AsyncIterator[Seen]:
        await asyncio.Event().wait()
        yield Seen("", CONVERSATION)


class Full:
    """router while too many watch."""

    async def watch(self, *, organization_id: UUID, conversation_id: str, cursor: str) -> AsyncIterator[Seen]:
        raise Unavailable("too many watch", reason=errors_pb2.ERROR_REASON_RATE_LIMITED)
        yield Seen("", CONVERSATION)


def events(most: int, views: Views | None = None) -> LiveEvents:
    return LiveEvents(Quiet(), views or Silent(), most=most, monotonic=lambda: 0.0, sleep=asyncio.sleep)


def listen(live: LiveEvents, organization_id: UUID, *, is_viewed: bool = False) -> AsyncIterator[Told | Seen]:
    return live.listen(
        organization_id=organization_id, conversation_id="c", message_id="", cursor="", is_allowed=_yes,
        is_viewed=is_viewed,
    )  # fmt: skip


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


async def test_a_conversation_is_told_beside_its_messages_and_gone_on_with_where_it_was() -> None:
    views = Lively()
    stream = listen(events(4, views), uuid4(), is_viewed=True)

    told = [await anext(stream) for _ in range(6)]

    assert {each.cursor for each in told if isinstance(each, Told)} == {"1"}
    assert [each.cursor for each in told if isinstance(each, Seen)][:3] == ["1.0", "1.1", "2.0"]
    assert views.asked[:2] == ["", "1.1"]
    await stream.aclose()  # type: ignore[attr-defined]  # a generator


async def test_who_finds_no_room_at_router_is_told_so_and_makes_room_here() -> None:
    live, one = events(4, Full()), uuid4()

    for _ in range(3):
        with pytest.raises(Unavailable):
            async for _told in listen(live, one, is_viewed=True):
                pass


async def test_a_stream_of_a_conversation_ends_with_the_process_too() -> None:
    live = events(4)
    stream = listen(live, uuid4(), is_viewed=True)
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream, None))
    await asyncio.sleep(0)

    await live.close()

    assert await waiting is None
