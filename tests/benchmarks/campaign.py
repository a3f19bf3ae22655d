"""Puts sends straight into sender, signed as executor: there is no campaign yet, only what it will stand on."""

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.chassis.rpc import Peer, PeerAddress
from services.chassis.tenancy import ServiceSigner
from services.cli.rooms import Rooms, secrets_folder, targets_of
from services.embedded.keys import key_file
from services.embedded.state import read_state
from services.pb.common.v1 import content_pb2, results_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from tests.benchmarks.errors import Void
from tests.benchmarks.meta.people import Person

BATCH = 128
CALL_SECONDS = 30.0
WINDOW_SECONDS = 20 * 60 * 60
TEXT = "Revisão de primavera: esta semana com dez por cento de desconto."


@dataclass(frozen=True, slots=True)
class Sends:
    """A campaign, written out: one text to everybody, in batches as executor's relay makes them."""

    text: str
    requests: tuple[sender_pb2.EnqueueRequest, ...]


class Campaigner:
    """One channel to sender, with executor's key."""

    def __init__(self, peer: Peer, organization_id: str) -> None:
        self._peer = peer
        self._organization_id = organization_id
        self._delivery = peer.stub(sender_pb2_grpc.DeliveryStub)

    @classmethod
    @asynccontextmanager
    async def of(cls, data: Path) -> AsyncIterator["Campaigner"]:
        """Reach the sender of the house in this data folder; the first organization is the one that sends."""
        state = read_state(data)
        async with Rooms.of(state) as rooms:
            organization, *_ = await rooms.organizations()
        signer = ServiceSigner.from_file("executor", str(key_file(secrets_folder(state), "executor")))
        peer = Peer(PeerAddress("sender", targets_of(state)["sender"]), signer)
        try:
            yield cls(peer, organization.organization_id)
        finally:
            await peer.close()

    def write(self, people: Sequence[Person]) -> Sends:
        """Write one message to each person, in the conversation of a stranger: no flow waits there."""
        messages = [self._message(person) for person in people]
        batches = [messages[start : start + BATCH] for start in range(0, len(messages), BATCH)]
        return Sends(TEXT, tuple(sender_pb2.EnqueueRequest(messages=batch) for batch in batches))

    def _message(self, person: Person) -> sender_pb2.OutboundMessage:
        conversation_id = uuid.uuid5(uuid.NAMESPACE_OID, f"campaign:{person.phone_number_id}:{person.wa_id}")
        return sender_pb2.OutboundMessage(
            organization_id=self._organization_id,
            message_id=str(uuid.uuid4()),
            conversation_id=str(conversation_id),
            phone_number_id=person.phone_number_id,
            recipient_wa_id=person.wa_id,
            content=content_pb2.Content(text=content_pb2.TextContent(body=TEXT)),
            flow_id=str(uuid.UUID(int=0)),
            node_id="campaign",
            window_expires_at=int(time.time()) + WINDOW_SECONDS,
        )

    async def enqueue(self, sends: Sends) -> list[float]:
        """Hand over batch after batch; gives when each send was taken, in time.perf_counter() seconds. Raises Void."""
        taken_at: list[float] = []
        for request in sends.requests:
            response = await self._peer.call(self._delivery.Enqueue, request, seconds=CALL_SECONDS)
            outcomes = {result.outcome for result in response.results}
            if outcomes != {results_pb2.ITEM_OUTCOME_OK}:
                raise Void(f"sender did not take a campaign's sends: {outcomes}")
            taken_at += [time.perf_counter()] * len(request.messages)
        return taken_at
