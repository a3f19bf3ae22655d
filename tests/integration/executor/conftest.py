"""The executor room on real Postgres, logged in as its own role; sender and analytics are only their lanes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.audit import AuditLog
from services.chassis.clock import monotonic
from services.chassis.db import Database
from services.chassis.queue import Batcher, Lanes, StoredItem, payloads_of
from services.executor.domain.limits import Limits
from services.executor.server import ExecutionServer
from services.executor.store import EFFECTS, INBOX, NOTICES, OUTBOX, RECORDS, PostgresFlows, PostgresStates, Starting
from services.executor.usecases import Encoder, FlowKeeping, FlowLibrary, StateKeeping, Submission, Turns
from services.executor.worker import (
    decode,
    encode_effect,
    encode_notice,
    encode_record,
    encode_said,
    encode_starts,
    submission_of,
    timer_item,
)
from services.pb.analytics.v1 import analytics_pb2
from services.pb.common.v1 import events_pb2, results_pb2
from services.pb.executor.v1 import executor_pb2
from services.pb.sender.v1 import sender_pb2
from tests.fakes.executor_templates import TemplatesToldOf
from tests.fixtures.servers import Database as TestDatabase

if TYPE_CHECKING:
    from tests.integration.executor.press import Press

FLOWS = Path(__file__).parents[2] / "data" / "flows" / "rooms"


class NoContext:
    """A call as it comes the first time."""

    def invocation_metadata(self) -> None:
        return None


@dataclass
class Room:
    """What a test does with executor. Each room has an organization and a conversation of its own."""

    database: Database
    superuser_url: str
    states: PostgresStates
    flows: FlowKeeping
    inbox: Lanes
    notices: Lanes
    audit: AuditLog
    turns: Turns
    starting: Starting
    organization_id: UUID = field(default_factory=uuid4)
    conversation_id: UUID = field(default_factory=uuid4)
    flow_id: str = ""

    async def publish(self, file: str, name: str = "tea") -> str:
        document = (FLOWS / file).read_bytes()
        put = await self.flows.put(
            organization_id=self.organization_id, name=name, document=document, publish=True, dry_run=False
        )
        return str(put.flow_id)

    def event(self, text: str, **fields: object) -> executor_pb2.ConversationEvent:
        event_id = str(fields.pop("event_id", f"message:{uuid4()}"))
        values: dict[str, object] = {
            "organization_id": str(self.organization_id),
            "conversation_id": str(self.conversation_id),
            "contact_id": str(self.conversation_id),
            "event_id": event_id,
            "message": events_pb2.InboundMessage(event_id=event_id, kind="text", text=text, phone_number_id="77"),
            "may_run_flow": True,
            "start_flow_id": self.flow_id,
            "start_reason": executor_pb2.START_REASON_NUMBER,
            "contact_wa_id": "4915100000007",
            "window_expires_at": 2_000_000_000,
            **fields,
        }
        return executor_pb2.ConversationEvent(**values)

    async def submit(self, *events: executor_pb2.ConversationEvent) -> list[results_pb2.ItemOutcome]:
        """Hand events over for the first time: those of idle conversations are worked off at once."""
        return await self._submit(executor_pb2.SubmitRequest(events=events))

    async def submit_again(self, *events: executor_pb2.ConversationEvent) -> list[results_pb2.ItemOutcome]:
        """Hand events over as a caller that does not know what became of them: they go into the inbox."""
        return await self._submit(executor_pb2.SubmitRequest(events=events, is_repeat=True))

    async def _submit(self, request: executor_pb2.SubmitRequest) -> list[results_pb2.ItemOutcome]:
        take: Batcher[Submission, bool] = Batcher(self.turns.take)
        keep: Batcher[Submission, bool] = Batcher(self.turns.keep)
        server = ExecutionServer(submission_of, take=take, keep=keep)
        response = await server.Submit(request, NoContext())
        return [result.outcome for result in response.results]

    async def work(self) -> None:
        while claims := await self.inbox.claim(which="fresh"):
            await self.turns.work_off([decode(claim) for claim in claims])

    async def fire_timers(self) -> int:
        return await self.states.fire_timers(10, timer_item)

    async def say(self, *texts: str) -> None:
        await self.submit(*(self.event(text) for text in texts))
        await self.work()

    def as_superuser(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def let_the_session_expire(self) -> None:
        self.as_superuser(
            """UPDATE executor.conversation_states SET session_expires_at = now() - interval '1 s'
               WHERE organization_id = %s""",
            self.organization_id,
        )

    def said(self) -> list[str]:
        rows = self.as_superuser(
            "SELECT payload FROM executor.outbox_item WHERE organization_id = %s ORDER BY pos", self.organization_id
        )
        return [sender_pb2.OutboundMessage.FromString(row[0]).content.text.body for row in rows]

    def records(self) -> list[analytics_pb2.Record]:
        rows = self.as_superuser(
            "SELECT pos, event_id, payload, received_at FROM executor.records_item WHERE organization_id = %s",
            self.organization_id,
        )
        payloads = [payload for row in rows for payload in payloads_of(StoredItem(*row))]
        records = [analytics_pb2.Record.FromString(payload) for payload in payloads]
        return sorted(records, key=lambda record: record.occurred_at_us)

    async def state(self) -> dict[str, object]:
        view = await StateKeeping(self.states).get(organization_id=self.organization_id, phone_number="4915100000007")
        session = view.standing.session
        return {
            "node": session.current_node_id,
            "variables": dict(session.variables),
            "path": list(session.execution_path),
            "is_active": session.is_active,
        }


@pytest.fixture
async def room(module_database: TestDatabase) -> AsyncIterator[Room]:
    database = await Database.open(module_database.url_of("executor"), size=3, name="test")
    inbox, outbox, records = Lanes(INBOX, database), Lanes(OUTBOX, database), Lanes(RECORDS, database)
    effects, notices = Lanes(EFFECTS, database), Lanes(NOTICES, database)
    audit = AuditLog("executor", database)
    states = PostgresStates(database, inbox, outbox, records, effects, notices, audit=audit, on_queued=lambda: None)
    starting = Starting(notices, encode_starts, on_told=lambda: None)
    flows = PostgresFlows(database, audit, starting)
    turns = Turns(
        states=states,
        library=FlowLibrary(flows),
        encoder=Encoder(encode_said, encode_record, encode_effect, encode_notice),
        limits=Limits(),
        ttl=timedelta(hours=24),
        monotonic=monotonic,
    )
    keeping = FlowKeeping(flows, TemplatesToldOf())
    room = Room(database, module_database.superuser_url, states, keeping, inbox, notices, audit, turns, starting)
    room.flow_id = await room.publish("tea_house.json")
    yield room
    await database.close()


@pytest.fixture
def press(room: Room) -> Press:
    from tests.integration.executor.press import Press

    return Press.of(room)
