"""An organization with queues on real Postgres: contacts who wrote, agents, a clock that only tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from services.chassis.audit import AuditLog
from services.chassis.db import Database, fetch_all
from services.chassis.errors import Unavailable
from services.chassis.sealing import NameHasher
from services.pb.common.v1 import errors_pb2
from services.router.domain.contacts import ContactBook
from services.router.domain.conversation import Touch, combine
from services.router.domain.identity import Identity, contact_id_of, conversation_id_of
from services.router.domain.message import Message
from services.router.domain.order import ContactChange, Fate, HandBack, HandOver, Order
from services.router.domain.organization import Number
from services.router.domain.outcome import OK, Outcome
from services.router.domain.queues import Agent, Department, DeskEvent, Entry, Presence, Queue
from services.router.ports.queues import EntryFilter, OfflineNotice
from services.router.store import (
    PostgresDeskBook,
    PostgresDirectory,
    PostgresEntries,
    PostgresOrders,
    PostgresQueues,
    PostgresQueueWork,
    PostgresRouting,
)
from services.router.usecases import ApplyOrders, ConversationName, Handling, QueueSetup, TellDesk, WorkQueues
from tests.fakes.router_peers import FakeSender

NAMES = NameHasher(bytes(32))
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
_NO_ID = UUID(int=0)


@dataclass
class Clock:
    """Time that passes when a test says so."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, **time: float) -> None:
        self.moment += timedelta(**time)


