"""What starts a flow is told to router in the transaction that publishes or archives it: no publication without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from services.chassis.db import Connection, fetch_one, run_steps
from services.chassis.queue import Item, Lanes
from services.executor.domain.triggers import Trigger
from services.executor.ports import FlowStarts
from services.executor.store.heads import key_of

# The newest version there ever was: while a flow is published, it is that one.
_NEWEST = """
    SELECT v.version, v.published_at, f.published_version > 0
    FROM executor.flow f
    JOIN executor.flow_version v ON v.organization_id = f.organization_id AND v.flow_id = f.flow_id
    WHERE f.organization_id = %(organization_id)s AND f.flow_id = %(flow_id)s
    ORDER BY v.version DESC LIMIT 1"""


class Starting:
    """Writes the notices. Their lane is the flow, and each counts once, so that a repeat costs nothing."""

    def __init__(self, notices: Lanes, encode: Callable[[FlowStarts], Item], *, on_told: Callable[[], None]) -> None:
        """`on_told` is called when a notice is committed."""
        self._notices = notices
        self._encode = encode
        self.on_told = on_told

    async def tell(
        self, connection: Connection, *, organization_id: UUID, flow_id: UUID, triggers: Sequence[Trigger]
    ) -> None:
        """Tell what starts the flow as it stands now: `triggers` when it is published, nothing when it is archived."""
        row = await fetch_one(connection, _NEWEST, key_of(organization_id, flow_id))
        if row is None:
            return
        version, published_at, is_published = row
        starts = FlowStarts(
            organization_id,
            flow_id,
            # Between two versions lies the archiving of the first.
            2 * version + (not is_published),
            published_at,
            tuple(triggers) if is_published else (),
        )
        await run_steps(connection, self._notices.enqueueing([self._encode(starts)]).steps)
