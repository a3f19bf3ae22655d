"""Calls outside, their secrets, and people: what executor needs for what flows order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from services.chassis.egress import Answer
from services.chassis.queue import Claim, Finish, Item, StoredItem
from services.executor.domain.lint import KnownTemplates
from services.executor.domain.requests import EffectRequest


@dataclass(frozen=True, slots=True)
class EffectDue:
    """A claimed effect: `request` is a sentence when it cannot be read, and `age` in seconds is Postgres' word."""

    claim: Claim
    item: StoredItem
    request: EffectRequest | str
    age: float


@dataclass(frozen=True, slots=True)
class EffectSettled:
    """How a claimed effect is given back: with an event for the conversation, or to be gone on with later.

    `buried` says why it was given up.
    """

    finish: Finish
    event: Item | None = None
    buried: str = ""


@dataclass(frozen=True, slots=True)
class Hand:
    """People take a conversation, or give it back; it counts once under `event_id`. `agent` took it, if known."""

    organization_id: UUID
    conversation_id: UUID
    contact_id: UUID
    event_id: str
    outcome: Literal["taken", "released", "no_agent", "closed"]
    agent: str = ""


@dataclass(frozen=True, slots=True)
class SecretName:
    """A secret without its value."""

    name: str
    updated_at: datetime


class Hands(Protocol):
    """Who has conversations, as people want it."""

    async def give(self, hand: Hand) -> bool:
        """Tell the conversation and router, in one transaction; tells whether it is new. Raises Unavailable."""


class EffectBox(Protocol):
    """Calls outside that flows ordered."""

    async def claim(self, *, limit: int, without: Sequence[UUID]) -> Sequence[EffectDue]:
        """Take the first effects of up to `limit` lanes, of none of the organizations in `without`.

        Raises Unavailable.
        """

    async def renew(self, claims: Sequence[Claim]) -> set[tuple[UUID, UUID]]:
        """Lengthen leases; gives the keys (organization, conversation) that are still held. Raises Unavailable."""

    async def settle(self, settled: Sequence[EffectSettled]) -> Sequence[bool]:
        """Give effects back and tell their conversations, in one transaction; tells of each whether that was right.

        False: somebody else holds it by now, and nothing of it was stored. Raises Unavailable.
        """


class Outside(Protocol):
    """The way out."""

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", seconds: float | None = None
    ) -> Answer:
        """Make a call, within `seconds`. Raises Forbidden or NoAnswer."""


class Secrets(Protocol):
    """What calls outside are made with. Every method raises Unavailable."""

    async def put(self, *, organization_id: UUID, name: str, value: str) -> bool:
        """Store a secret; tells whether it changed."""

    async def names(self, *, organization_id: UUID) -> Sequence[SecretName]:
        """The organization's secrets by name, without values."""

    async def delete(self, *, organization_id: UUID, name: str) -> bool:
        """Remove a secret; tells whether there was one."""

    async def values(self, *, organization_id: UUID, names: Collection[str]) -> Mapping[str, str]:
        """The values of those that are there and open."""


class Templates(Protocol):
    """Message templates, as sender knows them."""

    async def known(self, *, organization_id: UUID) -> KnownTemplates | None:
        """What the organization has; None when nobody can tell now, or they were never read from Meta."""
