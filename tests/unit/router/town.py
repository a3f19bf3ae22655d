"""A small town to route in: one organization, its number, contacts who write."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

from services.router.cache import ContactCache, PlanCache
from services.router.domain.message import Message, Status
from services.router.domain.organization import Number
from services.router.domain.outcome import Outcome
from services.router.usecases import (
    Directory,
    LearnAccounts,
    NoteConsents,
    RouteMessages,
    RouteStatuses,
    SetOwner,
    SubmitTestMessage,
)
from tests.fakes.router import FakeStore
from tests.fakes.router_peers import FakeExecutor, FakeSender

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
NUMBER = "100200300"
FLOW = UUID("6a1c0c9e-3d5e-4a65-9a57-0a4f2b1d7e20")


def message(event_id: str, wa_id: str = "5581900000001", **fields) -> Message:
    defaults = {"phone_number_id": NUMBER, "sent_at": int(NOW.timestamp()), "text": "oi"}
    return Message(event_id=event_id, wa_id=wa_id, **(defaults | fields))


def number(phone_number_id: str = NUMBER, **changes) -> Number:
    fields = {"chatbot_id": None, "default_flow_id": FLOW, "app": "", "is_active": True} | changes
    return Number(phone_number_id, "+55 81 3000-0000", **fields)


@dataclass
class Town:
    store: FakeStore = field(default_factory=FakeStore)
    executor: FakeExecutor = field(default_factory=FakeExecutor)
    sender: FakeSender = field(default_factory=FakeSender)

    def __post_init__(self) -> None:
        cache = PlanCache()
        accounts, consents = LearnAccounts(self.store), NoteConsents(self.store, self.sender)
        self.messages = RouteMessages(self.store, self.executor, consents, accounts, cache, ContactCache(), lambda: NOW)
        self.statuses = RouteStatuses(self.store, self.sender, cache, accounts)
        self.trials = SubmitTestMessage(self.store, self.executor, lambda: NOW)
        self.directory = Directory(self.store, uuid4)
        self.owners = SetOwner(self.store)

    async def organization(self, *numbers: Number, name: str = "Loja", fallback: UUID | None = None) -> UUID:
        organization_id, _ = await self.directory.put_organization(
            name=name, fallback_flow_id=fallback, zone="", replace_settings=True
        )
        for each in numbers:
            await self.directory.put_number(organization_id=organization_id, number=each)
        return organization_id

    async def route(self, *messages: Message) -> list[str]:
        return [outcome.kind for outcome in await self.messages.route(messages, is_repeat=False)]

    async def route_statuses(self, *statuses: Status) -> Sequence[Outcome]:
        return await self.statuses.route(statuses)

    @property
    def conversations(self) -> list[UUID]:
        """The conversation of every message executor took, in order."""
        return [routed.conversation.conversation_id for routed in self.executor.taken]
