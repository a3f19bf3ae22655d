"""What ingress needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.chassis.queue import Item


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event that drives no conversation; `fields` is its normal form as JSON text."""

    key: str
    disposition: str
    type: str
    phone_number_id: str | None
    reason: str
    fields: str
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one event becomes: a lane item of messages or of statuses, or a kept event. Exactly one is set."""

    message: Item | None = None
    status: Item | None = None
    kept: KeptEvent | None = None


@dataclass(frozen=True, slots=True)
class MetaApp:
    """A Meta app with its secrets in clear; lives in memory only."""

    organization_id: UUID
    name: str
    app_secret: str
    previous_app_secret: str | None
    verify_token: str
    updated_at: datetime | None = None

    @property
    def reference(self) -> str:
        """How other rooms name it: organization_id/name."""
        return f"{self.organization_id}/{self.name}"


class Store(Protocol):
    """ingress' tables."""

    async def accept(self, entries: Sequence[Accepted]) -> Sequence[None]:
        """Make all entries durable in one transaction; repeats change nothing. Raises Unavailable."""

    async def list_apps(self) -> list[MetaApp]:
        """All Meta apps. Raises Unavailable."""

    async def put_app(self, app: MetaApp) -> bool:
        """Create or replace an app; tells whether anything changed. A changed secret becomes the previous one."""

    async def list_events(self, *, disposition: str, limit: int) -> list[KeptEvent]:
        """Kept events, newest first; an empty disposition means all."""

    async def oldest_unapplied_status_ms(self) -> int:
        """Age of the oldest status not applied yet, 0 when there is none."""
