"""What happens to conversations among people is told: to others by webhooks, to the audit log, to flows that wait."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.logs import get_logger
from services.router.domain.outcome import OK, Outcome
from services.router.domain.queues import DeskEvent
from services.router.ports.queues import DeskBook, Hands, Listener, QueueWork, Unheard, Untold
from services.router.usecases.handover import hand_over

MOST_AT_ONCE = 512
MOST_AUDITED = 200

_log = get_logger(__name__)


class TellDesk:
    """One turn after the other, in every replica; what two of them tell at once counts once."""

    def __init__(self, work: QueueWork, book: DeskBook, listener: Listener, hands: Hands) -> None:
        self._work = work
        self._book = book
        self._listener = listener
        self._hands = hands

    async def turn(self) -> None:
        """Note, tell and release for all organizations with people who answer. Raises a PytakeError."""
        owners = await self._work.owners()
        if not owners:
            return
        while await self._book.audit(organization_ids=owners, limit=MOST_AUDITED) >= MOST_AUDITED:
            continue
        while await self._tell(owners):
            continue
        for unheard in await self._book.unheard(organization_ids=owners, limit=MOST_AT_ONCE):
            await self._release(unheard)

    async def _tell(self, owners: Sequence[UUID]) -> bool:
        """Tell what is the oldest; whether there may be more that can be told."""
        changes = await self._book.untold(organization_ids=owners, limit=MOST_AT_ONCE)
        outcomes = await hand_over(changes, self._hand_over, lane_of=_lane_of)
        done = [change for change, outcome in zip(changes, outcomes, strict=True) if outcome.kind != "retry"]
        refused = [outcome.reason for outcome in outcomes if outcome.kind == "invalid"]
        if refused:
            _log.error("desk_event_refused", events=len(refused), reason=refused[0])
        if done:
            await self._book.told(done)
        return len(changes) == len(done) == MOST_AT_ONCE

    async def _hand_over(self, changes: Sequence[Untold]) -> Sequence[Outcome]:
        events = [change.event for change in changes if change.event is not None]
        answers = iter(await self._listener.tell(events) if events else ())
        return [OK if change.event is None else next(answers) for change in changes]

    async def _release(self, unheard: Unheard) -> None:
        """The flows of contacts who turned out to be one wait for the same people, and hear of the end once each."""
        for conversation_id in unheard.conversation_ids:
            await self._hands.release(
                organization_id=unheard.organization_id,
                conversation_id=conversation_id,
                key=f"merged:{unheard.entry_id}:{conversation_id}",
                is_unattended=False,
            )
        await self._book.heard(unheard)


def _lane_of(change: Untold) -> UUID | int:
    """What waits for what: changes of one conversation."""
    event: DeskEvent | None = change.event
    return event.conversation_id if event is not None else change.change_id
