"""What the REST API needs for campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from services.ingress.domain.campaigns import (
    AddedRecipients,
    CampaignView,
    RecipientView,
    Verb,
    WantedCampaign,
    WantedRecipient,
)


class Campaigns(Protocol):
    """Templates to many contacts; sender's. Every method raises a PytakeError."""

    async def create(self, *, organization_id: UUID, wanted: WantedCampaign) -> CampaignView:
        """Make a draft, or find the one of this key. Raises InvalidArgument."""

    async def add(
        self, *, organization_id: UUID, campaign_id: UUID, recipients: Sequence[WantedRecipient]
    ) -> AddedRecipients:
        """Add recipients; each counts once. Raises NotFound, FailedPrecondition."""

    async def move(self, *, organization_id: UUID, campaign_id: UUID, verb: Verb) -> CampaignView:
        """Start, pause, resume or cancel. Raises NotFound, FailedPrecondition."""

    async def schedule(self, *, organization_id: UUID, campaign_id: UUID, local_time: str) -> CampaignView:
        """Have it start at a moment. Raises InvalidArgument, NotFound, FailedPrecondition."""

    async def one(self, *, organization_id: UUID, campaign_id: UUID) -> CampaignView:
        """One with its figures. Raises NotFound."""

    async def all(self, *, organization_id: UUID, state: str, limit: int) -> list[CampaignView]:
        """Newest first. Raises InvalidArgument."""

    async def recipients(
        self, *, organization_id: UUID, campaign_id: UUID, after: int, limit: int
    ) -> list[RecipientView]:
        """Recipients in their order. Raises NotFound."""
