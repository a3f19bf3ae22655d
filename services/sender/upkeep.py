"""Partitions of all boxes, made ahead of time and dropped when no repeat can come; messages that are due again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.chassis.db import Database, run
from services.chassis.queue import Bell
from services.chassis.queue.schema import KEEP_DAYS

_BOXES = ("sender.inbox_item", "sender.records_item", "sender.failures_item", "sender.hooks_item")
_WEEKS_AHEAD = 3


async def ensure_partitions(database: Database) -> None:
    """Make the partitions of this week and the next ones."""
    async with database.transaction(()) as connection:
        for table in _BOXES:
            await run(
                connection, "SELECT app.ensure_partitions(%(table)s::regclass, 'week', %(ahead)s::int)",
                {"table": table, "ahead": _WEEKS_AHEAD},
            )  # fmt: skip


async def drop_old_items(database: Database) -> None:
    """Drop partitions whose items nobody will repeat."""
    async with database.transaction(()) as connection:
        for table in _BOXES:
            await run(
                connection, "SELECT app.drop_old_items(%(table)s::regclass, %(days)s::int)",
                {"table": table, "days": KEEP_DAYS},
            )  # fmt: skip


class Requeue:
    """Puts messages that stepped aside into their lanes again, once they are due."""

    def __init__(self, requeue_due: Callable[[], Awaitable[int]], bell: Bell) -> None:
        self._requeue_due = requeue_due
        self._bell = bell

    async def __call__(self) -> None:
        """One turn: batch after batch, while there is something."""
        while await self._requeue_due():
            self._bell.ring()
