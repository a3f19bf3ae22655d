"""Campaigns in Postgres: as people see them, and as they are worked off."""

from services.sender.store.campaigns.book import PostgresCampaigns
from services.sender.store.campaigns.turns import PostgresCampaignTurns

__all__ = ["PostgresCampaignTurns", "PostgresCampaigns"]
