"""What sender's use cases and worker need from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from services.chassis.queue import Claim, Cleared, Page
from services.sender.domain import message
from services.sender.domain.answers import Answer
from services.sender.domain.settling import Turn, Verdict, Wish

Key = tuple[UUID, str]
"""An organization and one of its numbers (phone_number_id)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to be stored; `payload` is the serialized OutboundMessage."""

    organization_id: UUID
    message_id: UUID
    lane_id: UUID
    phone_number_id: str
    recipient_wa_id: str
    recipient_user_id: str
    flow_id: str
    node_id: str
    payload: bytes

    @property
    def key(self) -> message.Key:
        """What names the message."""
        return message.key_of(self.organization_id, self.message_id)

    @property
    def lane(self) -> message.Key:
        """What names its lane."""
        return message.key_of(self.organization_id, self.lane_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent:
    """A status webhook. `callback` is our message id if Meta handed one back; `occurred_at` in seconds, 0 unknown."""

    organization_id: UUID
    event_id: str
    wamid: str
    status: str
    callback: UUID | None
    error_code: int
    occurred_at: int
    recipient_wa_id: str = ""
    recipient_user_id: str = ""


StatusFate = Literal["applied", "nothing", "erased"]
"""What a status came to: it changed something, nothing (or waits for its message), or is of somebody erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Who is erased: conversations, all names, and the texts by which an id of Meta's gives one of them away."""

    conversation_ids: Sequence[UUID]
    wa_ids: Sequence[str]
    user_ids: Sequence[str]
    wamid_parts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Settlement:
    """The verdict of a turn; `has_more` tells that a released lane is ready to be claimed again."""

    verdict: Verdict
    has_more: bool


@dataclass(frozen=True, slots=True)
class Departure:
    """A lane that was held as its messages were stored.

    `settlement` is what the wish for its first message came to; None when there was no wish for it.
    """

    claim: Claim
    settlement: Settlement | None


class Store(Protocol):
    """Messages and lanes. Everything is set-based: one transaction per call. Raises errors.Unavailable."""

    async def enqueue(self, messages: Sequence[NewMessage]) -> list[bool]:
        """Store messages and put them at the ends of their lanes; tells which are new."""

    async def enqueue_and_depart(
        self, messages: Sequence[NewMessage], wishes: Mapping[message.Key, Wish]
    ) -> tuple[list[bool], list[Departure]]:
        """The same; lanes that were idle are held, and the wishes for their first messages decided on.

        `wishes` by the messages' keys; their positions are found out here. A lane without anything new is let go.
        """

    async def claim(self, *, limit: int) -> list[Claim]:
        """Take ready lanes for the time of a lease."""

    async def renew(self, claims: Sequence[Claim]) -> set[tuple[UUID, UUID]]:
        """Lengthen leases; gives the keys (organization, lane) that are still held."""

    async def settle(self, turns: Sequence[tuple[Claim, Turn]]) -> list[Settlement]:
        """Write what lanes bring and decide what each may do next (domain.settling)."""

    async def apply_statuses(self, statuses: Sequence[StatusEvent]) -> list[StatusFate]:
        """Move messages forward, park what no message is known for; what is of somebody erased leaves no trace."""


class Privacy(Protocol):
    """What sender keeps of people. Every method raises errors.Unavailable."""

    async def erase(self, *, organization_id: UUID, job_id: UUID, erasure: Erasure) -> Cleared:
        """Empty messages of what they say and to whom, once each is settled; repeats change nothing.

        Counts are the job's.
        """

    async def page(self, *, organization_id: UUID, conversation_ids: Sequence[UUID], cursor: str) -> Page:
        """What is kept of conversations, from `cursor` on. Raises errors.InvalidArgument."""

    async def expire(self, *, organization_id: UUID, job_id: UUID, before: datetime) -> Cleared:
        """Remove a batch of what was settled before. Counts are the job's."""


class CredentialStore(Protocol):
    """Sealed access tokens."""

    async def put_credential(self, *, organization_id: UUID, phone_number_id: str, token: str) -> bool:
        """Store a token; tells whether it changed. Waiting lanes of the organization become ready."""

    async def tokens(self, keys: Sequence[Key]) -> dict[Key, str]:
        """The tokens of these numbers; a number without one is left out."""

    async def tokens_of(self, *, organization_id: UUID) -> dict[str, str]:
        """Every token of an organization by phone_number_id."""


class Freshness(Protocol):
    """Says right before a request is written whether it may still be."""

    def __call__(self) -> bool:
        """False when too much time has passed since the permission."""


class Graph(Protocol):
    """The Graph API."""

    async def post(self, *, phone_number_id: str, token: str, body: bytes, is_fresh: Freshness) -> Answer:
        """Post a message; never raises but CancelledError."""

    async def check(self, *, phone_number_id: str, token: str) -> str:
        """Ask for the number itself: nothing when all is well, else one sentence with the mend."""

    async def ask(self, path: Sequence[str], query: Mapping[str, str], *, token: str) -> Mapping[str, object] | str:
        """Ask for something below the base; what is told, or why nothing is, one sentence with the mend."""


class NumberGate(Protocol):
    """The throughput limit of each number, shared by all senders."""

    async def reserve(self, numbers: Sequence[str], *, within: float) -> list[tuple[bool, float]]:
        """Reserve each number's next free moment if it comes within so many seconds: (reserved, seconds until it)."""

    async def penalize(self, phone_number_id: str, *, seconds: float) -> None:
        """Let the number rest (Meta said it is too fast)."""


class Watermark(Protocol):
    """Whether every status that could settle a doubt has been applied."""

    async def is_clear(self) -> bool:
        """False as well when ingress cannot be asked."""
