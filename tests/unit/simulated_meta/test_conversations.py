"""What one phone shows, without a server."""

import asyncio

from services.embedded.meta.conversations import KEPT, Conversation
from services.embedded.meta.screen import Bubble


def mine(name: str, status: str = "sent") -> Bubble:
    return Bubble(name, True, "text", name, 0, status=status)


async def test_a_conversation_is_open_while_anybody_looks_at_it() -> None:
    conversation = Conversation()
    with conversation.on_screen():
        with conversation.on_screen():
            assert conversation.is_open
        assert conversation.is_open
    assert not conversation.is_open


async def test_what_was_unread_is_read_once_somebody_looks() -> None:
    conversation = Conversation()
    read: list[str] = []
    conversation.unread.append(lambda: read.append("one"))
    with conversation.on_screen():
        assert read == ["one"]
    with conversation.on_screen():
        assert read == ["one"]


async def test_ticks_never_fall() -> None:
    conversation = Conversation()
    conversation.show(mine("a"))
    conversation.tick("a", "read")
    before = conversation.sequence
    conversation.tick("a", "delivered")
    conversation.tick("unknown", "delivered")
    assert [bubble.status for bubble in conversation.bubbles] == ["read"]
    assert conversation.sequence == before


async def test_a_changed_bubble_keeps_its_place() -> None:
    conversation = Conversation()
    for name in ("a", "b"):
        conversation.show(mine(name))
    conversation.tick("a", "delivered")
    assert [bubble.id for bubble in conversation.bubbles] == ["a", "b"]


async def test_a_reader_far_behind_gets_what_is_still_remembered() -> None:
    conversation = Conversation()
    for turn in range(KEPT + 10):
        conversation.show(mine(f"{turn}"))
    events = conversation.events(1)
    assert (await anext(events)).sequence == 11
    await events.aclose()


async def test_a_waiting_reader_is_woken_by_news_and_by_the_end() -> None:
    conversation = Conversation()
    events = conversation.events(0)
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    conversation.show(mine("a"))
    assert (await waiting).sequence == 1
    ending = asyncio.ensure_future(anext(events, None))
    await asyncio.sleep(0)
    conversation.close()
    assert await ending is None
