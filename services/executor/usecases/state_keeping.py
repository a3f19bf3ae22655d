"""Where conversations stand, for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from services.executor.ports import Place, States, StateView
from services.pb.common.v1 import errors_pb2

LARGEST_PAGE = 500
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
# A turn says at most so many bubbles: MAX_FLOW_ITERATIONS nodes that each say one.
MOST_BUBBLES = 200


@dataclass(frozen=True, slots=True)
class TurnView:
    """What an event brought about: the outgoing messages as stored, and the state after it."""

    payloads: tuple[bytes, ...]
    state: StateView | None


@dataclass(frozen=True, slots=True)
class StatePage:
    """Some states, how many fit wherever they are, and whether there are more after these."""

    total: int
    views: list[StateView]
    has_more: bool

    def cursor_after(self, given: int) -> str:
        """Where to go on when so many of them were given; empty after the last."""
        if not given or (given == len(self.views) and not self.has_more):
            return ""
        last = self.views[given - 1].standing
        return f"{(last.last_message_at - _EPOCH) // _MICROSECOND}.{last.state_id.hex}"


class StateKeeping:
    """Questions about states, and closing them."""

    def __init__(self, states: States) -> None:
        self._states = states

    async def list(
        self, *, organization_id: UUID, skip: int, limit: int, flow_id: str, is_active: bool | None, cursor: str = ""
    ) -> StatePage:
        """A page of states, latest message first. Raises InvalidArgument."""
        if not 1 <= limit <= LARGEST_PAGE:
            raise InvalidArgument(f"limit is {limit}; use 1 to {LARGEST_PAGE}")
        if skip < 0:
            raise InvalidArgument(f"skip is {skip}; use 0 or more")
        # One more than asked for says whether there are more.
        total, views = await self._states.list_states(
            organization_id=organization_id,
            skip=skip,
            limit=limit + 1,
            flow_id=_flow_id(flow_id),
            is_active=is_active,
            after=_place(cursor),
        )
        return StatePage(total, views[:limit], has_more=len(views) > limit)

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


def _place(cursor: str) -> Place | None:
    """Where a page begins; None at the beginning. Raises InvalidArgument."""
    if not cursor:
        return None
    moment, _, name = cursor.partition(".")
    try:
        return Place(_EPOCH + int(moment) * _MICROSECOND, UUID(name))
    except (ValueError, OverflowError):
        raise InvalidArgument("cursor is none that was given out; begin without one") from None


def _flow_id(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise InvalidArgument(f"flow_id is {text!r}; it must be a UUID") from None
