"""What departments, queues and agents need from outside: their tables, and the rooms that are told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from services.router.domain.conversation import Owner
from services.router.domain.identity import Identity
from services.router.domain.outcome import Outcome
from services.router.domain.queues import (
    Agent,
    AgentRecord,
    Department,
    DeskEvent,
    Entry,
    EntryStory,
    Floor,
    Presence,
    Queue,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation somebody named, and who has it."""

    conversation_id: UUID
    owner: Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries; `state` None: those that have not ended."""

    queue_id: UUID | None = None
    agent_id: UUID | None = None
    state: Literal["waiting", "assigned", "ended"] | None = None


Place = tuple[datetime, UUID]
"""Where a page of entries ended: the last one's time and id."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An entry whose promised time runs out."""

    organization_id: UUID
    entry_id: UUID
    queue_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineNotice:
    """What a contact is to be told who came while nobody is there; `window_expires_at` in seconds since 1970."""

    organization_id: UUID
    entry_id: UUID
    conversation_id: UUID
    phone_number_id: str
    wa_id: str
    user_id: str
    text: str
    window_expires_at: int


@dataclass(frozen=True, slots=True)
class Untold:
    """A change that others were not told of yet; `event` None when it is nothing to tell."""

    organization_id: UUID
    change_id: int
    event: DeskEvent | None


@dataclass(frozen=True, slots=True)
class Unheard:
    """An entry that has ended, and the conversations of contacts merged away whose flows have not heard of it."""

    organization_id: UUID
    entry_id: UUID
    conversation_ids: tuple[UUID, ...]


class QueueStore(Protocol):
    """Departments, queues and agents as they are set up. All raise Unavailable.

    Every edit is given what is there (None: nothing), and gives what should be; it tells that, and whether it differs.
    Edits of an organization go one after the other. They raise what `edit` raises, and NotFound for an unknown
    organization.
    """

    async def edit_department(
        self, *, organization_id: UUID, department_id: UUID, edit: Callable[[Department | None], Department]
    ) -> tuple[Department, bool]:
        """Create or change a department."""
        ...

    async def edit_queue(
        self, *, organization_id: UUID, queue_id: UUID, edit: Callable[[Queue | None], Queue]
    ) -> tuple[Queue, bool]:
        """Create or change a queue. Raises NotFound for an unknown department or overflow queue too."""
        ...

    async def edit_agent(
        self, *, organization_id: UUID, agent_id: UUID, edit: Callable[[Agent | None], Agent]
    ) -> tuple[Agent, bool]:
        """Create or change an agent; what they do stays, and is not told."""
        ...

    async def delete_department(self, *, organization_id: UUID, department_id: UUID) -> None:
        """Raises NotFound, or FailedPrecondition while it has queues."""
        ...

    async def delete_queue(self, *, organization_id: UUID, queue_id: UUID) -> None:
        """Raises NotFound, or FailedPrecondition while conversations are in it or another overflows into it."""
        ...

    async def delete_agent(self, *, organization_id: UUID, agent_id: UUID) -> None:
        """Raises NotFound, or FailedPrecondition while they have conversations."""
        ...

    async def set_presence(self, *, organization_id: UUID, agent_id: UUID, presence: Presence, until: datetime) -> None:
        """What an agent does, for a while. Raises NotFound."""
        ...

    async def floor(self, *, organization_id: UUID) -> Floor:
        """All of them, and who waits and is busy."""
        ...


class EntryStore(Protocol):
    """Conversations among people. All raise Unavailable."""

    async def find(self, *, organization_id: UUID, named: Identity | UUID, phone_number_id: str) -> Found | None:
        """The conversation with this id, or the contact's latest (with the number, unless that is empty)."""
        ...

    async def pull(
        self, *, organization_id: UUID, agent_id: UUID, queue_ids: Collection[UUID], now: datetime
    ) -> Entry | None:
        """Give the agent what comes next; of any number of calls at once no two get the same. Raises NotFound."""
        ...

    async def assign(
        self,
        *,
        organization_id: UUID,
        conversation_id: UUID,
        agent_id: UUID,
        entry_id: UUID,
        reason: str,
        now: datetime,
    ) -> Entry:
        """Give a conversation to an agent; `entry_id` is for one that is not among people yet.

        Raises NotFound, or FailedPrecondition when the agent cannot be given it.
        """
        ...

    async def transfer(
        self,
        *,
        organization_id: UUID,
        conversation_id: UUID,
        queue_id: UUID | None,
        department_id: UUID | None,
        entry_id: UUID,
        reason: str,
        now: datetime,
    ) -> Entry:
        """Put a conversation into a queue, or the first queue of a department. Raises NotFound."""
        ...

    async def end(self, *, organization_id: UUID, conversation_id: UUID, reason: str, now: datetime) -> bool:
        """The bot has the conversation again; tells whether people had it."""
        ...

    async def page(
        self, *, organization_id: UUID, chosen: EntryFilter, limit: int, after: Place | None
    ) -> Sequence[Entry]:
        """Entries, newest first, beyond a place."""
        ...


