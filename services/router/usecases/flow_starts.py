"""What a flow starts by, as executor tells when it is published or archived."""

from __future__ import annotations

from uuid import UUID

from services.chassis.errors import NotFound
from services.router.domain.flow_triggers import FlowTriggers
from services.router.domain.order import Fate
from services.router.ports import DirectoryStore


class PutFlowTriggers:
    """Stores it; repeats, and what is older than what is known, change nothing."""

    def __init__(self, store: DirectoryStore) -> None:
        self._store = store

    async def put(self, *, organization_id: UUID, flow: FlowTriggers) -> Fate:
        """Store what a flow starts by; gone when the organization is. Raises InvalidArgument when it is too much."""
        try:
            is_newer = await self._store.put_flow_triggers(organization_id=organization_id, flow=flow)
        except NotFound:
            return "gone"
        return "applied" if is_newer else "repeated"
