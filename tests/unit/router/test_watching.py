"""A conversation is told as it is, and again after each change, as long as anybody may watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound, Unavailable
from services.router.domain.people import ConversationView, Glance, Handling
from services.router.domain.queues import Entry
from services.router.usecases.watching import STREAM_SECONDS, Seen, WatchConversations

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
OURS = uuid4()
CONVERSATION = ConversationView(
    conversation_id=UUID(int=1),
    contact_id=UUID(int=2),
    contact_name="Iara",
    wa_id="5581900000001",
    user_id="",
    phone_number_id="81",
    owner="bot",
    agent_id=None,
    queue_id=None,
    handling=Handling(),
    is_unread=True,
    last_inbound_at=NOON,
    window_expires_at=NOON,
)
FIRST = Glance(conversation=CONVERSATION, entry_id=None, notes=0, versions=("7", "8", ""))
OTHERS = (
    replace(FIRST, versions=("9", "8", "")),
    replace(FIRST, versions=("7", "9", "")),
    replace(FIRST, notes=1),
    replace(FIRST, entry_id=uuid4()),
    replace(FIRST, conversation=replace(CONVERSATION, conversation_id=uuid4())),
)


@dataclass
class Desk:
    """A conversation that a test changes, and time that passes with every look."""

    glance_now: Glance | None = FIRST
    entries: dict[UUID, Entry] = field(default_factory=dict)
    seconds: float = 0.0
    looks: int = 0
    then: Callable[[int], None] = lambda looks: None

    async def glance(self, *, organization_id: UUID, conversation_id: UUID) -> Glance | None:
        self.looks += 1
        self.seconds += 1.0
        self.then(self.looks)
        return self.glance_now

    async def entry(self, *, organization_id: UUID, entry_id: UUID) -> Entry | None:
        return self.entries.get(entry_id)

    def __call__(self) -> float:
        return self.seconds


def watching(desk: Desk, most: int = 8) -> WatchConversations:
    return WatchConversations(desk, most=most, look_seconds=0.001, monotonic=desk)


async def told(
    watch: WatchConversations, *, cursor: str = "", seconds: float = 1e9, organization_id: UUID = OURS
) -> list[Seen]:
    stream = watch.watch(
        organization_id=organization_id, conversation_id=CONVERSATION.conversation_id, cursor=cursor, seconds=seconds
    )
    async with aclosing(stream):
        return [seen async for seen in stream]


async def test_what_is_comes_at_once_and_a_stream_ends_by_itself() -> None:
    desk = Desk()

    (seen,) = await told(watching(desk))

    assert (seen.conversation, seen.entry, seen.notes) == (CONVERSATION, None, 0)
    assert STREAM_SECONDS <= desk.seconds <= STREAM_SECONDS + 2


@pytest.mark.parametrize("other", OTHERS)
async def test_each_change_is_told_once(other: Glance) -> None:
    desk = Desk()

    def change(looks: int) -> None:
        if looks == 5:
            desk.glance_now = other

    desk.then = change
    first, second = await told(watching(desk))

    assert (first.conversation, second.conversation) == (CONVERSATION, other.conversation)
    assert first.cursor != second.cursor


async def test_with_the_last_cursor_nothing_is_told_until_something_changes() -> None:
    (seen,) = await told(watching(Desk()))

    assert await told(watching(Desk()), cursor=seen.cursor) == []
    assert len(await told(watching(Desk(glance_now=OTHERS[0])), cursor=seen.cursor)) == 1


@pytest.mark.parametrize(
    "cursor", ["x", FIRST.mark.upper(), FIRST.mark + "0", "é" * 64], ids=["short", "upper", "long", "other letters"]
)
async def test_a_cursor_that_nobody_gave_out_is_refused_before_anything_is_looked_at(cursor: str) -> None:
    desk = Desk()
    with pytest.raises(InvalidArgument, match="cursor"):
        await told(watching(desk), cursor=cursor)
    assert desk.looks == 0


async def test_a_stream_ends_with_the_token() -> None:
    desk = Desk()
    await told(watching(desk), seconds=3)
    assert 3 <= desk.seconds <= 5


async def test_a_conversation_that_is_gone_ends_its_stream() -> None:
    desk = Desk()

    def erase(looks: int) -> None:
        if looks == 3:
            desk.glance_now = None

    desk.then = erase
    with pytest.raises(NotFound):
        await told(watching(desk))


async def test_streams_end_when_the_process_does() -> None:
    desk = Desk()
    watch = watching(desk)
    await watch.stop()

    assert len(await told(watch)) == 1
    assert desk.looks == 1


async def test_who_waits_for_a_change_is_told_at_once_that_the_process_ends() -> None:
    desk = Desk()
    watch = WatchConversations(desk, most=8, look_seconds=1e6, monotonic=lambda: 0.0)
    stream = watch.watch(organization_id=OURS, conversation_id=CONVERSATION.conversation_id, cursor="", seconds=1e9)
    await anext(stream)
    waiting = asyncio.create_task(anext(stream, None))  # type: ignore[arg-type]  # a coroutine, as anext's types say not
    await asyncio.sleep(0)

    await watch.stop()

    assert await waiting is None


async def test_an_organization_has_a_quarter_of_the_streams_and_what_ended_makes_room() -> None:
    desk = Desk()
    watch = watching(desk, most=8)
    streams = [
        watch.watch(organization_id=OURS, conversation_id=CONVERSATION.conversation_id, cursor="", seconds=1e9)
        for _ in range(2)
    ]
    for stream in streams:
        await anext(stream)

    with pytest.raises(Unavailable, match="too many"):
        await told(watch)
    assert len(await told(watch, organization_id=uuid4())) == 1

    await streams.pop().aclose()
    assert len(await told(watch)) == 1


async def test_a_process_has_so_many_streams_whosesoever_they_are() -> None:
    watch = watching(Desk(), most=4)
    streams = [
        watch.watch(organization_id=uuid4(), conversation_id=CONVERSATION.conversation_id, cursor="", seconds=1e9)
        for _ in range(4)
    ]
    for stream in streams:
        await anext(stream)

    with pytest.raises(Unavailable, match="too many"):
        await told(watch, organization_id=uuid4())


async def test_a_place_in_the_queues_comes_along() -> None:
    entry_id = uuid4()
    entry = Entry(
        entry_id=entry_id,
        conversation_id=CONVERSATION.conversation_id,
        phone_number_id="81",
        wa_id=CONVERSATION.wa_id,
        user_id="",
        contact_name="Iara",
        queue_id=uuid4(),
        state="waiting",
        priority=50,
        is_vip=False,
        queued_at=NOON,
        context="",
        is_flows=True,
        sla_due_at=None,
        sla_alert_at=None,
        sla_alerted_at=None,
        agent_id=None,
        assigned_at=None,
        ended_at=None,
        end_reason="",
    )
    desk = Desk(glance_now=replace(FIRST, entry_id=entry_id), entries={entry_id: entry})

    (seen,) = await told(watching(desk))

    assert seen.entry == entry
