"""Where conversations stand, for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from services.executor.ports import States, StateView
from services.pb.common.v1 import errors_pb2

LARGEST_PAGE = 500
# A turn says at most so many bubbles: MAX_FLOW_ITERATIONS nodes that each say one.
MOST_BUBBLES = 200


@dataclass(frozen=True, slots=True)
class TurnView:
    """What an event brought about: the outgoing messages as stored, and the state after it."""

    payloads: tuple[bytes, ...]
    state: StateView | None


class StateKeeping:
    """Questions about states, and closing them."""

    def __init__(self, states: States) -> None:
        self._states = states

    async def list(
        self, *, organization_id: UUID, skip: int, limit: int, flow_id: str, is_active: bool | None
    ) -> tuple[int, list[StateView]]:
        """A page of states, latest message first, and how many there are. Raises InvalidArgument."""
        if not 1 <= limit <= LARGEST_PAGE:
            raise InvalidArgument(f"limit is {limit}; use 1 to {LARGEST_PAGE}")
        if skip < 0:
            raise InvalidArgument(f"skip is {skip}; use 0 or more")
        return await self._states.list_states(
            organization_id=organization_id, skip=skip, limit=limit, flow_id=_flow_id(flow_id), is_active=is_active
        )

    async def get(self, *, organization_id: UUID, phone_number: str) -> StateView:
        """The active state of a phone number, or else its latest. Raises NotFound."""
        view = await self._states.latest(organization_id=organization_id, phone_number=phone_number)
        if view is None:
            raise _unknown()
        return view

    async def turn(self, *, organization_id: UUID, conversation_id: UUID, event_id: str) -> TurnView:
        """What an event brought about. Raises NotFound, or FailedPrecondition while it is being worked on."""
        message_ids = [str(uuid5(conversation_id, f"{event_id}#{number}")) for number in range(MOST_BUBBLES)]
        found = await self._states.turn(
            organization_id=organization_id,
            conversation_id=conversation_id,
            event_id=event_id,
            message_ids=message_ids,
        )
        if found is None:
            raise _unknown()
        is_done, payloads = found
        if not is_done:
            raise FailedPrecondition(
                "the event is still being worked on; ask again", reason=errors_pb2.ERROR_REASON_TURN_PENDING
            )
        view = await self._states.of_conversation(organization_id=organization_id, conversation_id=conversation_id)
        return TurnView(tuple(payloads), view)

    async def close(self, *, organization_id: UUID, phone_number: str) -> datetime:
        """Close the active session. Raises NotFound for an unknown number, FailedPrecondition when none is active."""
        closed_at = await self._states.close(organization_id=organization_id, phone_number=phone_number)
        if closed_at is not None:
            return closed_at
        await self.get(organization_id=organization_id, phone_number=phone_number)
        raise FailedPrecondition("Conversation is closed", reason=errors_pb2.ERROR_REASON_CONVERSATION_CLOSED)


def _unknown() -> NotFound:
    return NotFound("Conversation not found", reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND)


def _flow_id(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidArgument(f"flow_id is {text!r}; it must be a UUID") from None
