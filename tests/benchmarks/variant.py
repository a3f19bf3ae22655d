"""What is measured: something that takes webhooks, and the processes whose CPU counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Variant:
    """`pids` maps the name shown in reports to process ids; what descends from them counts too.

    `data` is a house's data folder; baselines have none.
    """

    name: str
    webhook_urls: tuple[str, ...]
    pids: Mapping[str, tuple[int, ...]]
    data: Path | None = None

    @property
    def webhook_url(self) -> str:
        """The first door's."""
        return self.webhook_urls[0]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a variant is told: where Meta is, the secret it signs with, and the business numbers it serves."""

    graph_api_base: str
    app_secret: str
    phone_number_ids: tuple[str, ...]
