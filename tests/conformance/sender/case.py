"""What the suites of sender's store share."""

import time
import uuid
from dataclasses import dataclass
from uuid import UUID

from services.chassis.queue import Claim
from services.sender.domain.settling import PairLimit, Turn, Verdict, Wish
from services.sender.ports import NewMessage, StatusEvent, Store
from services.sender.ports.teams import Listed, MessageBook

LIMIT = PairLimit(burst=2, seconds=600.0)
OPEN = time.time() + 86_400


@dataclass
class Case:
    """A store, and one organization's view of it."""

    store: Store
    book: MessageBook
    organization_id: UUID

    async def add(self, lane: UUID, count: int = 1) -> list[UUID]:
        messages = [self.message(lane) for _ in range(count)]
        assert await self.store.enqueue(messages) == [True] * count
        return [message.message_id for message in messages]

    def message(self, lane: UUID) -> NewMessage:
        return NewMessage(
            organization_id=self.organization_id, message_id=uuid.uuid4(), lane_id=lane, phone_number_id="1",
            recipient_wa_id="5511", recipient_user_id="", flow_id="f", node_id="n", payload=b"",
        )  # fmt: skip

    async def claim(self) -> Claim:
        (claim,) = await self.store.claim(limit=10)
        return claim

    async def turn(self, claim: Claim, turn: Turn) -> Verdict:
        (settlement,) = await self.store.settle([(claim, turn)])
        return settlement.verdict

    async def grant(self, claim: Claim, message_id: UUID, position: int = 1) -> Verdict:
        return await self.turn(claim, Turn(claim.head, wish=Wish(message_id, position, OPEN)))

    async def status(self, wamid: str, status: str, callback: UUID | None) -> bool:
        event = StatusEvent(
            organization_id=self.organization_id, event_id=f"{wamid}:{status}", wamid=wamid, status=status,
            callback=callback, error_code=0, occurred_at=0,
        )  # fmt: skip
        (fate,) = await self.store.apply_statuses([event])
        return fate == "applied"

    async def listed(self, message_id: UUID) -> Listed:
        found = await self.book.find(organization_id=self.organization_id, message_ids=[message_id])
        return found[message_id]
