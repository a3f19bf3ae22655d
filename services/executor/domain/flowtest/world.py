"""One conversation with the flow under test, as a test tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from services.executor.domain.arrival import Arrival, Contact, SendFailed, Signal
from services.executor.domain.commands import ChangeContact, HandOver, StartEffect
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.effects import Effects, Record
from services.executor.domain.events import DeliveryFailed, EffectDone, InboundMessage, Released, Taken
from services.executor.domain.flowtest.flows import Flows
from services.executor.domain.flowtest.machine import Machine
from services.executor.domain.flowtest.plain import Spoken, plain
from services.executor.domain.flowtest.steps import Scene
from services.executor.domain.identifiers import derived_id
from services.executor.domain.limits import Limits
from services.executor.domain.standing import Standing

ORGANIZATION: Final = UUID("00000000-0000-4000-8000-00000000000a")
CONVERSATION: Final = UUID("00000000-0000-4000-8000-00000000000b")
PHONE_NUMBER_ID: Final = "100000000000001"

WINDOW: Final = timedelta(hours=24)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Happened:
    """What came of the last thing that happened."""

    said: list[Spoken] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    handed_over: list[HandOver] = field(default_factory=list)
    contact: list[ChangeContact] = field(default_factory=list)

    def records_of(self, kind: str) -> Iterator[Record]:
        """The records of one kind, in order."""
        return (record for record in self.records if record.kind == kind)


class World:
    """A conversation with the flow under test; its clock stands still until it is moved."""

    def __init__(self, flows: Flows, scene: Scene, *, limits: Limits | None = None) -> None:
        self.happened = Happened()
        self.calls: dict[str, StartEffect] = {}
        self.said: list[Spoken] = []
        self._flows = flows
        self._scene = scene
        ttl, start = timedelta(hours=scene.session_hours), scene.start.astimezone(UTC)
        self._machine = Machine(self._find, limits or Limits(), ttl, start)
        # Chance follows from the contact, so another phone number is another person.
        self._contact = Contact(derived_id(CONVERSATION, scene.phone), scene.phone, "", scene.name)
        self._events = 0
        self._window_closes_at: datetime | None = None
        self._is_with_person = False

    @property
    def now(self) -> datetime:
        """The moment it is."""
        return self._machine.now

    @property
    def timers(self) -> Mapping[tuple[str, UUID], datetime]:
        """The timers that run, by kind and state."""
        return self._machine.timers

    @property
    def active(self) -> Standing | None:
        """The state that stands in a flow, if any does."""
        return self._machine.active

    @property
    def latest(self) -> Standing | None:
        """The state that stands in a flow, else the one that changed last."""
        return self._machine.latest

    @property
    def variables(self) -> Mapping[str, object]:
        """The variables of the flow that is stood in, or was stood in last."""
        return self.latest.session.variables if self.latest is not None else {}

    def begin(self) -> None:
        """Forget what came of the things before."""
        self.happened = Happened()

    # What happens.

    def hear(self, message: InboundMessage) -> None:
        """The contact sends a message; the 24 hour window is open again."""
        self._window_closes_at = self.now + WINDOW
        self._take(message, None)

    def tell(self, signal: Signal) -> None:
        """Something happens that is no message."""
        if isinstance(signal, Taken):
            self._is_with_person = True
        elif isinstance(signal, Released):
            self._is_with_person = False
        self._take(InboundMessage(), signal)

    def answer(self, node_id: str, done: EffectDone) -> None:
        """A call outside comes to an end."""
        self.tell(done)
        self.calls.pop(node_id, None)

    def fail(self, node_id: str, code: int) -> bool:
        """What a node said last does not arrive; False when it has said nothing."""
        spoken = next((one for one in reversed(self.said) if one.node_id == node_id), None)
        if spoken is not None:
            self.tell(SendFailed(spoken.flow_id, DeliveryFailed(node_id, code)))
        return spoken is not None

    def wait_until(self, moment: datetime) -> None:
        """Move the clock on; timers fire on the way, each at its moment. Raises TooManyTimers."""
        for due in self._machine.firing(moment):
            self._take(InboundMessage(), due)

    # How it is worked on.

    def _take(self, message: InboundMessage, signal: Signal | None) -> None:
        self._events += 1
        self._keep(self._machine.take(self._arrival(message, signal)))

    def _arrival(self, message: InboundMessage, signal: Signal | None) -> Arrival:
        scene, closes_at = self._scene, self._window_closes_at
        return Arrival(
            organization_id=ORGANIZATION,
            conversation_id=CONVERSATION,
            event_id=f"event-{self._events}",
            phone_number_id=PHONE_NUMBER_ID,
            contact=self._contact,
            message=message,
            may_run_flow=signal is None and not self._is_with_person,
            start_flow_id=self._flows.main.flow_id if signal is None else "",
            start_reason="number",
            window_expires_at=(closes_at - _EPOCH) // timedelta(seconds=1) if closes_at else 0,
            time_zone=scene.zone,
            signal=signal,
        )

    def _find(self, organization_id: UUID, flow: str, version: int) -> CompiledFlow | None:
        return self._flows.find(flow)

    def _keep(self, effects: Effects) -> None:
        happened = self.happened
        spoken = [plain(said.flow_id, said.command) for said in effects.said]
        happened.said += spoken
        self.said += spoken
        happened.records += effects.records
        for ordered in effects.ordered:
            command = ordered.command
            if isinstance(command, StartEffect):
                self.calls[command.node_id] = command
            elif isinstance(command, HandOver):
                happened.handed_over.append(command)
            elif isinstance(command, ChangeContact):
                happened.contact.append(command)
