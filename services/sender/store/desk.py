"""Events of the desk on their way: they travel with the changes of messages, each conversation's in one lane.

So who watches and who turns changes into calls of webhooks reads both with one cursor. Analytics is not told of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from services.chassis.db import Database
from services.chassis.queue import Item, Lanes
from services.sender.domain.desk import DeskEvent, written
from services.sender.store.rows import RECORD_SHARDS


class PostgresDesk:
    """See ports.teams.Desk."""

    def __init__(self, database: Database, records: Lanes) -> None:
        self._database = database
        self._records = records

    async def tell(self, events: Sequence[tuple[UUID, DeskEvent]]) -> list[bool]:
        """See Desk."""
        items = [_item(organization_id, event) for organization_id, event in events]
        entering = self._records.enqueueing(items)
        rows = await self._database.batch({item.group_id for item in items}, entering.steps)
        return entering.read(rows)


def _item(organization_id: UUID, event: DeskEvent) -> Item:
    lane_id = uuid5(organization_id, f"records:{event.lane_id.int % RECORD_SHARDS}")
    return Item(organization_id, lane_id, event.event_id, written(event))
