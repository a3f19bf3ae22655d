"""An organization in a running router, asked by ingress for its people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.chassis.audit import AuditRecord
from services.pb.common.v1 import events_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.usecases.own_settings import HOUSE_APP
from tests.fixtures.noted import noted
from tests.fixtures.servers import Database
from tests.integration.router.house import Notes, Replica, house

AGENT = str(uuid4())
STUBS = {
    "People": router_pb2_grpc.PeopleStub,
    "Inbox": router_pb2_grpc.InboxStub,
    "Settings": router_pb2_grpc.SettingsStub,
    "Queues": router_pb2_grpc.QueuesStub,
}


def new_number() -> str:
    return str(uuid4().int)[:15]


def new_phone() -> str:
    return f"5591{uuid4().int % 10**9:09}"


class Shop:
    """An organization of its own, as ingress calls for its people."""

    def __init__(self, replica: Replica, notes: Notes, organization_id: str, number: str) -> None:
        self.replica, self.notes, self.id, self.number = replica, notes, organization_id, number

    async def ask(self, service: str, method: str, **fields: Any) -> Any:
        stub = self.replica.ingress.stub(STUBS[service])
        request = getattr(router_pb2, f"{method}Request")(organization_id=self.id, **fields)
        return await self.replica.ingress.call(getattr(stub, method), request, seconds=10)

    async def people(self, method: str, **fields: Any) -> Any:
        return await self.ask("People", method, **fields)

    async def inbox(self, method: str, **fields: Any) -> Any:
        return await self.ask("Inbox", method, **fields)

    async def settings(self, method: str, **fields: Any) -> Any:
        return await self.ask("Settings", method, **fields)

    async def hear(self, phone: str, name: str = "", number: str = "", sent_at: int = 0) -> events_pb2.InboundMessage:
        message = events_pb2.InboundMessage(
            phone_number_id=number or self.number, wa_id=phone, event_id=str(uuid4()), kind="text", text="oi",
            is_flow_input=True, profile_name=name, sent_at=sent_at, signed_by=[HOUSE_APP],
        )  # fmt: skip
        await self.replica.route(message)
        return message

    async def assign(self, conversation_id: str) -> None:
        """Have AGENT, who is there, get a conversation."""
        agent = router_pb2.Agent(agent_id=AGENT, name="Rui", capacity=5, is_active=True)
        await self.ask("Queues", "PutAgent", agent=agent)
        await self.ask("Queues", "SetPresence", agent_id=AGENT, presence=router_pb2.PRESENCE_AVAILABLE)
        name = router_pb2.ConversationName(conversation_id=conversation_id)
        await self.ask("Queues", "Assign", conversation=name, agent_id=AGENT)

    async def conversation(self, phone: str) -> router_pb2.Conversation:
        return (await self.inbox("GetConversation", contact=phone)).conversation

    async def noted(self) -> list[AuditRecord]:
        return list(await noted(self.replica.audit, self.id))


@asynccontextmanager
async def shop(database: Database, folder: Path) -> AsyncIterator[Shop]:
    async with house(database.url_of("router"), folder) as built:
        (replica,), number = built.replicas, new_number()
        organization_id = await replica.organization(number, default_flow_id=str(uuid4()))
        yield Shop(replica, built.notes, organization_id, number)
