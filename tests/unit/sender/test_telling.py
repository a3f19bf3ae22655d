"""What became of messages: in pages without gaps, and as it happens, from wherever a reader stopped."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound, Unavailable
from services.sender.domain.changes import Change, in_order
from services.sender.domain.settling import PairLimit
from services.sender.ports import NewMessage
from services.sender.ports.teams import MessageFilter, Positions
from services.sender.usecases.sending import message_id_of
from services.sender.usecases.telling import (
    MOST_WATCHERS,
    STREAM_SECONDS,
    TellMessages,
    Told,
    Watched,
    WatchMessages,
)
from tests.fakes.sender_store import Clock, FakeStore

ORGANIZATION = UUID(int=7)


LANE = UUID(int=1)


def change(message: UUID, status: str, lane: UUID = LANE) -> Change:
    return Change(
        event_id=f"delivery:{message}:{status}", message_id=message, lane_id=lane, status=status, error_code=0,
        occurred_at_us=0,
    )  # fmt: skip


def test_changes_of_a_message_are_put_in_order_and_the_others_stay_where_they_are() -> None:
    ana, bia = uuid4(), uuid4()
    found = [change(ana, "read"), change(bia, "accepted"), change(ana, "accepted"), change(ana, "delivered")]
    assert [(each.message_id, each.status) for each in in_order(found)] == [
        (ana, "accepted"), (bia, "accepted"), (ana, "delivered"), (ana, "read"),
    ]  # fmt: skip


def test_a_failure_is_the_last_word() -> None:
    ana = uuid4()
    assert [each.status for each in in_order([change(ana, "failed"), change(ana, "sent")])] == ["sent", "failed"]


async def stored(count: int) -> TellMessages:
    store = FakeStore(Clock(), limit=PairLimit(45, 6.0))
    await store.enqueue([
        NewMessage(
            organization_id=ORGANIZATION, message_id=message_id_of(ORGANIZATION, f"k{n}"), lane_id=UUID(int=n % 2),
            phone_number_id=str(n % 2), recipient_wa_id="", recipient_user_id="", flow_id="", node_id="", payload=b"",
        )
        for n in range(count)
    ])  # fmt: skip
    return TellMessages(store)


async def test_pages_follow_each_other_without_gap_or_repeat() -> None:
    tell = await stored(7)
    ids: list[UUID] = []
    cursor = ""
    for expected in (3, 3, 1):
        page = await tell.page(organization_id=ORGANIZATION, chosen=MessageFilter(), limit=3, cursor=cursor)
        assert len(page.messages) == expected
        ids += [message.message_id for message in page.messages]
        cursor = page.cursor
    assert not cursor
    assert sorted(ids) == sorted({message_id_of(ORGANIZATION, f"k{n}") for n in range(7)})


async def test_a_filter_holds_over_pages() -> None:
    tell = await stored(6)
    chosen = MessageFilter(lane_id=UUID(int=1), phone_number_id="1", state="queued", status="none")
    page = await tell.page(organization_id=ORGANIZATION, chosen=chosen, limit=2, cursor="")
    rest = await tell.page(organization_id=ORGANIZATION, chosen=chosen, limit=2, cursor=page.cursor)
    assert len(page.messages) + len(rest.messages) == 3


@pytest.mark.parametrize("cursor", ["x", "1.2", ".", "9" * 40 + "." + "0" * 32, "1764072000000000.nonsense"])
async def test_a_cursor_that_was_never_given_out_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidArgument, match="cursor"):
        await (await stored(0)).page(organization_id=ORGANIZATION, chosen=MessageFilter(), limit=0, cursor=cursor)


@pytest.mark.parametrize("chosen", [MessageFilter(state="lost"), MessageFilter(status="seen")])
async def test_a_state_that_does_not_exist_is_refused(chosen: MessageFilter) -> None:
    with pytest.raises(InvalidArgument, match="does not exist"):
        await (await stored(0)).page(organization_id=ORGANIZATION, chosen=chosen, limit=0, cursor="")


async def test_a_message_is_found_by_its_id_and_by_its_key() -> None:
    tell = await stored(1)
    by_key = await tell.one(organization_id=ORGANIZATION, message_id=None, key="k0")
    assert by_key == await tell.one(organization_id=ORGANIZATION, message_id=by_key.message_id, key="")
    with pytest.raises(NotFound):
        await tell.one(organization_id=ORGANIZATION, message_id=None, key="k1")
    with pytest.raises(NotFound):
        await tell.one(organization_id=uuid4(), message_id=by_key.message_id, key="")
    for message_id, key in ((None, ""), (by_key.message_id, "k0")):
        with pytest.raises(InvalidArgument):
            await tell.one(organization_id=ORGANIZATION, message_id=message_id, key=key)


@dataclass
class Feed:
    """Changes in one lane; `most` are read at once. `reads` counts how often changes were asked for."""

    changes: list[Change] = field(default_factory=list)
    most: int = 2
    reads: int = 0
    looks: int = 0

    async def end(self, *, organization_id: UUID) -> Positions:
        self.looks += 1
        return (len(self.changes),)

    async def since(self, *, organization_id: UUID, after: Positions) -> tuple[Positions, list[Change]]:
        self.reads += 1
        found = self.changes[after[0] : after[0] + self.most]
        return (after[0] + len(found),), found


class Time:
    """Goes on by a second with each look, so that streams end."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


