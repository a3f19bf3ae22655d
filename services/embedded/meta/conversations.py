"""What each phone shows: bubbles and ticks per business number and person, and who is looking at them."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from .screen import Bubble, Choice

KEPT = 500
"""Bubbles, and events, one conversation remembers."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something the phone shows: a new or changed bubble, or that the business is typing (no bubble)."""

    sequence: int
    bubble: Bubble | None

    def to_json(self) -> dict[str, object]:
        """The data of one server-sent event."""
        if self.bubble is None:
            return {"type": "typing"}
        return {"type": "bubble", "bubble": self.bubble.to_json()}


class Conversation:
    """One phone's view of one business number. A tick is the same bubble again with a higher status."""

    def __init__(self) -> None:
        self._bubbles: dict[str, Bubble] = {}
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._changed = asyncio.Event()
        self._closed = False
        self._readers = 0
        self.sequence = 0
        self.unread: deque[Callable[[], None]] = deque(maxlen=KEPT)
        """One call a bubble of the business that arrived while nobody looked: sends its read status."""

    @property
    def is_open(self) -> bool:
        """Whether someone has this conversation on the screen."""
        return self._readers > 0

    @property
    def bubbles(self) -> list[Bubble]:
        """The bubbles kept, oldest first."""
        return list(self._bubbles.values())

    def show(self, bubble: Bubble) -> None:
        """Add a bubble at the bottom, or change the one of the same id in place."""
        self._bubbles[bubble.id] = bubble
        if len(self._bubbles) > KEPT:
            del self._bubbles[next(iter(self._bubbles))]
        self._tell(bubble)

    def show_typing(self) -> None:
        """The business is typing."""
        self._tell(None)

    def tick(self, bubble_id: str, status: str) -> None:
        """Raise a bubble's ticks; a lower status than shown changes nothing."""
        bubble = self._bubbles.get(bubble_id)
        if bubble and bubble.is_below(status):
            self.show(replace(bubble, status=status))

    def tick_up_to(self, bubble_id: str, status: str) -> None:
        """Raise the ticks of this own bubble and of all own ones before it, as a read receipt does."""
        if bubble_id not in self._bubbles:
            return
        for bubble in self.bubbles:
            if bubble.is_mine:
                self.tick(bubble.id, status)
            if bubble.id == bubble_id:
                return

    def offering(self, wanted: Choice) -> tuple[Bubble, Choice] | None:
        """The newest bubble that offers this choice, with the choice as offered."""
        for bubble in reversed(self._bubbles.values()):
            for choice in bubble.choices:
                if (choice.kind, choice.id) == (wanted.kind, wanted.id):
                    return bubble, choice
        return None

    def newest(self, kind: str) -> Bubble | None:
        """The newest bubble of the business of this kind."""
        return next((each for each in reversed(self.bubbles) if each.kind == kind and not each.is_mine), None)

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._wake()

    @contextmanager
    def on_screen(self) -> Iterator[None]:
        """While inside, the conversation counts as being read; what was unread is read now."""
        self._readers += 1
        while self.unread:
            self.unread.popleft()()
        try:
            yield
        finally:
            self._readers -= 1

    async def events(self, since: int) -> AsyncGenerator[Event, None]:
        """Events after sequence `since` that are still remembered, then those to come, until closed."""
        if since > self.sequence:  # the reader knew an earlier run of this process
            since = 0
        while not self._closed:
            changed = self._changed
            for event in [event for event in self._events if event.sequence > since]:
                since = event.sequence
                yield event
            await changed.wait()

    def _tell(self, bubble: Bubble | None) -> None:
        self.sequence += 1
        self._events.append(Event(self.sequence, bubble))
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