class QueueWork(Protocol):
    """What is done by itself, by any replica. All raise Unavailable."""

    async def owners(self) -> Sequence[UUID]:
        """The organizations that have queues."""
        ...

    async def alert(self, *, organization_ids: Sequence[UUID], now: datetime, limit: int) -> Sequence[Alert]:
        """Note whose promised time runs out, each once; gives those that were noted now."""
        ...

    async def breach(self, *, organization_ids: Sequence[UUID], now: datetime, limit: int) -> Sequence[Alert]:
        """The same of those whose promised time is over."""
        ...

    async def notices(self, *, organization_ids: Sequence[UUID], limit: int) -> Sequence[OfflineNotice]:
        """Contacts who are still to be told that nobody is there; with an empty text when there is nothing to tell."""
        ...

    async def told(self, notices: Sequence[OfflineNotice]) -> None:
        """They were told."""
        ...

    async def busy_queues(self, *, organization_ids: Sequence[UUID]) -> Sequence[tuple[UUID, UUID]]:
        """Organization and id of queues in which somebody waits to be given to an agent."""
        ...

    async def route(self, *, organization_id: UUID, queue_id: UUID, now: datetime) -> int:
        """Give away what waits in a queue, as far as agents have room; how many. 0 when another replica is at it."""
        ...


class DeskBook(Protocol):
    """What happened among people and is still to be told. Any replica may ask. All raise Unavailable."""

    async def untold(self, *, organization_ids: Sequence[UUID], limit: int) -> Sequence[Untold]:
        """The oldest that was not told, those of a conversation in their order."""
        ...

    async def told(self, changes: Sequence[Untold]) -> None:
        """They were told."""
        ...

    async def audit(self, *, organization_ids: Sequence[UUID], limit: int) -> int:
        """Note in the audit log who got what, up to `limit` an organization; how many were noted."""
        ...

    async def unheard(self, *, organization_ids: Sequence[UUID], limit: int) -> Sequence[Unheard]:
        """What ended, and flows of contacts merged away have not heard of it."""
        ...

    async def heard(self, unheard: Unheard) -> None:
        """They have."""
        ...


class Listener(Protocol):
    """sender, which tells an organization's systems."""

    async def tell(self, events: Sequence[DeskEvent]) -> Sequence[Outcome]:
        """Hand over durably, in order; one outcome an event, repeats are harmless. Raises a PytakeError."""
        ...


class Hands(Protocol):
    """executor, where the flow of a conversation is told who has it."""

    async def take(self, *, organization_id: UUID, conversation_id: UUID, key: str) -> None:
        """People have it; counts once under the key. Nothing happens where no flow knows the conversation."""
        ...

    async def release(self, *, organization_id: UUID, conversation_id: UUID, key: str, is_unattended: bool) -> bool:
        """The bot has it again; counts once under the key. False where no flow knows the conversation."""
        ...


class Announcer(Protocol):
    """sender, for what router itself has to say."""

    async def announce(self, notices: Sequence[OfflineNotice]) -> Sequence[Outcome]:
        """Hand over durably; one outcome a notice, repeats are harmless. Raises a PytakeError."""
        ...


class AgentsLog(Protocol):
    """What happened to entries and analytics does not know yet. Every method raises Unavailable."""

    async def untold(self, *, organization_ids: Sequence[UUID], limit: int) -> Sequence[EntryStory]:
        """Up to so many entries with something untold, with all that happened to them."""

    async def told(self, stories: Sequence[EntryStory]) -> None:
        """What these stories hold is known by now."""


class RecordedBy(Protocol):
    """analytics, which keeps the log."""

    async def record(self, records: Sequence[tuple[EntryStory, AgentRecord]]) -> Sequence[Outcome]:
        """Keep records; each counts once. Raises a PytakeError when nobody knows."""
