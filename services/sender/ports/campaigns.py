"""What campaigns need from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.sender.domain.campaigns import Campaign, Figures, Outcome, Place, Plan, Recipient, State, Verb
from services.sender.domain.standing import Standing
from services.sender.ports import NewMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What becomes of a recipient: a message with the number of its try, or the reason why there is none."""

    n: int
    message: NewMessage | None = None
    tries: int = 0
    reason: str = ""


class CampaignStore(Protocol):
    """Campaigns as people see them. Every method raises errors.Unavailable."""

    async def create(self, *, organization_id: UUID, campaign_id: UUID, plan: Plan) -> tuple[Campaign, bool]:
        """Make a draft, or find the one of this id; tells whether it is new."""

    async def add(
        self, *, organization_id: UUID, campaign_id: UUID, recipients: Sequence[Recipient], cursor: str | None = None
    ) -> int | None:
        """Add recipients in their order; how many are new, or None when the campaign's state does not allow it.

        With a `cursor` they are a page of an audience that router gave to a running campaign; an empty one is the last.
        """

    async def move(
        self, *, organization_id: UUID, campaign_id: UUID, verb: Verb, starts_at: datetime | None = None
    ) -> tuple[Campaign, bool] | None:
        """Change the state as domain.campaigns.MOVES allows; None when it is not allowed.

        Tells whether anything changed. Raises NotFound.
        """

    async def one(self, *, organization_id: UUID, campaign_id: UUID) -> Campaign:
        """One campaign. Raises NotFound."""

    async def figures(self, *, organization_id: UUID, campaign_id: UUID) -> Figures:
        """What became of its recipients, counted anew; of replies the store knows nothing."""

    async def awaited(self, *, organization_id: UUID, campaign_id: UUID, after: int, limit: int) -> Mapping[UUID, int]:
        """Conversations with a sent message, and the second in which it left, of `limit` places after `after`."""

    async def all(
        self, *, organization_id: UUID, state: State | None, limit: int, before: tuple[datetime, UUID] | None
    ) -> list[Campaign]:
        """Newest first, those behind a moment and the id of a campaign made then."""

    async def places(self, *, organization_id: UUID, campaign_id: UUID, after: int, limit: int) -> list[Place]:
        """Recipients in their order."""


class CampaignTurns(Protocol):
    """Campaigns as they are worked off. Every method raises errors.Unavailable; what is stale changes nothing."""

    async def claim(self) -> tuple[Campaign, datetime] | None:
        """Take the turn that is due, for a while; the campaign, and the database's time."""

    async def rest(self, campaign: Campaign, *, seconds: float, note: str = "") -> None:
        """Have the next turn come then; `note` says what it waits for."""

    async def stop(self, campaign: Campaign, *, state: State, note: str) -> None:
        """Pause it, or end it, by its own doing."""

    async def due(self, campaign: Campaign, *, limit: int) -> list[Place]:
        """Recipients whose turn has come: those to be tried again, then those not looked at, in their order."""

    async def users_of_a_day(self, campaign: Campaign) -> int:
        """How many users campaigns wrote to from this number within a day."""

    async def hand_on(self, campaign: Campaign, decided: Sequence[Decided], *, paced_until: datetime) -> bool:
        """Put messages into the number's queue and note what became of their recipients, in one transaction.

        False when the campaign changed meanwhile: then nothing happened.
        """

    async def sweep(self, campaign: Campaign) -> list[Outcome]:
        """The outcomes that follow those already looked through; none at the end."""

    async def swept(
        self, campaign: Campaign, *, swept_n: int, is_clean: bool, retries: Mapping[int, float], seconds: float
    ) -> None:
        """Note how far outcomes were looked through, and who is tried again in how many seconds.

        The next turn comes in `seconds`.
        """

    async def has_retries(self, campaign: Campaign) -> bool:
        """Whether anybody waits to be tried again."""


@dataclass(frozen=True, slots=True)
class AudiencePage:
    """Contacts as recipients; `cursor` is empty after the last."""

    recipients: Sequence[Recipient]
    cursor: str


class Audiences(Protocol):
    """Contacts, which are router's."""

    async def page(
        self, *, organization_id: UUID, tags: Sequence[str], attributes: Mapping[str, str], cursor: str
    ) -> AudiencePage:
        """Contacts with any of the tags and all of the attributes, from `cursor` on. Raises a PytakeError."""

    async def replies(self, *, organization_id: UUID, awaited: Mapping[UUID, int]) -> int:
        """In how many conversations the contact wrote since so many seconds since 1970. Raises a PytakeError."""


class Standings(Protocol):
    """How numbers and templates stand. Every method raises errors.Unavailable (of the database)."""

    async def of(self, *, organization_id: UUID, phone_number_id: str, template: str) -> Standing:
        """How a number and a template (NAME/LANGUAGE) stand at this moment."""

    async def waiting(self, *, organization_id: UUID, phone_number_id: str) -> int:
        """How many messages wait in the number's queue."""
