"""Partitions of all boxes: made ahead of time, dropped when no repeat can come any more."""

from __future__ import annotations

from services.chassis.db import Database, run
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
