"""The rooms behind ingress' REST API, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.chassis.errors import FailedPrecondition, NotFound, PytakeError
from services.chassis.rpc import current_actor
from services.ingress.domain.audit import Change
from services.ingress.domain.conversation import Flow, Line, State, StatePage, Transcript, Turn
from services.pb.common.v1 import errors_pb2

MORNING = datetime(2026, 3, 4, 9, 30, 15, 250_000, tzinfo=UTC)


def state_of(
    phone_number: str = "5511987654321",
    *,
    flow_id: str = "",
    is_active: bool = True,
    is_closed: bool = False,
    variables: Mapping[str, object] | None = None,
) -> State:
    """A state at noon of a contact that is being asked for a flavour."""
    return State(
        id=str(uuid4()),
        phone_number=phone_number,
        flow_id=flow_id or str(uuid4()),
        flow_name="Encomendas",
        current_node_id="ask_flavour" if is_active else None,
        variables=variables or {"nome": "Bia"},
        execution_path=("start", "ask_flavour"),
        is_active=is_active,
        is_closed=is_closed,
        messages_count=3,
        last_message_at=MORNING,
        created_at=MORNING - timedelta(minutes=5),
        session_expires_at=MORNING + timedelta(days=1),
    )


def conversation_not_found() -> NotFound:
    return NotFound("nobody", reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND)


@dataclass(slots=True)
class House:
    """executor, router and analytics: states and transcripts by organization, and how the next turn goes.

    `failure` is raised by every call; `pending` is how often a turn is asked for in vain. `closed_by` are the actors
    for whom conversations were closed, `noted` what each room noted of an organization, oldest first.
    """

    states: dict[UUID, list[State]] = field(default_factory=dict)
    lines: dict[UUID, list[Line]] = field(default_factory=dict)
    flows: dict[UUID, list[Flow]] = field(default_factory=dict)
    turn_to_give: Turn = field(default_factory=lambda: Turn(("Anotado!",), state_of(), True))
    pending: int = 0
    submitted: list[tuple[UUID, str, str, UUID | None, str]] = field(default_factory=list)
    failure: Exception | None = None
    refusal: PytakeError | None = None
    hands: list[tuple[UUID, str, str]] = field(default_factory=list)
    closed_by: list[str] = field(default_factory=list)
    noted: dict[tuple[UUID, str], list[Change]] = field(default_factory=dict)

    async def list_states(
        self,
        *,
        organization_id: UUID,
        skip: int,
        limit: int,
        flow_id: UUID | None,
        is_active: bool | None,
        cursor: str = "",
    ) -> StatePage:
        found = [
            state
            for state in self._of(organization_id)
            if flow_id in (None, UUID(state.flow_id)) and is_active in (None, state.is_active)
        ]
        start = int(cursor or 0) + skip
        following = str(start + limit) if start + limit < len(found) else ""
        return StatePage(tuple(found[start : start + limit]), len(found), following)

    async def state(self, *, organization_id: UUID, phone_number: str) -> State:
        found = [state for state in self._of(organization_id) if state.phone_number == phone_number]
        if not found:
            raise conversation_not_found()
        return found[0]

    async def turn(self, *, organization_id: UUID, conversation_id: str, event_id: str) -> Turn:
        self._fail()
        assert (organization_id, conversation_id, event_id) == (
            self.submitted[-1][0],
            f"conversation of {self.submitted[-1][1]}",
            self.submitted[-1][4],
        )
        if self.pending > 0:
            self.pending -= 1
            raise FailedPrecondition("not yet", reason=errors_pb2.ERROR_REASON_TURN_PENDING)
        return self.turn_to_give

    async def close(self, *, organization_id: UUID, phone_number: str) -> datetime:
        state = await self.state(organization_id=organization_id, phone_number=phone_number)
        if not state.is_active:
            raise FailedPrecondition("closed", reason=errors_pb2.ERROR_REASON_CONVERSATION_CLOSED)
        self.closed_by.append(current_actor())
        states = self.states[organization_id]
        states[states.index(state)] = replace(state, is_active=False, is_closed=True, current_node_id=None)
        return MORNING

    async def take(self, *, organization_id: UUID, phone_number: str) -> UUID:
        return await self._hand(organization_id, phone_number, "taken")

    async def release(self, *, organization_id: UUID, phone_number: str, is_unattended: bool) -> UUID:
        return await self._hand(organization_id, phone_number, "no_agent" if is_unattended else "released")

    async def _hand(self, organization_id: UUID, phone_number: str, outcome: str) -> UUID:
        await self.state(organization_id=organization_id, phone_number=phone_number)
        self.hands.append((organization_id, phone_number, outcome))
        return UUID(int=7)

    async def list_flows(self, *, organization_id: UUID) -> list[Flow]:
        self._fail()
        return self.flows.get(organization_id, [])

    async def submit(
        self, *, organization_id: UUID, phone_number: str, text: str, flow_id: UUID | None, event_id: str
    ) -> str:
        self._fail()
        if self.refusal:
            raise self.refusal
        self.submitted.append((organization_id, phone_number, text, flow_id, event_id))
        return f"conversation of {phone_number}"

    async def transcript(
        self, *, organization_id: UUID, phone_number: str, skip: int, limit: int, flow_id: UUID | None
    ) -> Transcript:
        self._fail()
        lines = self.lines.get(organization_id, [])
        return Transcript(tuple(lines[skip : skip + limit]), len(lines))

    def _of(self, organization_id: UUID) -> list[State]:
        self._fail()
        return self.states.get(organization_id, [])

    def _fail(self) -> None:
        if self.failure:
            raise self.failure


@dataclass(frozen=True, slots=True)
class Trail:
    """What one room of the house noted."""

    house: House
    room: str

    async def changes(self, *, organization_id: UUID, limit: int, before: int) -> list[Change]:
        if self.house.failure:
            raise self.house.failure
        noted = self.house.noted.get((organization_id, self.room), [])
        return [change for change in reversed(noted) if not before or change.seq < before][:limit]