@dataclass
class FakeHands:
    """executor: what flows were told, each key once."""

    told: dict[str, tuple[str, UUID, bool]] = field(default_factory=dict)
    is_away: bool = False

    async def take(self, *, organization_id: UUID, conversation_id: UUID, key: str) -> None:
        self._note(key, "take", conversation_id, is_unattended=False)

    async def release(self, *, organization_id: UUID, conversation_id: UUID, key: str, is_unattended: bool) -> bool:
        self._note(key, "release", conversation_id, is_unattended=is_unattended)
        return True

    def _note(self, key: str, what: str, conversation_id: UUID, *, is_unattended: bool) -> None:
        if self.is_away:
            raise Unavailable("executor is out of reach", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        self.told.setdefault(key, (what, conversation_id, is_unattended))


@dataclass
class FakeAnnouncer:
    """sender: what contacts were told."""

    said: list[OfflineNotice] = field(default_factory=list)
    answer: Outcome = OK

    async def announce(self, notices: Sequence[OfflineNotice]) -> Sequence[Outcome]:
        self.said.extend(notices)
        return [self.answer for _ in notices]


@dataclass
class FakeListener:
    """sender: the events it took, each once, and all that it was told. It is away for so many calls (`absences`);

    so many answers (`losses`) get lost on their way.
    """

    taken: dict[str, DeskEvent] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    calls: int = 0
    absences: int = 0
    losses: int = 0

    async def tell(self, events: Sequence[DeskEvent]) -> Sequence[Outcome]:
        self.calls += 1
        if self.absences:
            self.absences -= 1
            raise Unavailable("sender is out of reach", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        self.told += [event.event_id for event in events]
        for event in events:
            self.taken.setdefault(event.event_id, event)
        if self.losses:
            self.losses -= 1
            raise Unavailable("sender is out of reach", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE)
        return [OK for _ in events]


@dataclass
class Replica:
    """One process of router, as far as queues go."""

    setup: QueueSetup
    handling: Handling
    orders: ApplyOrders
    work: WorkQueues
    telling: TellDesk


@dataclass
class QueueRoom:
    """The organization."""

    database: Database
    organization_id: UUID = field(default_factory=uuid4)
    clock: Clock = field(default_factory=Clock)
    hands: FakeHands = field(default_factory=FakeHands)
    announcer: FakeAnnouncer = field(default_factory=FakeAnnouncer)
    listener: FakeListener = field(default_factory=FakeListener)
    here: Replica = field(init=False)

    def __post_init__(self) -> None:
        self.here = self.replica(self.database)

    @property
    def number(self) -> str:
        return f"82{self.organization_id.int % 10**13:013d}"

    def replica(self, database: Database) -> Replica:
        """A process with connections of its own."""
        audit = AuditLog("router", database)
        work = PostgresQueueWork(database)
        return Replica(
            QueueSetup(PostgresQueues(database, audit), self.clock),
            Handling(PostgresEntries(database, audit), self.hands, self.clock, uuid4),
            ApplyOrders(PostgresOrders(database), FakeSender(), self.clock),
            WorkQueues(work, self.announcer, self.clock),
            TellDesk(work, PostgresDeskBook(database, audit), self.listener, self.hands),
        )

    async def begin(self) -> None:
        directory = PostgresDirectory(self.database, AuditLog("router", self.database))
        await directory.put_organization(
            organization_id=self.organization_id, name=str(self.organization_id), fallback_flow_id=None,
            time_zone="UTC", replace=False,
        )  # fmt: skip
        number = Number(self.number, "", None, None, "", is_active=True)
        await directory.put_number(organization_id=self.organization_id, number=number)

    async def write(self, *numbers: int) -> None:
        """These contacts write."""
        identities = [self.identity(number) for number in numbers]
        async with PostgresRouting(self.database, NAMES).routing([self.organization_id]) as work:
            book = ContactBook(*await work.contacts_of(identities))
            touches = []
            for identity in identities:
                message = Message(event_id="e", phone_number_id=self.number, wa_id=identity.value, profile_name="Iara")
                touches.append(self._touch(book.admit(message, [identity], None)))
            await work.save_contacts(book.changes())
            await work.touch(combine(touches))

    def _touch(self, contact_id: UUID) -> Touch:
        now = int(self.clock.moment.timestamp())
        conversation_id = conversation_id_of(contact_id, self.number)
        return Touch(self.organization_id, conversation_id, contact_id, self.number, now, now + 86_400)

    def identity(self, number: int) -> Identity:
        return Identity(self.organization_id, "wa_id", f"55819{number:08d}")

    def conversation(self, number: int) -> UUID:
        return conversation_id_of(contact_id_of(self.identity(number)), self.number)

    def name(self, number: int) -> ConversationName:
        return ConversationName(contact=self.identity(number).value)

    def order(self, number: int, change: HandOver | HandBack | ContactChange) -> Order:
        contact_id = contact_id_of(self.identity(number))
        return Order(self.organization_id, uuid4(), contact_id, self.conversation(number), change)

    async def hand_over(self, number: int, **what: Any) -> Fate:
        """A flow hands the contact's conversation to people."""
        fields = {"queue_id": "", "department": "", "agent": "", "priority": 50, "context": ""} | what
        (fate,) = await self.here.orders.apply([self.order(number, HandOver(**fields))])
        return fate

    async def department(self, name: str = "Support", **what: Any) -> UUID:
        department = Department(department_id=_NO_ID, name=name, **what)
        return (await self.here.setup.put_department(organization_id=self.organization_id, department=department))[0]

    async def queue(self, name: str = "Line", *, department_id: UUID | None = None, **what: Any) -> UUID:
        queue = Queue(queue_id=_NO_ID, department_id=department_id or await self.department(), name=name, **what)
        return (await self.here.setup.put_queue(organization_id=self.organization_id, queue=queue))[0]

    def agent_id(self, number: int) -> UUID:
        return uuid5(self.organization_id, f"agent {number}")

    async def agent(self, number: int, *, presence: Presence = "available", **what: Any) -> UUID:
        agent_id = self.agent_id(number)
        agent = Agent(agent_id=agent_id, name=f"Agent {number}", **what)
        await self.here.setup.put_agent(organization_id=self.organization_id, agent=agent)
        await self.here.setup.set_presence(
            organization_id=self.organization_id, agent_id=agent_id, presence=presence, seconds=3600
        )
        return agent_id

    async def pull(self, agent_id: UUID, replica: Replica | None = None, *queue_ids: UUID) -> Entry | None:
        handling = (replica or self.here).handling
        return await handling.pull(organization_id=self.organization_id, agent_id=agent_id, queue_ids=queue_ids)

    async def release(self, number: int, *, is_unattended: bool = False) -> bool:
        """Give the contact's conversation back; whether people had it."""
        _, is_changed = await self.here.handling.release(
            organization_id=self.organization_id,
            name=self.name(number),
            is_unattended=is_unattended,
            reason="done",
        )
        return is_changed

    async def entries(self, state: Any = None) -> list[Entry]:
        """Entries in the order in which they were queued."""
        chosen = EntryFilter(state=state)
        found, _ = await self.here.handling.page(
            organization_id=self.organization_id, chosen=chosen, limit=200, cursor=""
        )
        return list(reversed(found))

    async def entry(self, number: int, state: Any = None) -> Entry:
        """The contact's entry."""
        (found,) = [each for each in await self.entries(state) if each.conversation_id == self.conversation(number)]
        return found

    async def told(self, replica: Replica | None = None) -> list[DeskEvent]:
        """Everything of the organization that sender took by now, in the order in which it did."""
        await (replica or self.here).telling.turn()
        return [each for each in self.listener.taken.values() if each.organization_id == self.organization_id]

    async def owner(self, number: int) -> str:
        async with self.database.transaction([self.organization_id]) as connection:
            ((owner,),) = await fetch_all(
                connection,
                "SELECT owner FROM router.conversation WHERE conversation_id = %s",
                (self.conversation(number),),
            )
        return str(owner)


@asynccontextmanager
async def open_room(url: str, *, size: int = 4) -> AsyncIterator[QueueRoom]:
    """An organization of its own; `url` is the database with router's role."""
    database = await Database.open(url, size=size, name="router")
    try:
        room = QueueRoom(database)
        await room.begin()
        yield room
    finally:
        await database.close()
