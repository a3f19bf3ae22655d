"""What happens between conversations and people is taken, to be told to an organization's systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from services.sender.domain.desk import DeskEvent
from services.sender.ports.teams import Desk


class HearDesk:
    """Takes events durably, in order within a conversation; repeats change nothing."""

    def __init__(self, desk: Desk, on_told: Callable[[], None]) -> None:
        """`on_told` is called when there is something new."""
        self._desk = desk
        self._on_told = on_told

    async def hear(self, events: Sequence[tuple[UUID, DeskEvent]]) -> list[bool]:
        """Which of these, with their organizations, are new. Raises Unavailable."""
        is_new = await self._desk.tell(events) if events else []
        if any(is_new):
            self._on_told()
        return is_new