async def read(stream: AsyncIterator[Told]) -> tuple[list[Change], str]:
    changes: list[Change] = []
    cursor = ""
    async for told in stream:
        changes += told.changes
        cursor = told.cursor
    return changes, cursor


async def test_a_reader_who_comes_back_with_a_cursor_misses_nothing_and_gets_nothing_twice() -> None:
    feed = Feed()
    watching = WatchMessages(feed, Time())
    cursor = await watching.cursor(organization_id=ORGANIZATION)
    feed.changes = [change(uuid4(), "accepted") for _ in range(5)]
    first, cursor = await read(watching.watch(Watched(organization_id=ORGANIZATION), cursor))
    feed.changes += [change(uuid4(), "sent") for _ in range(3)]
    # Another replica: nothing is kept but the cursor.
    second, _ = await read(WatchMessages(feed, Time()).watch(Watched(organization_id=ORGANIZATION), cursor))
    assert first + second == feed.changes


async def test_without_a_cursor_it_begins_now() -> None:
    feed = Feed([change(uuid4(), "accepted")])
    assert (await read(WatchMessages(feed, Time()).watch(Watched(organization_id=ORGANIZATION), "")))[0] == []


async def test_only_what_is_watched_is_told() -> None:
    mine, lane = uuid4(), uuid4()
    feed = Feed([change(mine, "sent"), change(uuid4(), "sent"), change(uuid4(), "sent", lane)])
    watching = WatchMessages(feed, Time())
    of_message, _ = await read(watching.watch(Watched(organization_id=ORGANIZATION, message_id=mine), "0"))
    of_lane, _ = await read(watching.watch(Watched(organization_id=ORGANIZATION, lane_id=lane), "0"))
    assert [each.message_id for each in of_message] == [mine]
    assert [each.lane_id for each in of_lane] == [lane]


async def test_a_slow_reader_is_read_for_no_further_than_it_came() -> None:
    feed = Feed([change(uuid4(), "sent") for _ in range(100)])
    stream = WatchMessages(feed, Time()).watch(Watched(organization_id=ORGANIZATION), "0")
    assert (await anext(stream)).changes == []
    await anext(stream)
    assert feed.reads == 1


async def test_a_stream_ends_by_itself_and_when_the_process_stops() -> None:
    time = Time()
    await read(WatchMessages(Feed(), time).watch(Watched(organization_id=ORGANIZATION), ""))
    assert time.seconds >= STREAM_SECONDS
    stopped = WatchMessages(Feed(), lambda: 0.0)
    await stopped.stop()
    assert await read(stopped.watch(Watched(organization_id=ORGANIZATION), "")) == ([], "0")


async def test_no_more_watch_than_a_process_can_serve() -> None:
    watching = WatchMessages(Feed(), lambda: 0.0)
    streams = [watching.watch(Watched(organization_id=ORGANIZATION), "") for _ in range(MOST_WATCHERS + 1)]
    for stream in streams[:-1]:
        await anext(stream)
    with pytest.raises(Unavailable):
        await anext(streams[-1])
    await watching.stop()
    await read(streams[0])
    await read(watching.watch(Watched(organization_id=ORGANIZATION), ""))


@pytest.mark.parametrize("cursor", ["a", "1.", "-1", "9" * 30])
async def test_a_place_that_was_never_given_out_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidArgument, match="cursor"):
        await anext(WatchMessages(Feed(), Time()).watch(Watched(organization_id=ORGANIZATION), cursor))
