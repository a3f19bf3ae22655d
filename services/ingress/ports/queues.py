"""router's departments, queues and agents, as ingress needs them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.ingress.domain.queues import Agent, Department, EntryPage, Presence, Queue, QueueEntry, Stored


class Queues(Protocol):
    """router's departments, queues and agents, for people.

    Every method raises Unavailable when router is out of reach, InvalidArgument with a sentence that begins with the
    field, NotFound for what is not there, and FailedPrecondition as it says.
    """

    async def departments(self, *, organization_id: UUID) -> list[Department]:
        """By name."""

    async def put_department(self, *, organization_id: UUID, department: Department) -> Stored:
        """Create or replace by name."""

    async def department(self, *, organization_id: UUID, department_id: UUID) -> Department:
        """One of them."""

    async def change_department(
        self, *, organization_id: UUID, department: Department, fields: Collection[str]
    ) -> Department:
        """Change these fields of the one that has the id; gives it as it is then."""

    async def delete_department(self, *, organization_id: UUID, department_id: UUID) -> None:
        """Remove one; raises FailedPrecondition while it has queues."""

    async def queues(self, *, organization_id: UUID) -> list[Queue]:
        """The highest priority first."""

    async def put_queue(self, *, organization_id: UUID, queue: Queue) -> Stored:
        """Create or replace by name."""

    async def queue(self, *, organization_id: UUID, queue_id: UUID) -> Queue:
        """One of them."""

    async def change_queue(self, *, organization_id: UUID, queue: Queue, fields: Collection[str]) -> Queue:
        """Change these fields of the one that has the id; gives it as it is then."""

    async def delete_queue(self, *, organization_id: UUID, queue_id: UUID) -> None:
        """Remove one; raises FailedPrecondition while it is needed."""

    async def agents(self, *, organization_id: UUID) -> list[Agent]:
        """By name."""

    async def put_agent(self, *, organization_id: UUID, agent: Agent) -> Stored:
        """Create or replace by id."""

    async def agent(self, *, organization_id: UUID, agent_id: UUID) -> Agent:
        """One of them."""

    async def change_agent(self, *, organization_id: UUID, agent: Agent, fields: Collection[str]) -> Agent:
        """Change these fields of the one that has the id; gives it as it is then."""

    async def delete_agent(self, *, organization_id: UUID, agent_id: UUID) -> None:
        """Remove one; raises FailedPrecondition while they have conversations."""

    async def set_presence(
        self, *, organization_id: UUID, agent_id: UUID, presence: Presence, seconds: int
    ) -> datetime:
        """What an agent does, for a while; gives its end."""

    async def entries(
        self,
        *,
        organization_id: UUID,
        queue_id: UUID | None,
        agent_id: UUID | None,
        state: str,
        limit: int,
        cursor: str,
    ) -> EntryPage:
        """Conversations among people, newest first; an empty `state` means those that have not ended."""

    async def pull(self, *, organization_id: UUID, agent_id: UUID, queue_ids: Sequence[UUID]) -> QueueEntry | None:
        """Give an agent the conversation whose turn it is."""

    async def assign(self, *, organization_id: UUID, phone_number: str, agent_id: UUID, reason: str) -> QueueEntry:
        """Give a conversation to an agent; raises FailedPrecondition when they cannot be given it."""

    async def transfer(
        self,
        *,
        organization_id: UUID,
        phone_number: str,
        queue_id: UUID | None,
        department_id: UUID | None,
        reason: str,
    ) -> QueueEntry:
        """Put a conversation into a queue, or the first queue of a department."""
