"""What people do with conversations over REST: look, try a flow in a contact's name, take, release, close."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import FailedPrecondition, NotFound, Unavailable
from services.ingress.domain.conversation import Conversation, StatePage, Turn
from services.ingress.ports import Executor, Transcripts, TrialMessages
from services.pb.common.v1 import errors_pb2

# A turn takes milliseconds; a flow that calls slow services or an executor that is being replaced takes longer.
TURN_SECONDS = 10.0
_FIRST_WAIT, _LONGEST_WAIT = 0.01, 0.1

Sleep = Callable[[float], Awaitable[None]]


class TurnTooSlow(Exception):
    """The message was taken, its turn has not ended yet."""


class Conversations:
    """Conversations of one organization at a time."""

    def __init__(
        self,
        *,
        executor: Executor,
        router: TrialMessages,
        analytics: Transcripts,
        monotonic: Monotonic,
        sleep: Sleep,
        new_id: Callable[[], UUID],
    ) -> None:
        self._executor = executor
        self._router = router
        self._analytics = analytics
        self._monotonic = monotonic
        self._sleep = sleep
        self._new_id = new_id

    async def page(
        self,
        *,
        organization_id: UUID,
        skip: int,
        limit: int,
        flow_id: UUID | None,
        is_active: bool | None,
        cursor: str = "",
    ) -> StatePage:
        """A page of conversations, latest message first. Raises Unavailable."""
        return await self._executor.list_states(
            organization_id=organization_id,
            skip=skip,
            limit=limit,
            flow_id=flow_id,
            is_active=is_active,
            cursor=cursor,
        )

    async def read(self, *, organization_id: UUID, phone_number: str, skip: int, limit: int) -> Conversation:
        """A contact's latest state and a page of what was said. Raises NotFound or Unavailable."""
        state = await self._executor.state(organization_id=organization_id, phone_number=phone_number)
        transcript = await self._analytics.transcript(
            organization_id=organization_id, phone_number=phone_number, skip=skip, limit=limit, flow_id=None
        )
        return Conversation(state, transcript)

    async def send(self, *, organization_id: UUID, phone_number: str, text: str, flow_id: UUID | None) -> Turn:
        """Say something in the contact's name and wait for what the flow answers.

        Raises NotFound, FailedPrecondition when an agent closed the conversation, Unavailable, or TurnTooSlow.
        """
        await self._refuse_closed(organization_id, phone_number)
        if flow_id is not None:
            await self._refuse_unknown(organization_id, flow_id)
        event_id = f"api:{self._new_id()}"
        conversation_id = await self._router.submit(
            organization_id=organization_id, phone_number=phone_number, text=text, flow_id=flow_id, event_id=event_id
        )
        turn = await self._wait_for_turn(organization_id, conversation_id, event_id)
        if turn.state is None:
            raise _no_flow("no flow answers here; give flow_id, or give the number a chatbot or a default flow")
        return turn

    async def close(self, *, organization_id: UUID, phone_number: str) -> datetime:
        """Close the active session. Raises NotFound, FailedPrecondition when none is active, or Unavailable."""
        return await self._executor.close(organization_id=organization_id, phone_number=phone_number)

    async def take(self, *, organization_id: UUID, phone_number: str) -> UUID:
        """Give the conversation to people; its id. Raises NotFound or Unavailable."""
        return await self._executor.take(organization_id=organization_id, phone_number=phone_number)

    async def release(self, *, organization_id: UUID, phone_number: str, is_unattended: bool) -> UUID:
        """Give the conversation back to the bot; its id. Raises NotFound or Unavailable."""
        return await self._executor.release(
            organization_id=organization_id, phone_number=phone_number, is_unattended=is_unattended
        )

    async def _refuse_closed(self, organization_id: UUID, phone_number: str) -> None:
        """A contact nobody has met yet is fine: the message starts the flow."""
        try:
            state = await self._executor.state(organization_id=organization_id, phone_number=phone_number)
        except NotFound:
            return
        if state.is_closed and not state.is_active:
            raise FailedPrecondition(
                "the conversation is closed; the contact's next message opens it",
                reason=errors_pb2.ERROR_REASON_CONVERSATION_CLOSED,
            )

    async def _refuse_unknown(self, organization_id: UUID, flow_id: UUID) -> None:
        flows = await self._executor.list_flows(organization_id=organization_id)
        flow = next((flow for flow in flows if flow.id == str(flow_id)), None)
        if flow is None:
            raise _no_flow("no flow has this flow_id; GET /api/v1/flows lists them")
        if not flow.published_version:
            raise _no_flow("the flow has no published version; publish it first")

    async def _wait_for_turn(self, organization_id: UUID, conversation_id: str, event_id: str) -> Turn:
        """Ask until the turn is there. Safe to repeat: it only reads, and the message is durable already."""
        give_up_at = self._monotonic() + TURN_SECONDS
        wait = _FIRST_WAIT
        while True:
            try:
                return await self._executor.turn(
                    organization_id=organization_id, conversation_id=conversation_id, event_id=event_id
                )
            except Unavailable:
                pass
            except FailedPrecondition as error:
                if error.reason != errors_pb2.ERROR_REASON_TURN_PENDING:
                    raise
            if self._monotonic() + wait > give_up_at:
                raise TurnTooSlow
            await self._sleep(wait)
            wait = min(wait * 1.5, _LONGEST_WAIT)


def _no_flow(sentence: str) -> NotFound:
    return NotFound(sentence, reason=errors_pb2.ERROR_REASON_FLOW_NOT_FOUND)
