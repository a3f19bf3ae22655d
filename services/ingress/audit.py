"""What people read of the audit log over REST: the chains of several rooms as one list."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

from services.chassis.errors import InvalidArgument
from services.ingress.domain.audit import AuditPage, page_of, read_cursor
from services.ingress.ports import AuditTrail


class AuditTrails:
    """The logs of ingress itself and of the rooms it reaches, by the room's name."""

    def __init__(self, trails: Mapping[str, AuditTrail]) -> None:
        self._trails = trails

    async def page(self, *, organization_id: UUID, room: str, limit: int, before: str) -> AuditPage:
        """Changes of an organization, newest first; an empty `room` means all. Raises InvalidArgument, Unavailable."""
        if room and room not in self._trails:
            raise InvalidArgument(f"room: use one of {', '.join(sorted(self._trails))}, or leave it out")
        rooms = [room] if room else sorted(self._trails)
        try:
            begins = read_cursor(before, rooms)
        except ValueError as error:
            raise InvalidArgument(f"before: {error}; give `next` of the page before, or leave it out") from None
        found = await asyncio.gather(
            *(
                self._trails[name].changes(organization_id=organization_id, limit=limit + 1, before=begins[name])
                for name in rooms
            )
        )
        return page_of(dict(zip(rooms, found, strict=True)), limit=limit)
